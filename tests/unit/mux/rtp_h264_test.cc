// SPDX-License-Identifier: Apache-2.0
// H.264 from RTP, as the RFC has it and as cameras send it.
#include <doctest/doctest.h>

#include "base/hash.h"
#include "media/h264.h"
#include "support/rtp_rig.h"

using namespace sluice;
using mux::Damage;
using test::RtpRig;
using test::sized;
using test::unhex;

namespace {

const std::string kSps = unhex("67640028acd940780227e5c044000003000400000300c83c60c658");
const std::string kPps = unhex("68ebe3cb22c0");
const std::string kOtherSps = unhex("6742c00bd9028df93011000003000100000300320f142a48");
const std::string kOtherPps = unhex("68cb83cb20");
const std::string kSei = unhex("0605041122334480");
const std::string kRecovery = unhex("060601c480");
const std::string kDelimiter = unhex("09f0");
const std::string kStart3 = unhex("000001");
const std::string kStart4 = unhex("00000001");

// Slices: the first one of a picture, and another one.
std::string first(char header, std::string_view rest = "first slice") {
  return std::string{header, header == '\x65' ? '\x88' : '\x9a', '\x84'}.append(rest);
}
std::string later(char header, std::string_view rest = "other slice") {
  return (std::string{header} + unhex(header == '\x65' ? "1622ff" : "1668ff")).append(rest);
}
const std::string kIdr = first('\x65');
const std::string kIdr2 = later('\x65');
const std::string kP = first('\x41');
const std::string kP2 = later('\x41');
const std::string kB = first('\x01');  // nothing refers to it
const std::string kIntra = unhex("418884") + "intra";

std::string stap(std::initializer_list<std::string> nals) {
  std::string out = unhex("78");
  for (const std::string &nal : nals) {
    base::ByteWriter(out).u16(static_cast<std::uint16_t>(nal.size()));
    out += nal;
  }
  return out;
}

// FU-A packets with so many bytes each.
std::vector<std::string> fragments(const std::string &nal, std::size_t size) {
  std::vector<std::string> out;
  for (std::size_t at = 1; at < nal.size(); at += size) {
    const bool end = at + size >= nal.size();
    const auto second =
        static_cast<char>((at == 1 ? 0x80 : 0) | (end ? 0x40 : 0) | (nal[0] & 0x1f));
    out.push_back(std::string{static_cast<char>((nal[0] & 0x60) | 28), second} +
                  nal.substr(at, size));
  }
  return out;
}

wire::sdp::Format plain() { return {.payload_type = 96, .encoding = "H264", .clock_rate = 90'000}; }

wire::sdp::Format with_sets() {
  wire::sdp::Format format = plain();
  format.parameters =
      "packetization-mode=1;sprop-parameter-sets=" + base::base64(base::as_bytes(kSps)) + "," +
      base::base64(base::as_bytes(kPps));
  return format;
}

// A rig whose camera has proven that it means its markers.
struct Proven : RtpRig {
  Proven() : RtpRig(with_sets()) {
    push(kIdr, 0, true).push(kP, 3600, true);
    CHECK(log == "TKF");
  }
};

void push_fragments(RtpRig &rig, const std::vector<std::string> &packets, std::uint32_t timestamp) {
  for (const std::string &packet : packets)
    rig.push(packet, timestamp, &packet == &packets.back());
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("rtp h264: parameter sets of the session description make the track") {
    RtpRig rig(with_sets());
    rig.push(kIdr, 1000, true).push(kP, 4600, true);
    CHECK(rig.log == "TKF");
    CHECK(rig.tracks[0].width == 1920);
    CHECK(rig.tracks[0].codec_string == "avc1.640028");
    CHECK(rig.frames[0].payload == sized(kIdr));
    CHECK(rig.frames[0].timestamp == 1000);
    CHECK(rig.frames[1].payload == sized(kP));
    CHECK(rig.quirks.empty());
    CHECK(rig.ignored.empty());
  }

  TEST_CASE("rtp h264: sets in band are taken out of the picture, SEI stays, delimiters go") {
    RtpRig rig(plain());
    rig.push(kDelimiter, 0).push(stap({kSps, kPps, kSei}), 0).push(kIdr, 0, true).flush();
    CHECK(rig.log == "TK");
    CHECK(rig.frames[0].payload == sized(kSei) + sized(kIdr));
  }

  TEST_CASE("rtp h264: fragments are put together with one copy of each byte") {
    Proven rig;
    const std::string idr = first('\x65', std::string(5000, 'x'));
    const std::uint64_t before = rig.depacketizer->copied_bytes();
    push_fragments(rig, fragments(idr, 1400), 7200);
    REQUIRE(rig.frames.size() == 3);
    CHECK(rig.frames[2].key);
    CHECK(rig.frames[2].payload == sized(idr));
    // The first one of its size is moved as it grows; from then on there is no second copy.
    CHECK(rig.depacketizer->copied_bytes() - before < 3 * idr.size());
    for (std::uint32_t i = 0; i < 3; ++i) {
      const std::uint64_t so_far = rig.depacketizer->copied_bytes();
      push_fragments(rig, fragments(idr, 1400), 10'800 + i * 3600);
      CHECK(rig.depacketizer->copied_bytes() - so_far == idr.size() + 4);
    }
  }

  TEST_CASE("rtp h264: packets of the other kinds are read, without their order numbers") {
    Proven rig;
    const std::string order = unhex("0007");
    rig.push(unhex("79") + order + stap({kSei, kP}).substr(1), 7200, true);  // STAP-B
    std::string mtap = unhex("7a") + order;
    base::ByteWriter(mtap).u16(static_cast<std::uint16_t>(kP.size()));
    mtap += unhex("010203") + kP;
    rig.push(mtap, 10'800, true);
    rig.push(unhex("7d81") + order + kP.substr(1, 5), 14'400);  // FU-B, then FU-A
    rig.push(unhex("7c41") + kP.substr(6), 14'400, true);
    CHECK(rig.log == "TKFFFF");
    CHECK(rig.frames[2].payload == sized(kSei) + sized(kP));
    CHECK(rig.frames[3].payload == sized(kP));
    CHECK(rig.frames[4].payload == sized(unhex("61") + kP.substr(1)));
  }

  // --- What cameras send (32): no parameter sets in RTP, or none in the session description ---

  TEST_CASE("rtp h264: without parameter sets nothing is given out until they come") {
    RtpRig rig(plain());
    rig.push(kIdr, 0, true).push(kP, 3600, true).push(kP, 7200, true);
    CHECK(rig.log.empty());
    CHECK(rig.damages == std::vector{Damage::NoConfig});
    rig.push(kSps, 10'800).push(kIdr, 10'800, true);
    rig.push(kPps, 14'400).push(kIdr, 14'400, true).push(kP, 18'000, true);
    CHECK(rig.log == "TKF");
    CHECK(rig.frames[0].timestamp == 14'400);
  }

  TEST_CASE("rtp h264: sets that change in mid-stream are told before the frame that needs them") {
    Proven rig;
    rig.push(kSps, 7200).push(kPps, 7200).push(kIdr, 7200, true);
    CHECK(rig.log == "TKFK");  // the same ones again
    rig.push(kOtherSps, 10'800).push(kOtherPps, 10'800).push(kIdr, 10'800, true);
    CHECK(rig.log == "TKFKTK");
    CHECK(rig.tracks[1].width == 160);
  }

  TEST_CASE("rtp h264: base64 that is broken is left out, and a set that is none") {
    wire::sdp::Format format = plain();
    format.parameters = "sprop-parameter-sets=Z0!!,====,AAAA," + base::base64(base::as_bytes(kPps));
    RtpRig rig(format);
    rig.push(kIdr, 0, true).push(kSps, 3600).push(kIdr, 3600, true).push(kP, 7200, true);
    CHECK(rig.log == "TKF");
  }

  // --- (33) ---

  TEST_CASE(
      "rtp h264: sets with a start code before them and zeros behind them are the same sets") {
    wire::sdp::Format format = plain();
    const std::string glued = kStart4 + kSps + kStart3 + kPps + std::string(3, '\0');
    format.parameters = "sprop-parameter-sets=" + base::base64(base::as_bytes(glued));
    RtpRig rig(format);
    rig.push(kStart4 + kSps + std::string(2, '\0'), 0).push(kPps + std::string(1, '\0'), 0);
    rig.push(kIdr, 0, true).push(kP, 3600, true);
    CHECK(rig.log == "TKF");
    const auto config = media::parse_avc_config(base::as_bytes(rig.tracks[0].config));
    REQUIRE(config.has_value());
    CHECK(base::as_text(config->sps[0]) == kSps);
    CHECK(base::as_text(config->pps[0]) == kPps);
  }

  TEST_CASE("rtp h264: an SPS that cannot be parsed does not stop the stream") {
    RtpRig rig(plain());
    rig.push(unhex("67640028ff"), 0).push(kPps, 0).push(kIdr, 0, true).push(kP, 3600, true);
    CHECK(rig.log == "TKF");
    CHECK(rig.tracks[0].width == 0);
    CHECK(rig.tracks[0].codec_string == "avc1.640028");
  }

  // --- (34) ---

  TEST_CASE("rtp h264: without markers pictures end where the time stamp changes") {
    RtpRig rig(with_sets());
    for (std::uint32_t i = 0; i < 6; ++i)
      rig.push(i == 0 ? kIdr : kP, i * 3600).push(i == 0 ? kIdr2 : kP2, i * 3600);
    CHECK(rig.log == "TKFFFF");
    CHECK(rig.frames[1].payload == sized(kP) + sized(kP2));
    CHECK(rig.has_quirk("pictures end without a marker"));
    CHECK(rig.flush().log == "TKFFFFF");
  }

  TEST_CASE("rtp h264: a marker on what is no picture ends nothing") {
    RtpRig rig(plain());
    rig.push(kSps, 0, true).push(kPps, 0, true).push(kSei, 0, true).push(kIdr, 0, true);
    rig.push(kSei, 3600, true).push(kP, 3600, true).push(kP, 7200, true);
    CHECK(rig.log == "TKFF");
    CHECK(rig.frames[0].payload == sized(kSei) + sized(kIdr));
    CHECK(rig.frames[1].payload == sized(kSei) + sized(kP));
    CHECK(rig.has_quirk("marker on what is no picture"));
  }

  TEST_CASE("rtp h264: a marker on every slice is found out at the first picture") {
    RtpRig rig(with_sets());
    for (std::uint32_t i = 0; i < 3; ++i)
      rig.push(i == 0 ? kIdr : kP, i * 3600, true).push(i == 0 ? kIdr2 : kP2, i * 3600, true);
    rig.flush();
    CHECK(rig.log == "TKFF");
    for (const auto &frame : rig.frames)
      CHECK(frame.payload.size() > sized(kP).size() + 4);
    CHECK(rig.has_quirk("marker before the last slice of a picture"));
  }

  TEST_CASE("rtp h264: a marker that begins to lie costs one picture") {
    Proven rig;
    rig.push(kP, 7200, true).push(kP2, 7200, true).push(kIdr, 10'800, true);
    rig.push(kIdr2, 10'800, true).push(kP, 14'400, true).push(kP2, 14'400, true).flush();
    CHECK(rig.log == "TKFFKF");
    CHECK(rig.frames[3].payload == sized(kIdr) + sized(kIdr2));
    CHECK(rig.frames[4].payload == sized(kP) + sized(kP2));
  }

  // --- (35), (36), (46) ---

  TEST_CASE("rtp h264: start codes inside a packet part its NAL units") {
    const std::string zeros(2, '\0');
    for (const std::string &glued :
         {kSps + kStart3 + kPps + kStart4 + kIdr,
          kStart4 + kSps + zeros + kStart4 + kPps + kStart3 + kIdr + zeros,
          kStart3 + kDelimiter + kStart3 + kSps + kStart3 + kPps + zeros + kStart4 + kIdr}) {
      RtpRig rig(plain());
      rig.push(glued, 0, true).push(kP, 3600, true);
      CHECK(rig.log == "TKF");
      CHECK(rig.frames[0].payload == sized(kIdr));
      CHECK(rig.has_quirk("start codes in packets"));
    }
  }

  TEST_CASE("rtp h264: several NAL units in fragments are parted wherever they are cut") {
    const std::string idr = first('\x65', std::string(40, 'x'));
    const std::string glued =
        kSps + kStart4 + kPps + kStart3 + kSei + kStart4 + idr + kStart3 + kIdr2;
    for (std::size_t size = 1; size < glued.size(); ++size) {
      CAPTURE(size);
      RtpRig rig(plain());
      push_fragments(rig, fragments(glued, size), 0);
      rig.push(kP, 3600, true);
      REQUIRE(rig.log == "TKF");
      REQUIRE(rig.frames[0].payload == sized(kSei) + sized(idr) + sized(kIdr2));
    }
  }

  TEST_CASE("rtp h264: odd fragments: both ends in one, empty ones, a type that changes, no end") {
    Proven rig;
    const std::string body = kP.substr(1);
    rig.push(unhex("5cc1") + body, 7200, true);
    CHECK(rig.frames.back().payload == sized(kP));
    rig.push(unhex("5c81"), 10'800).push(unhex("5c01") + body, 10'800).push(unhex("5c01"), 10'800);
    rig.push(unhex("5c41"), 10'800, true);
    CHECK(rig.frames.back().payload == sized(kP));
    // Another type, and the reserved bit.
    rig.push(unhex("5c81") + body.substr(0, 4), 14'400)
        .push(unhex("5c25") + body.substr(4, 2), 14'400);
    rig.push(unhex("5c67") + body.substr(6), 14'400, true);
    CHECK(rig.frames.back().payload == sized(kP));
    rig.push(unhex("5c81") + body.substr(0, 4), 18'000)
        .push(unhex("5c01") + body.substr(4), 18'000, true);
    CHECK(rig.frames.back().payload == sized(kP));
    CHECK(rig.log == "TKFFFFF");
    CHECK(rig.has_quirk("empty fragments"));
    CHECK(rig.has_quirk("fragments that are both first and last"));
  }

  // --- (38) ---

  TEST_CASE("rtp h264: pictures are told apart though the clock stands still") {
    for (const bool marker : {false, true}) {
      CAPTURE(marker);
      RtpRig rig(with_sets());
      for (int i = 0; i < 5; ++i)
        rig.push(i == 0 ? kIdr : kP, 0).push(i == 0 ? kIdr2 : kP2, 0, marker);
      rig.flush();
      CHECK(rig.log == "TKFFFF");
      for (const auto &frame : rig.frames)
        CHECK(frame.payload.size() > 2 * kP2.size());
    }
  }

  // --- (43), (44) ---

  TEST_CASE("rtp h264: SEI, delimiters and sets by themselves are no frame") {
    Proven rig;
    rig.push(kSei, 7200)
        .push(kDelimiter, 8000)
        .push(kSps, 9000)
        .push(kPps, 9500)
        .push(kP, 10'800, true);
    rig.push(kDelimiter, 14'400, true).flush();
    CHECK(rig.log == "TKFF");
    CHECK(rig.frames[2].payload == sized(kSei) + sized(kP));
    CHECK(rig.frames[2].timestamp == 10'800);
  }

  TEST_CASE("rtp h264: an encoder that refreshes without IDR has key frames where it says so") {
    RtpRig rig(with_sets());
    rig.push(kP, 0, true).push(kP, 3600, true).push(kRecovery, 7200).push(kP, 7200, true);
    rig.push(kP, 10'800, true);
    CHECK(rig.log == "TKF");
  }

  TEST_CASE("rtp h264: an intra picture with its sets is a key frame, and any after a long wait") {
    RtpRig sets(plain());
    sets.push(stap({kSps, kPps, kIntra}), 0, true).push(kP, 3600, true).push(kIntra, 7200, true);
    CHECK(sets.push(kP, 10'800, true).log == "TKFFF");
    RtpRig bare(with_sets());
    for (std::uint32_t i = 0; i < 310; ++i)
      bare.push(kP, i * 3600, true);
    CHECK(bare.log.empty());
    bare.push(kIntra, 310 * 3600, true).push(kP, 311 * 3600, true);
    CHECK(bare.log == "TKF");
    CHECK(bare.has_quirk("key frames are not marked as such"));
  }

  TEST_CASE("rtp h264: two fields under one time stamp are one picture") {
    wire::sdp::Format format = plain();
    const std::string sps = unhex("6764001eacd940b424d8088000000300800000190f8a14cb");
    format.parameters = "sprop-parameter-sets=" + base::base64(base::as_bytes(sps)) + "," +
                        base::base64(base::as_bytes(kPps));
    RtpRig rig(format);
    rig.push(kIdr, 0, true).push(kP, 0, true).push(kP, 3600).push(kP, 3600, true).flush();
    CHECK(rig.log == "TKF");
    CHECK(rig.frames[0].payload == sized(kIdr) + sized(kP));
  }

  // --- Loss ---

  TEST_CASE("rtp h264: a damaged picture goes, with all that follow up to the next key frame") {
    Proven rig;
    rig.push(kP, 7200).lose().push(kP2, 7200, true);
    CHECK(rig.damages == std::vector{Damage::Loss});
    rig.push(kP, 10'800, true)
        .push(kP, 14'400, true)
        .push(kIdr, 18'000, true)
        .push(kP, 21'600, true);
    CHECK(rig.log == "TKFKF");
    CHECK(rig.damages == std::vector{Damage::Loss, Damage::Reference, Damage::Reference});
  }

  TEST_CASE("rtp h264: a damaged picture that nothing refers to goes alone") {
    Proven rig;
    rig.push(kB, 7200).lose().push(later('\x01'), 7200, true).push(kP, 10'800, true);
    CHECK(rig.log == "TKFF");
    CHECK(rig.frames.back().timestamp == 10'800);
    CHECK(rig.damages == std::vector{Damage::Loss});
  }

  TEST_CASE("rtp h264: after a loss between pictures a whole key frame is good, others are not") {
    Proven rig;
    rig.lose().push(kP, 7200, true).lose().push(kIdr, 10'800, true).push(kP, 14'400, true);
    CHECK(rig.log == "TKFKF");
    rig.lose().push(kIdr2, 18'000, true).push(kP, 21'600, true);  // its beginning is missing
    CHECK(rig.log == "TKFKF");
  }

  TEST_CASE("rtp h264: fragments without their middle do not become a NAL unit") {
    Proven rig;
    const auto packets = fragments(first('\x65', std::string(100, 'x')), 30);
    rig.push(packets[0], 7200).push(packets[1], 7200).lose().push(packets[3], 7200, true);
    rig.push(kIdr, 10'800, true);
    CHECK(rig.log == "TKFK");
    CHECK(rig.frames.back().payload == sized(kIdr));
  }

  TEST_CASE(
      "rtp h264: damaged pictures are passed on if that is wanted, without what is not whole") {
    RtpRig rig(with_sets(), {.damaged = mux::DamagedPictures::Pass});
    rig.push(kIdr, 0, true).push(kP, 3600, true);
    const auto packets = fragments(later('\x41', std::string(100, 'x')), 30);
    rig.push(kP, 7200).push(packets[0], 7200).lose().push(packets[2], 7200, true);
    rig.push(kP, 10'800, true).lose().push(kP, 18'000, true);
    CHECK(rig.log == "TKFFFF");
    CHECK(rig.frames[2].payload == sized(kP));
    CHECK(rig.damages == std::vector{Damage::Loss});
  }

  TEST_CASE("rtp h264: a stream that is joined in the middle begins with its first key frame") {
    RtpRig rig(with_sets());
    rig.push(unhex("5c01") + "rest", 0).push(unhex("5c41") + "rest", 0, true).push(kP2, 3600, true);
    rig.push(kP, 7200, true).push(kIdr, 10'800, true).push(kP, 14'400, true);
    CHECK(rig.log == "TKF");
    CHECK(rig.damages.empty());
  }

  // --- Bounds ---

  TEST_CASE("rtp h264: a picture over the limit is dropped and counted, and the stream goes on") {
    RtpRig rig(with_sets(), {.max_frame_bytes = 10'000});
    rig.push(kIdr, 0, true).push(kP, 3600, true);
    const std::string large = unhex("5c01") + std::string(1000, 'x');
    rig.push(unhex("5c819a84"), 7200);
    for (int i = 0; i < 20; ++i)
      rig.push(large, 7200);
    rig.push(unhex("5c41") + "end", 7200, true).push(kIdr, 10'800, true);
    CHECK(rig.log == "TKFK");
    CHECK(rig.damages == std::vector{Damage::TooLarge});
    CHECK(rig.pool.bytes_in_use() < 20'000);
  }

  TEST_CASE("rtp h264: NAL units without number and sets without size are bounded") {
    Proven rig;
    const std::string many = stap({kP2, kP2, kP2});
    rig.push(kP, 7200);
    for (int i = 0; i < 2000; ++i)
      rig.push(many, 7200);
    rig.push(kP, 10'800, true);
    CHECK(rig.damages[0] == Damage::TooLarge);
    rig.push(kSps + std::string(20'000, 'x'), 14'400).push(kIdr, 14'400, true);
    CHECK(rig.tracks.size() == 1);
    CHECK(rig.ignored == std::vector<std::string>{"parameter set is too large"});
    CHECK(rig.log == "TKFK");
  }

  TEST_CASE("rtp h264: lengths that lie cost their picture only") {
    Proven rig;
    rig.push(stap({kSei, kP}) + unhex("ffff41"), 7200, true).push(kIdr, 10'800, true);
    CHECK(rig.log == "TKFK");
    CHECK(rig.damages == std::vector{Damage::Malformed});
  }
}
