// SPDX-License-Identifier: Apache-2.0
#include "mux/ts_writer.h"

#include <doctest/doctest.h>

#include "media/aac.h"
#include "media/describe.h"
#include "support/flv_rig.h"
#include "support/ts_rig.h"

using namespace sluice;
using namespace std::chrono_literals;
using media::Codec;
using media::Frame;
using media::Ticks;
using test::take_unit;
using test::TsFile;
using test::unhex;

namespace {

media::BufferPool pool;

constexpr std::uint64_t kWrap = 1ULL << 33;
constexpr Ticks kEpoch{126'000};  // what the writer adds to all times

Frame video(Ticks dts, std::string_view payload, bool key = false, Ticks composition = 0ms) {
  return {.codec = Codec::H264,
          .key = key,
          .dts = dts,
          .composition_offset = composition,
          .wall_us = 5,
          .payload = test::slice_of(pool, payload)};
}

Frame audio(Ticks dts, std::string_view payload, Codec codec = Codec::AAC) {
  return {.codec = codec, .key = true, .dts = dts, .payload = test::slice_of(pool, payload)};
}

media::Track track(Codec codec, std::string_view hex = {}) {
  return media::describe(codec, base::as_bytes(unhex(hex)));
}

const media::Track kVideo = track(Codec::H264, test::kAvcBaseline);
const media::Track kAudio = track(Codec::AAC, "1208");  // LC, 44.1 kHz, mono
const media::Track kMp3 = track(Codec::MP3);

std::string nal(std::string_view bytes) {
  std::string out;
  base::ByteWriter writer(out);
  writer.u32(static_cast<std::uint32_t>(bytes.size()));
  writer.text(bytes);
  return out;
}

struct Rig {
  explicit Rig(media::TrackSet tracks) { writer.configure(std::move(tracks)); }

  void unit(const std::vector<Frame> &frames) {
    for (const Frame &frame : frames)
      writer.add(frame);
    file.read(take_unit(writer));
  }
  const test::TsPes &last() { return file.pes.back(); }
  // The PIDs of the packets since the last call, without repetition.
  std::string pids() {
    std::string out;
    for (std::uint16_t before = 0xffff; seen < file.packets.size(); ++seen) {
      if (file.packets[seen].pid == before) continue;
      before = file.packets[seen].pid;
      out += before == 0 ? "pat " : before == 0x1000 ? "pmt " : before == 0x100 ? "v " : "a ";
    }
    return out;
  }

  mux::TsWriter writer;
  TsFile file;
  std::size_t seen = 0;
};

std::string adts_of(std::string_view config_hex, std::size_t payload) {
  const auto header = mux::ts_adts(base::as_bytes(unhex(config_hex)));
  REQUIRE(header.has_value());
  std::string out;
  mux::append_adts(out, *header, payload);
  return out;
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("ts writer: PAT and PMT tell PIDs and stream types") {
    Rig rig({.video = kVideo, .audio = kAudio});
    rig.unit({audio(0ms, "a"), video(0ms, nal("e"), true)});
    CHECK(rig.pids() == "pat pmt a v ");
    CHECK(rig.file.pat == unhex("00b00d0001c100000001f0002ab104b2"));
    CHECK(rig.file.pmt.substr(0, 22) == unhex("02b0170001c10000e100f0001be100f0000fe101f000"));
  }

  TEST_CASE("ts writer: a stream without video has the clock in its audio") {
    for (const auto &[codec, rate, type] :
         {std::tuple(Codec::MP3, 44'100, 3), std::tuple(Codec::MP3, 22'050, 4)}) {
      media::Track mp3 = track(codec);
      mp3.sample_rate = static_cast<std::uint32_t>(rate);
      Rig rig({.audio = mp3});
      rig.unit({audio(0ms, "a", codec)});
      CHECK(rig.file.pmt.substr(0, 12) == unhex("02b0120001c10000e103f000"));
      CHECK(rig.file.pmt[12] == type);
      CHECK(rig.last().first.pcr.has_value());
      CHECK(rig.last().first.random_access);
    }
  }

  TEST_CASE("ts writer: Opus has its descriptors and control headers") {
    media::Track opus = track(Codec::Opus);
    opus.channels = 2;
    Rig rig({.audio = opus});
    rig.unit({audio(0ms, std::string(255, 'o'), Codec::Opus), audio(20ms, "p", Codec::Opus)});
    CHECK(rig.file.pmt.substr(12, 15) == unhex("06e104f00a05044f7075737f028002"));
    CHECK(rig.last().stream_id == 0xbd);
    CHECK(rig.last().payload == unhex("7fe0ff00") + std::string(255, 'o') + unhex("7fe001") + "p");
  }

  TEST_CASE("ts writer: the version counts when the tracks change, and only then") {
    Rig rig({.video = kVideo});
    const auto version = [&] {
      rig.unit({video(0ms, nal("e"))});
      return static_cast<unsigned char>(rig.file.pmt[5]) >> 1 & 31;
    };
    CHECK(version() == 0);
    rig.writer.configure({.video = kVideo});
    CHECK(version() == 0);
    for (int i = 1; i <= 33; ++i) {
      rig.writer.configure({.video = kVideo, .audio = i % 2 == 0 ? kMp3 : kAudio});
      CHECK(version() == i % 32);
    }
  }

  TEST_CASE("ts writer: another codec has a PID of its own, which goes on when it comes back") {
    Rig rig({.video = kVideo, .audio = kAudio});
    const auto discontinuities = [&](std::uint16_t pid) {
      std::string said;
      for (const auto &pes : rig.file.of(pid))
        said += pes.first.discontinuity ? 'd' : '.';
      return said;
    };
    const auto both = [&](int second, Codec codec) {
      media::Frame picture = video(std::chrono::seconds(second), nal("ee"), true);
      picture.codec = codec;
      rig.unit({audio(std::chrono::seconds(second), "a"), picture});
    };
    both(0, Codec::H264);
    rig.writer.configure({.video = track(Codec::H265, test::kHevc1080), .audio = kAudio});
    both(1, Codec::H265);
    both(2, Codec::H265);
    CHECK(rig.file.pmt.substr(8, 2) == unhex("e102"));
    rig.writer.configure({.video = kVideo, .audio = kAudio});
    both(3, Codec::H264);
    CHECK(rig.file.pmt.substr(8, 2) == unhex("e100"));
    CHECK(discontinuities(0x100) == "d.");
    CHECK(discontinuities(0x102) == "d.");
    CHECK(discontinuities(0x101) == "d...");
  }

  TEST_CASE("ts writer: the tables come before key frames and after a configuration") {
    Rig rig({.video = kVideo, .audio = kAudio});
    rig.unit({video(0ms, nal("e"), true)});
    CHECK(rig.pids() == "pat pmt v ");
    CHECK(rig.last().first.random_access);
    rig.unit({audio(30ms, "a"), video(40ms, nal("e"))});
    CHECK(rig.pids() == "a v ");
    CHECK_FALSE(rig.last().first.random_access);
    rig.unit({audio(3s, "a")});
    CHECK(rig.pids() == "a ");
    rig.unit({video(4s, nal("e"), true)});
    CHECK(rig.pids() == "pat pmt v ");
    rig.writer.configure({.video = kVideo, .audio = kMp3});
    rig.writer.add(video(5s, nal("e")));
    CHECK_FALSE(rig.writer.key());
    rig.unit({});
    CHECK(rig.pids() == "pat pmt v ");
    CHECK_FALSE(rig.last().first.random_access);
  }

  TEST_CASE("ts writer: without video the tables come once a second, or with every long unit") {
    Rig rig({.audio = kAudio});
    std::string keys;
    for (int ms = 0; ms <= 2'000; ms += 100) {
      rig.writer.add(audio(std::chrono::milliseconds(ms), "a"));
      const bool key = rig.writer.key();
      keys += key ? 'k' : '.';
      rig.unit({});
      CHECK(rig.pids() == (key ? "pat pmt a " : "a "));
      CHECK(rig.last().first.random_access == key);
    }
    CHECK(keys == "k.........k.........k");
    for (int ms = 2'200; ms <= 3'000; ms += 200) {
      rig.writer.add(audio(std::chrono::milliseconds(ms), "a"));
      CHECK(rig.writer.key());
      rig.unit({});
    }
  }

  TEST_CASE("ts writer: a unit is where its video frame is") {
    Rig rig({.video = kVideo, .audio = kAudio});
    rig.writer.add(audio(1s, "a"));
    CHECK_FALSE(rig.writer.full());
    CHECK(rig.writer.dts() == Ticks(1s));
    CHECK_FALSE(rig.writer.key());
    rig.writer.add(video(2s, nal("e"), true));
    CHECK(rig.writer.full());
    CHECK(rig.writer.dts() == Ticks(2s));
    CHECK(rig.writer.wall_us() == 5);
    CHECK(rig.writer.key());
    rig.writer.drop();
    CHECK(rig.writer.empty());
    for (std::size_t i = 0; i < mux::TsWriter::kMaxAudioFrames; ++i) {
      CHECK_FALSE(rig.writer.full());
      rig.writer.add(audio(1s, "a"));
    }
    CHECK(rig.writer.full());
  }

  TEST_CASE("ts writer: what was prepared and not written is the same the next time") {
    Rig one({.video = kVideo});
    Rig two({.video = kVideo});
    for (Rig *rig : {&one, &two})
      rig->writer.add(video(0ms, nal(std::string(700, 'e')), true));
    const std::size_t size = one.writer.prepare();
    CHECK(one.writer.prepare() == size);
    CHECK(take_unit(one.writer) == take_unit(two.writer));
  }

  TEST_CASE("ts writer: PTS, DTS and PCR wrap at 33 bits") {
    const Ticks wrap = Ticks(static_cast<std::int64_t>(kWrap)) - kEpoch;
    Rig rig({.video = kVideo});
    rig.unit({video(wrap - 90'000 * Ticks(1), nal("e"), true, Ticks(90'000))});
    CHECK(rig.last().dts == kWrap - 90'000);
    CHECK(rig.last().pts == 0);
    CHECK(rig.last().first.pcr == kWrap - 99'000);
    rig.unit({video(wrap, nal("e"), false, Ticks(1))});
    CHECK(rig.last().dts == 0);
    CHECK(rig.last().pts == 1);
    CHECK(rig.last().first.pcr == kWrap - 9'000);
    rig.unit({video(5 * wrap + 5 * kEpoch, nal("e"))});
    CHECK(rig.last().dts == 126'000);
  }

  TEST_CASE("ts writer: the clock is behind what comes with it, and does not go back") {
    Rig rig({.video = kVideo, .audio = kAudio});
    rig.unit({audio(0ms, "a"), video(0ms, nal("e"), true)});
    CHECK_FALSE(rig.file.of(0x101).back().first.pcr.has_value());
    CHECK(rig.last().first.pcr == rig.last().dts - 9'000);
    // Audio that is early holds it back, audio that is far behind does not.
    rig.unit({audio(900ms, "a"), video(1s, nal("e"))});
    CHECK(rig.last().first.pcr == rig.file.of(0x101).back().pts - 9'000);
    const auto pcr = rig.last().first.pcr;
    rig.unit({audio(100ms, "a"), video(1'040ms, nal("e"))});
    CHECK(rig.last().first.pcr == pcr);
  }

  TEST_CASE("ts writer: where pictures are shown before they are decoded, decoding is earlier") {
    Rig rig({.video = kVideo});
    rig.unit({video(0ms, nal("e"), true)});
    CHECK(rig.last().dts == 126'000);
    rig.unit({video(80ms, nal("e"), false, -40ms)});
    CHECK(rig.last().pts == 126'000 + 3'600);
    CHECK(rig.last().dts == rig.last().pts);
    rig.unit({video(120ms, nal("e"))});
    CHECK(rig.last().pts == 126'000 + 10'800);
    CHECK(rig.last().dts == 126'000 + 7'200);
    // Beyond a second nothing makes sense of it.
    rig.unit({video(160ms, nal("e"), false, -3600s)});
    CHECK(rig.last().dts == 126'000 + 14'400 - 90'000);
    CHECK(rig.last().pts == rig.last().dts);
  }

  TEST_CASE("ts writer: payloads of every size come out whole, whatever has to be stuffed") {
    Rig rig({.video = kVideo, .audio = kMp3});
    rig.unit({video(0ms, nal("e"), true)});
    std::vector<bool> stuffing(184, false);
    for (std::size_t size = 1; size < 600; ++size) {
      const std::string sound(size, 'a');
      const std::string picture(size, 'e');
      const auto at = static_cast<int>(size) * 40ms;
      const std::size_t before = rig.file.packets.size();
      rig.unit({audio(at, sound, Codec::MP3), video(at, nal(picture))});
      CHECK(rig.file.of(0x103).back().payload == sound);
      CHECK(rig.last().payload == unhex("0000000109f000000001") + picture);
      for (std::size_t i = before; i < rig.file.packets.size(); ++i)
        stuffing.at(184 - rig.file.packets[i].payload.size()) = true;
    }
    // No stuffing, and an adaptation field of its length alone, of the flags too, of more.
    for (std::size_t i = 0; i < stuffing.size(); ++i)
      CHECK_MESSAGE(stuffing[i], i);
  }

  TEST_CASE("ts writer: the first packet of either kind says that there is no continuity") {
    Rig rig({.video = kVideo, .audio = kAudio});
    rig.unit({video(0ms, nal("e"), true)});
    rig.writer.configure({.video = kVideo, .audio = kMp3});
    rig.unit({audio(40ms, "a", Codec::MP3), video(40ms, nal("e"), true)});
    std::string said;
    for (const auto &pes : rig.file.pes)
      said += pes.first.discontinuity ? 'd' : '.';
    CHECK(said == "dd.");
  }

  TEST_CASE("ts writer: lengths become start codes, behind a delimiter and the parameter sets") {
    Rig rig({.video = kVideo});
    rig.unit({video(0ms, nal("ef") + nal("g"), true)});
    const std::string sets =
        unhex("00000001 6742c00bd9028df93011000003000100000300320f142a48 00000001 68cb83cb20");
    CHECK(rig.last().stream_id == 0xe0);
    CHECK(rig.last().length == 0);
    CHECK(rig.last().payload ==
          unhex("0000000109f0") + sets + unhex("00000001") + "ef" + unhex("00000001") + "g");
    rig.unit({video(40ms, nal("ef"))});
    CHECK(rig.last().payload == unhex("0000000109f000000001") + "ef");
  }

  TEST_CASE("ts writer: H.265 has its own delimiter and three kinds of sets") {
    Rig rig({.video = track(Codec::H265, test::kHevc1080)});
    Frame frame = video(0ms, nal("e"), true);
    frame.codec = Codec::H265;
    rig.unit({frame});
    CHECK(rig.file.pmt[12] == 0x24);
    const std::string &payload = rig.last().payload;
    CHECK(payload.starts_with(unhex("00000001460150000000014001")));
    CHECK(payload.find(unhex("000000014201")) != std::string::npos);
    CHECK(payload.find(unhex("000000014401")) != std::string::npos);
    CHECK(payload.ends_with(unhex("00000001") + "e"));
  }

  TEST_CASE("ts writer: lengths of one and two bytes") {
    for (int size : {1, 2}) {
      std::string config = unhex(test::kAvcBaseline);
      config[4] = static_cast<char>(0xfc | (size - 1));
      Rig rig({.video = media::describe(Codec::H264, base::as_bytes(config))});
      const std::string length = std::string(static_cast<std::size_t>(size - 1), '\0') + '\x02';
      rig.unit({video(0ms, length + "ef" + length + "gh")});
      CHECK(rig.last().payload == unhex("0000000109f000000001") + "ef" + unhex("00000001") + "gh");
    }
  }

  TEST_CASE("ts writer: of a broken picture it writes the NAL units that are whole") {
    const std::string head = unhex("0000000109f0");
    const std::string e = unhex("00000001") + "e";
    for (const auto &[payload, expected] :
         {std::pair(std::string(), head), std::pair(unhex("000000"), head),
          std::pair(unhex("00000000"), head), std::pair(nal("e") + unhex("00000002 65"), head + e),
          std::pair(nal("e") + unhex("ffffffff 6565"), head + e),
          std::pair(nal("") + nal("e") + nal(""), head + e),
          // It has a delimiter of its own.
          std::pair(nal(unhex("0910")) + nal("e"), head + e)}) {
      Rig rig({.video = kVideo});
      rig.unit({video(0ms, payload)});
      CHECK(rig.last().payload == expected);
    }
  }

  TEST_CASE("ts writer: NAL units beyond all reason are left out") {
    std::string payload;
    for (std::size_t i = 0; i < mux::TsWriter::kMaxNalUnits + 100; ++i)
      payload += nal("e");
    Rig rig({.video = kVideo});
    rig.unit({video(0ms, payload)});
    CHECK(rig.last().payload.size() == 6 + 5 * mux::TsWriter::kMaxNalUnits);
  }

  TEST_CASE("ts writer: AAC frames have ADTS headers and share a PES") {
    Rig rig({.video = kVideo, .audio = kAudio});
    rig.unit({audio(0ms, "abc"), audio(23ms, "d"), video(30ms, nal("e"), true)});
    const auto pes = rig.file.of(0x101);
    REQUIRE(pes.size() == 1);
    CHECK(pes[0].stream_id == 0xc0);
    CHECK(pes[0].pts == 126'000);
    CHECK(pes[0].length == 8 + 7 + 3 + 7 + 1);
    CHECK(pes[0].payload == adts_of("1208", 3) + "abc" + adts_of("1208", 1) + "d");
  }

  TEST_CASE("ts writer: the ADTS header says what the configuration says") {
    for (const char *config : {"1208", "1210", "0990", "1388", "1638"}) {
      const auto back = media::parse_adts(base::as_bytes(adts_of(config, 100)));
      REQUIRE(back.has_value());
      CHECK(back->config == unhex(config));
      CHECK(back->frame_size == 107);
      CHECK(back->header_size == 7);
    }
    CHECK(adts_of("1208", 8'184).substr(3, 3) == unhex("43ffff"));
    // With signalled SBR it tells the core; a rate that is written out may have an index.
    CHECK(adts_of("2b8a08", 1) == adts_of("1388", 1));
    CHECK(adts_of("1780562208", 1) == adts_of("1208", 1));
  }

  TEST_CASE("ts writer: what ADTS has no words for cannot be carried") {
    CHECK(mux::ts_can_carry(kAudio));
    for (const char *config : {"",               // nothing
                               "12",             // cut off
                               "120c",           // 960 samples
                               "1200",           // channels in a program config element
                               "1258",           // 11 channels
                               "b9880000",       // low delay
                               "1780000508"}) {  // a rate without an index
      CAPTURE(config);
      CHECK_FALSE(mux::ts_can_carry(track(Codec::AAC, config)));
    }
  }

  TEST_CASE("ts writer: what it cannot carry is taken out of the tracks") {
    for (Codec codec : {Codec::AV1, Codec::VP9, Codec::MJPEG, Codec::H264, Codec::H265})
      CHECK(mux::ts_tracks({.video = track(codec), .audio = kAudio}) ==
            media::TrackSet{.audio = kAudio});
    for (Codec codec : {Codec::PCMA, Codec::PCMU, Codec::FLAC, Codec::G726, Codec::L16})
      CHECK(mux::ts_tracks({.video = kVideo, .audio = track(codec)}) ==
            media::TrackSet{.video = kVideo});
  }

  TEST_CASE("ts writer: Opus in arrangements of channels that have a number") {
    const auto code = [](std::string_view tail) {
      std::string head = "OpusHead" + unhex("01");
      head += unhex(tail).substr(0, 1) + unhex("380180bb00000000") + unhex(tail).substr(1);
      media::Track opus;
      opus.codec = Codec::Opus;
      opus.config = head;
      return mux::ts_opus_channels(opus);
    };
    // Channels, family, streams, coupled, mapping.
    CHECK(code("01 00") == 1);
    CHECK(code("02 00") == 2);
    CHECK(code("06 01 04 02 000401020305") == 6);
    CHECK_FALSE(code("03 00").has_value());
    CHECK_FALSE(code("00 00").has_value());
    CHECK_FALSE(code("06 01 04 02 0004010203").has_value());
    CHECK_FALSE(code("06 01 04 02 000401020304").has_value());
    CHECK_FALSE(code("06 01 05 01 000401020305").has_value());
    CHECK_FALSE(code("02 ff 02 00 0001").has_value());
    CHECK_FALSE(code("09 01 04 02 000102030405060708").has_value());
  }

  TEST_CASE("ts writer: audio with a gap, or too long for one PES, is put into several") {
    Rig rig({.audio = kMp3});
    rig.unit(
        {audio(0ms, "a", Codec::MP3), audio(26ms, "b", Codec::MP3), audio(500ms, "c", Codec::MP3)});
    auto pes = rig.file.of(0x103);
    REQUIRE(pes.size() == 2);
    CHECK(pes[0].payload == "ab");
    CHECK(pes[1].payload == "c");
    CHECK(pes[1].pts == 126'000 + 45'000);
    CHECK_FALSE(pes[1].first.pcr.has_value());

    const std::string most(65'527, 'm');
    rig.unit({audio(600ms, "a", Codec::MP3), audio(626ms, most, Codec::MP3)});
    pes = rig.file.of(0x103);
    REQUIRE(pes.size() == 4);
    CHECK(pes[2].payload == "a");
    CHECK(pes[3].payload == most);
    CHECK(pes[3].length == 65'535);
  }

  TEST_CASE("ts writer: audio frames that have no place are left out") {
    for (const auto &[audio_track, most] : {std::pair(kMp3, 65'527), std::pair(kAudio, 8'184),
                                            std::pair(track(Codec::Opus), 65'527 - 3 - 255)}) {
      Rig rig({.audio = audio_track});
      const auto size = static_cast<std::size_t>(most);
      rig.writer.add(audio(0ms, std::string(size + 1, 'a'), audio_track.codec));
      rig.writer.add(audio(0ms, "", audio_track.codec));
      CHECK(rig.writer.empty());
      rig.writer.add(audio(0ms, std::string(size, 'a'), audio_track.codec));
      REQUIRE_FALSE(rig.writer.empty());
      rig.unit({});
      CHECK(rig.last().payload.ends_with(std::string(size, 'a')));
    }
  }

  TEST_CASE("ts writer: frames of another codec than the track's are left out") {
    Rig rig({.video = kVideo});
    rig.writer.add(audio(0ms, "a"));
    Frame other = video(0ms, nal("e"), true);
    other.codec = Codec::H265;
    rig.writer.add(other);
    CHECK(rig.writer.empty());
  }

  TEST_CASE("ts writer: a record with sets beyond all reason is taken for one without") {
    std::string config = unhex("0142c00bffe2");
    for (int i = 0; i < 2; ++i)
      config += unhex("8000") + unhex("6742c00b") + std::string(0x8000 - 4, '\x55');
    config += '\0';
    Rig rig({.video = media::describe(Codec::H264, base::as_bytes(config))});
    rig.unit({video(0ms, nal("e"), true)});
    CHECK(rig.last().payload == unhex("0000000109f000000001") + "e");
  }
}
