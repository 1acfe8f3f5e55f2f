// SPDX-License-Identifier: Apache-2.0
// Sound from RTP, as the RFCs have it and as devices send it.
#include <doctest/doctest.h>

#include "support/rtp_rig.h"

using namespace sluice;
using media::Codec;
using mux::Damage;
using test::RtpRig;
using test::unhex;

namespace {

wire::sdp::Format format(const char *encoding, std::uint32_t rate, std::string parameters = {}) {
  return {.payload_type = 97,
          .encoding = encoding,
          .clock_rate = rate,
          .parameters = std::move(parameters)};
}

wire::sdp::Format aac(std::string parameters = "sizelength=13;indexlength=3;indexdeltalength=3") {
  return format("MPEG4-GENERIC", 44'100, "config=1210;" + std::move(parameters));
}

std::string headers(std::initializer_list<std::size_t> sizes) {
  std::string out;
  base::ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(16 * sizes.size()));
  for (std::size_t size : sizes)
    writer.u16(static_cast<std::uint16_t>(size << 3));
  return out;
}

std::string adts(std::string_view frame) {
  const std::size_t size = frame.size() + 7;
  std::string out = unhex("fff15080");
  out[3] = static_cast<char>(0x80 | size >> 11);
  out.push_back(static_cast<char>(size >> 3));
  out.push_back(static_cast<char>(size << 5 | 0x1f));
  out.push_back('\xfc');
  return out.append(frame);
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("rtp g711: a packet is a frame, however long, and the track comes before it") {
    RtpRig rig(format("pcmu", 8000));
    rig.push("", 0).push(std::string(160, 'u'), 0).push(std::string(1440, 'u'), 160);
    CHECK(rig.log == "TKK");
    CHECK(rig.tracks[0].codec == Codec::PCMU);
    CHECK(rig.tracks[0].sample_rate == 8000);
    CHECK(rig.frames[1].payload.size() == 1440);
    CHECK(rig.frames[1].timestamp == 160);
    CHECK(rig.depacketizer->copied_bytes() == 1600);
    rig.lose().push("u", 1600);
    CHECK(rig.damages == std::vector{Damage::Loss});
  }

  TEST_CASE("rtp g726: the rate and the order of its bits are facts of the track") {
    for (const auto &[name, bits, high] :
         {std::tuple{"G726-16", 2U, false}, std::tuple{"G726-40", 5U, false},
          std::tuple{"AAL2-G726-32", 4U, true}, std::tuple{"aal2-g726-24", 3U, true}}) {
      RtpRig rig(format(name, 8000));
      rig.push("x", 0);
      CHECK(rig.tracks[0].codec == Codec::G726);
      CHECK(rig.tracks[0].bits_per_sample == bits);
      CHECK(rig.tracks[0].high_bits_first == high);
    }
    media::BufferPool pool;
    RtpRig events(format("PCMA", 8000));
    CHECK_FALSE(mux::make_depacketizer({}, format("G726-99", 8000), pool, events).has_value());
    CHECK_FALSE(mux::make_depacketizer({}, format("", 0), pool, events).has_value());
  }

  TEST_CASE("rtp l16: samples come out big-endian, also those of a device that swaps them") {
    RtpRig plain(format("L16", 44'100));
    plain.push("abcde", 0);
    CHECK(plain.frames[0].payload == "abcd");
    RtpRig swapped(format("PCM", 8000));
    swapped.push("abcd", 0);
    CHECK(swapped.frames[0].payload == "badc");
    CHECK(swapped.tracks[0].codec == Codec::L16);
  }

  TEST_CASE("rtp opus: the clock is 48 kHz and there are two channels whatever is stated") {
    RtpRig rig(format("opus", 16'000));
    rig.push("\xfc-frame", 960);
    CHECK(rig.depacketizer->clock_rate() == 48'000);
    CHECK(rig.tracks[0].channels == 2);
    CHECK(rig.tracks[0].config.starts_with("OpusHead"));
    CHECK(rig.tracks[0].config.size() == 19);
  }

  // --- AAC (41) ---

  TEST_CASE("rtp aac: several units in a packet each have their time") {
    RtpRig rig(aac());
    rig.push(headers({3, 4}) + "oneTwo!", 5000, true);
    CHECK(rig.log == "TKK");
    CHECK(rig.tracks[0].config == unhex("1210"));
    CHECK(rig.tracks[0].sample_rate == 44'100);
    CHECK(rig.frames[0].payload == "one");
    CHECK(rig.frames[1].payload == "Two!");
    CHECK(rig.frames[1].timestamp == 6024);
    CHECK(rig.quirks.empty());
  }

  TEST_CASE("rtp aac: time goes on by the samples of the core, in the clock that is stated") {
    // SBR: the core has half the rate of the output and of the clock.
    RtpRig rig(format("MPEG4-GENERIC", 44'100,
                      "config=2b920800;sizelength=13;indexlength=3;indexdeltalength=3"));
    rig.push(headers({1, 1}) + "ab", 0, true);
    CHECK(rig.frames[1].timestamp == 2048);
  }

  TEST_CASE("rtp aac: a unit in several packets is put together, and not without a part") {
    RtpRig rig(aac());
    rig.push(headers({6}) + "abc", 0).push(headers({6}) + "def", 0, true);
    CHECK(rig.frames[0].payload == "abcdef");
    rig.push(headers({6}) + "abc", 1024).lose().push(headers({6}) + "def", 1024, true);
    rig.push(headers({2}) + "ok", 2048, true);
    CHECK(rig.log == "TKK");
    CHECK(rig.frames[1].payload == "ok");
    // The marker ends it where the size is wrong.
    rig.push(headers({900}) + "abc", 3072).push(headers({900}) + "def", 3072, true);
    CHECK(rig.frames[2].payload == "abcdef");
  }

  TEST_CASE("rtp aac: sizes in another width than stated are read as most write them") {
    RtpRig rig(aac("sizelength=6;indexlength=2;indexdeltalength=2"));
    rig.push(headers({3, 4}) + "oneTwo!", 0, true);
    CHECK(rig.log == "TKK");
    CHECK(rig.frames[1].payload == "Two!");
    CHECK(rig.has_quirk("AAC sizes in another width than stated"));
    RtpRig low(aac("sizelength=6;indexlength=2;indexdeltalength=2"));
    low.push(unhex("00080c") + "one", 0, true);
    CHECK(low.frames[0].payload == "one");
    CHECK(low.quirks.empty());
  }

  TEST_CASE("rtp aac: without sizes the rest is one unit, and ADTS is taken off") {
    RtpRig rig(aac());
    rig.push(unhex("0000") + "unit", 0, true);
    CHECK(rig.frames[0].payload == "unit");
    CHECK(rig.has_quirk("AAC without sizes"));
    rig.push(headers({11}) + adts("raw!"), 1024, true);
    rig.push(adts("one") + adts("two"), 2048, true);
    rig.push(unhex("0000") + adts("last"), 4096, true);
    CHECK(rig.has_quirk("ADTS in AAC packets"));
    REQUIRE(rig.log == "TKKKKK");
    CHECK(rig.frames[1].payload == "raw!");
    CHECK(rig.frames[3].payload == "two");
    CHECK(rig.frames[3].timestamp == 3072);
    CHECK(rig.frames[4].payload == "last");
  }

  TEST_CASE("rtp aac: without a configuration nothing is given out, and ADTS brings one") {
    RtpRig rig(format("mpeg4-generic", 44'100, "sizelength=13;indexlength=3;indexdeltalength=3"));
    rig.push(headers({3}) + "one", 0, true);
    CHECK(rig.damages == std::vector{Damage::NoConfig});
    rig.push(adts("two"), 1024, true);
    CHECK(rig.log == "TK");
    CHECK(rig.tracks[0].config == unhex("1210"));
  }

  TEST_CASE("rtp aac: sizes that lie cost their packet only") {
    RtpRig rig(aac());
    rig.push(unhex("ffff00"), 0, true).push(headers({3, 900}) + "one", 1024, true);
    rig.push(headers({2}) + "ok", 2048, true);
    CHECK(rig.log == "TK");
    CHECK(rig.damages == std::vector{Damage::Malformed, Damage::Malformed});
  }

  TEST_CASE("rtp latm: a configuration of the session description makes raw AAC") {
    RtpRig rig(format("MP4A-LATM", 44'100, "cpresent=0;config=400024203fc0"));
    rig.push(unhex("04") + "unit", 0, true);
    rig.push(unhex("ff03") + std::string(100, 'x'), 1024).push(std::string(158, 'x'), 1024, true);
    REQUIRE(rig.log == "TKK");
    CHECK(rig.tracks[0].sample_rate == 44'100);
    CHECK(rig.tracks[0].config == unhex("1210"));
    CHECK(rig.frames[0].payload == "unit");
    CHECK(rig.frames[1].payload == std::string(258, 'x'));
  }

  TEST_CASE(
      "rtp latm: a configuration with an SBR mark and without its end, as GStreamer writes it") {
    RtpRig rig(format("MP4A-LATM", 44'100, "cpresent=0;config=40002410adca00"));
    rig.push(std::string("\x03") + "abc", 1000, true);
    REQUIRE(rig.tracks.size() == 1);
    REQUIRE(rig.frames.size() == 1);
    CHECK(rig.frames[0].payload == "abc");
  }

  TEST_CASE("rtp latm: a configuration in band leaves frames between bytes") {
    RtpRig rig(format("MP4A-LATM", 44'100));
    // useSameStreamMux 0, the configuration of above, then length and frame.
    std::string bits = "0";
    const auto put = [&bits](std::string_view bytes) {
      for (char c : bytes) {
        for (int i = 7; i >= 0; --i)
          bits += (c >> i & 1) != 0 ? '1' : '0';
      }
    };
    put(unhex("400024203fc0"));
    bits.resize(bits.size() - 4);  // what pads it
    put(unhex("04") + "unit");
    while (bits.size() % 8 != 0)
      bits += '0';
    std::string payload;
    for (std::size_t i = 0; i < bits.size(); i += 8)
      payload.push_back(static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2)));
    rig.push(payload, 0, true);
    CHECK(rig.log == "TK");
    CHECK(rig.frames[0].payload == "unit");
    CHECK(rig.tracks[0].config == unhex("1210"));
  }

  TEST_CASE("rtp mpa: frames say what they are, and one may need several packets") {
    RtpRig rig(format("MPA", 90'000));
    const std::string frame = unhex("fffb9064") + std::string(413, 'm');  // 417 bytes
    const std::string head = unhex("00000000");
    rig.push(head + frame + frame, 0);
    REQUIRE(rig.log == "TKK");
    CHECK(rig.tracks[0].codec == Codec::MP3);
    CHECK(rig.frames[1].timestamp == 1152 * 90'000 / 44'100);
    rig.push(head + frame.substr(0, 200), 5000).push(unhex("000000c8") + frame.substr(200), 5000);
    CHECK(rig.frames[2].payload == frame);
    rig.push(head + unhex("fffd9064") + std::string(518, 'm'), 9000);
    CHECK(rig.log == "TKKKTK");
    CHECK(rig.tracks[1].codec == Codec::MP2);
  }
}
