// SPDX-License-Identifier: Apache-2.0
// H.265 from RTP, as the RFC has it and as cameras send it.
#include <doctest/doctest.h>

#include "base/hash.h"
#include "support/rtp_rig.h"

using namespace sluice;
using mux::Damage;
using test::RtpRig;
using test::sized;
using test::unhex;

namespace {

const std::string kVps = unhex("40010c01ffff016000000300900000030000030078959809");
const std::string kSps =
    unhex("420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c84");
const std::string kPps = unhex("4401c172b46240");
const std::string kOtherVps = unhex("40010c01ffff02200000030090000003000003001e959809");
const std::string kOtherSps =
    unhex("42010102200000030090000003000003001ea0142061f2365959a4932bc05a020000030002000003003210");
const std::string kSei = unhex("4e01051122334480");
const std::string kSuffixSei = unhex("500184041122334480");
const std::string kDelimiter = unhex("460150");
const std::string kStart3 = unhex("000001");
const std::string kStart4 = unhex("00000001");

enum Type : unsigned {
  kTrailN = 0,
  kTrailR = 1,
  kRadlR = 7,
  kRaslN = 8,
  kRaslR = 9,
  kBla = 16,
  kIdrRadl = 19,
  kIdrNoLeading = 20,
  kCra = 21,
};

// Slice segments: the first one of a picture, and another one. Layers count from 0.
std::string segment(unsigned type, bool first, std::string_view rest, unsigned layer) {
  std::string out;
  base::ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(type << 1));
  writer.u8(static_cast<std::uint8_t>(layer + 1));
  const unsigned pps_0 = type >= kBla ? 0x2f : 0x5f;
  writer.u8(static_cast<std::uint8_t>((first ? 0x80 : 0) | pps_0));
  return out.append(rest);
}
std::string first(unsigned type, std::string_view rest = "first slice", unsigned layer = 0) {
  return segment(type, true, rest, layer);
}
std::string later(unsigned type, std::string_view rest = "other slice") {
  return segment(type, false, rest, 0);
}
const std::string kIdr = first(kIdrRadl);
const std::string kIdr2 = later(kIdrRadl);
const std::string kP = first(kTrailR);
const std::string kP2 = later(kTrailR);
const std::string kB = first(kTrailN);  // nothing refers to it

// With order numbers where `has_order`.
std::string aggregate(std::initializer_list<std::string> nals, bool has_order = false) {
  std::string out = unhex("6001");
  for (const std::string &nal : nals) {
    if (has_order) out += out.size() == 2 ? unhex("0009") : unhex("00");
    base::ByteWriter(out).u16(static_cast<std::uint16_t>(nal.size()));
    out += nal;
  }
  return out;
}

// Fragmentation units with so many bytes each.
std::vector<std::string> fragments(const std::string &nal, std::size_t size,
                                   bool has_order = false) {
  std::vector<std::string> out;
  for (std::size_t at = 2; at < nal.size(); at += size) {
    const bool start = at == 2;
    const bool end = at + size >= nal.size();
    std::string packet = unhex("62") + nal[1];
    packet.push_back(
        static_cast<char>((start ? 0x80 : 0) | (end ? 0x40 : 0) | (nal[0] >> 1 & 0x3f)));
    if (has_order && start) packet += unhex("0009");
    out.push_back(packet + nal.substr(at, size));
  }
  return out;
}

wire::sdp::Format plain() { return {.payload_type = 98, .encoding = "H265", .clock_rate = 90'000}; }

std::string base64(const std::string &nal) { return base::base64(base::as_bytes(nal)); }

wire::sdp::Format with_sets() {
  wire::sdp::Format format = plain();
  format.parameters =
      "sprop-vps=" + base64(kVps) + "; sprop-sps=" + base64(kSps) + "; sprop-pps=" + base64(kPps);
  return format;
}

// A rig whose camera has proven that it means its markers.
struct Proven : RtpRig {
  explicit Proven(mux::DepacketizerOptions options = {}) : RtpRig(with_sets(), options) {
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
  TEST_CASE("rtp h265: parameter sets of the session description make the track") {
    for (const char *name : {"H265", "hevc"}) {
      wire::sdp::Format format = with_sets();
      format.encoding = name;
      RtpRig rig(format);
      rig.push(kIdr, 1000, true).push(kP, 4600, true);
      CHECK(rig.log == "TKF");
      CHECK(rig.tracks[0].width == 1920);
      CHECK(rig.tracks[0].height == 1080);
      CHECK(rig.tracks[0].codec_string == "hvc1.1.6.L120.90");
      CHECK(rig.frames[0].payload == sized(kIdr));
      CHECK(rig.frames[0].timestamp == 1000);
      CHECK(rig.frames[1].payload == sized(kP));
      CHECK(rig.quirks.empty());
      CHECK(rig.ignored.empty());
    }
  }

  TEST_CASE("rtp h265: sets in band are taken out of the picture, SEI stays, delimiters go") {
    RtpRig rig(plain());
    rig.push(kDelimiter, 0).push(aggregate({kVps, kSps, kPps, kSei}), 0).push(kIdr, 0);
    rig.push(kSuffixSei, 0, true).flush();
    CHECK(rig.log == "TK");
    CHECK(rig.frames[0].payload == sized(kSei) + sized(kIdr) + sized(kSuffixSei));
  }

  TEST_CASE("rtp h265: fragments are put together with one copy of each byte") {
    Proven rig;
    const std::string idr = first(kIdrRadl, std::string(5000, 'x'));
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint64_t so_far = rig.depacketizer->copied_bytes();
      push_fragments(rig, fragments(idr, 1400), 7200 + i * 3600);
      CHECK(rig.frames.back().payload == sized(idr));
      CHECK(rig.frames.back().key);
      // The first one of its size is moved as it grows.
      if (i > 0) CHECK(rig.depacketizer->copied_bytes() - so_far == idr.size() + 4);
    }
    CHECK(rig.log == "TKFKKKK");
  }

  TEST_CASE("rtp h265: order numbers are skipped in every kind of packet") {
    for (const char *stated : {";sprop-max-don-diff=2", ";sprop-depack-buf-nalus=1"}) {
      wire::sdp::Format format = with_sets();
      format.parameters += stated;
      RtpRig rig(format);
      const auto single = [](const std::string &nal) {
        return nal.substr(0, 2) + unhex("0007") + nal.substr(2);
      };
      rig.push(single(kIdr), 0, true).push(single(kP), 3600, true);
      rig.push(aggregate({kSei, kP, kP2}, true), 7200, true);
      push_fragments(rig, fragments(kP, 4, true), 10'800);
      REQUIRE(rig.log == "TKFFF");
      CHECK(rig.frames[0].payload == sized(kIdr));
      CHECK(rig.frames[2].payload == sized(kSei) + sized(kP) + sized(kP2));
      CHECK(rig.frames[3].payload == sized(kP));
    }
  }

  TEST_CASE("rtp h265: packets of a kind that nobody sends are dropped and told") {
    Proven rig;
    rig.push(unhex("6401") + "content", 7200).push(kP, 7200, true);
    CHECK(rig.log == "TKFF");
    CHECK(rig.ignored.size() == 1);
  }

  TEST_CASE("rtp h265: other layers of the picture are left out") {
    Proven rig;
    rig.push(kP, 7200).push(unhex("0209") + kP.substr(2), 7200, true);
    rig.push(kP, 10'800, true);
    CHECK(rig.log == "TKFFF");
    CHECK(rig.frames[2].payload == sized(kP));
  }

  // --- Parameter sets that are missing, broken or change ---

  TEST_CASE("rtp h265: without parameter sets nothing is given out until all have come") {
    RtpRig rig(plain());
    rig.push(kIdr, 0, true).push(kP, 3600, true);
    CHECK(rig.damages == std::vector{Damage::NoConfig});
    rig.push(kVps, 7200).push(kSps, 7200).push(kIdr, 7200, true);
    CHECK(rig.log.empty());
    rig.push(kPps, 10'800).push(kIdr, 10'800, true).push(kP, 14'400, true);
    CHECK(rig.log == "TKF");
    CHECK(rig.frames[0].timestamp == 10'800);
  }

  TEST_CASE("rtp h265: some sets of the session description without the others are not believed") {
    for (const std::string &stated :
         {"sprop-sps=" + base64(kOtherSps), "sprop-vps=" + base64(kOtherVps) + ";sprop-sps=Qg==",
          "sprop-vps=!!;sprop-sps=" + base64(kOtherSps) + ";sprop-pps=" + base64(kPps)}) {
      wire::sdp::Format format = plain();
      format.parameters = stated;
      RtpRig rig(format);
      rig.push(kIdr, 0, true);
      CHECK(rig.log.empty());
      rig.push(aggregate({kVps, kSps, kPps}), 3600).push(kIdr, 3600, true).push(kP, 7200, true);
      CHECK(rig.log == "TKF");
      CHECK(rig.tracks[0].width == 1920);
    }
  }

  TEST_CASE("rtp h265: sets that change in mid-stream are told before the frame that needs them") {
    Proven rig;
    rig.push(aggregate({kVps, kSps, kPps}), 7200).push(kIdr, 7200, true);
    CHECK(rig.log == "TKFK");  // the same ones again
    rig.push(aggregate({kOtherVps, kOtherSps, kPps}), 10'800).push(kIdr, 10'800, true);
    CHECK(rig.log == "TKFKTK");
    CHECK(rig.tracks[1].width == 160);
    CHECK(rig.tracks[1].codec_string == "hvc1.2.4.L30.90");
  }

  TEST_CASE("rtp h265: sets with a start code before them and zeros behind them are the same") {
    RtpRig rig(with_sets());
    rig.push(kStart4 + kVps + kStart3 + kSps + std::string(2, '\0') + kStart4 + kPps, 0);
    rig.push(kIdr, 0, true).push(kP, 3600, true);
    CHECK(rig.log == "TKF");
    CHECK(rig.has_quirk("start codes in packets"));
  }

  TEST_CASE("rtp h265: several NAL units in fragments are parted wherever they are cut") {
    const std::string idr = first(kIdrRadl, std::string(40, 'x'));
    const std::string glued =
        kVps + kStart4 + kSps + kStart3 + kPps + kStart4 + kSei + kStart3 + idr + kStart3 + kIdr2;
    for (std::size_t size = 1; size < glued.size(); ++size) {
      CAPTURE(size);
      RtpRig rig(plain());
      push_fragments(rig, fragments(glued, size), 0);
      rig.push(kP, 3600, true);
      REQUIRE(rig.log == "TKF");
      REQUIRE(rig.frames[0].payload == sized(kSei) + sized(idr) + sized(kIdr2));
    }
  }

  // --- Where pictures begin and end ---

  TEST_CASE("rtp h265: without markers pictures end where the time stamp changes") {
    RtpRig rig(with_sets());
    for (std::uint32_t i = 0; i < 6; ++i)
      rig.push(i == 0 ? kIdr : kP, i * 3600).push(i == 0 ? kIdr2 : kP2, i * 3600);
    CHECK(rig.log == "TKFFFF");
    CHECK(rig.frames[1].payload == sized(kP) + sized(kP2));
    CHECK(rig.has_quirk("pictures end without a marker"));
    CHECK(rig.flush().log == "TKFFFFF");
  }

  TEST_CASE("rtp h265: a marker on what is no picture ends nothing") {
    RtpRig rig(plain());
    rig.push(kVps, 0, true).push(kSps, 0, true).push(kPps, 0, true).push(kSei, 0, true);
    rig.push(kIdr, 0, true).push(kSei, 3600, true).push(kP, 3600, true).push(kP, 7200, true);
    CHECK(rig.log == "TKFF");
    CHECK(rig.frames[0].payload == sized(kSei) + sized(kIdr));
    CHECK(rig.has_quirk("marker on what is no picture"));
  }

  TEST_CASE("rtp h265: a marker on every slice is found out at the first picture") {
    RtpRig rig(with_sets());
    for (std::uint32_t i = 0; i < 3; ++i)
      rig.push(i == 0 ? kIdr : kP, i * 3600, true).push(i == 0 ? kIdr2 : kP2, i * 3600, true);
    rig.flush();
    CHECK(rig.log == "TKFF");
    CHECK(rig.frames[0].payload == sized(kIdr) + sized(kIdr2));
    CHECK(rig.frames[2].payload == sized(kP) + sized(kP2));
    CHECK(rig.has_quirk("marker before the last slice of a picture"));
  }

  TEST_CASE("rtp h265: a marker that begins to lie costs one picture") {
    Proven rig;
    rig.push(kP, 7200, true).push(kP2, 7200, true).push(kIdr, 10'800, true);
    rig.push(kIdr2, 10'800, true).push(kP, 14'400, true).push(kP2, 14'400, true).flush();
    CHECK(rig.log == "TKFFKF");
    CHECK(rig.frames[3].payload == sized(kIdr) + sized(kIdr2));
    CHECK(rig.frames[4].payload == sized(kP) + sized(kP2));
  }

  TEST_CASE("rtp h265: pictures are told apart though the clock stands still") {
    RtpRig rig(with_sets());
    rig.push(kIdr, 0).push(kIdr2, 0).push(kP, 0).push(kP2, 0).push(kP, 0).flush();
    CHECK(rig.log == "TKFF");
    CHECK(rig.frames[1].payload == sized(kP) + sized(kP2));
  }

  // --- Key frames and what hangs on them ---

  TEST_CASE("rtp h265: every picture of random access is a key frame") {
    for (unsigned type : {kBla, kIdrRadl, kIdrNoLeading, kCra}) {
      CAPTURE(type);
      RtpRig rig(with_sets());
      rig.push(kP, 0, true).push(first(type), 3600, true).push(kP, 7200, true);
      CHECK(rig.log == "TKF");
    }
  }

  TEST_CASE(
      "rtp h265: at the start and after a loss leading pictures that lack theirs are let go") {
    RtpRig rig(with_sets());
    const std::string cra = first(kCra);
    rig.push(cra, 0, true).push(first(kRaslN), 3600, true).push(first(kRaslR), 7200, true);
    rig.push(first(kRadlR), 10'800, true).push(kP, 14'400, true);
    CHECK(rig.log == "TKFF");
    CHECK(rig.frames[1].timestamp == 10'800);
    // Behind a key frame before which nothing is missing they are good.
    rig.push(cra, 18'000, true).push(first(kRaslR), 21'600, true).push(kP, 25'200, true);
    CHECK(rig.log == "TKFFKFF");
    rig.lose().push(kP, 28'800, true).push(cra, 32'400, true);
    rig.push(first(kRaslR), 36'000, true).push(kP, 39'600, true);
    CHECK(rig.log == "TKFFKFFKF");
    CHECK(rig.damages == std::vector{Damage::Reference});
  }

  // --- Loss ---

  TEST_CASE("rtp h265: a damaged picture goes, with all that follow up to the next key frame") {
    Proven rig;
    rig.push(kP, 7200).lose().push(kP2, 7200, true);
    rig.push(kP, 10'800, true).push(kIdr, 14'400, true).push(kP, 18'000, true);
    CHECK(rig.log == "TKFKF");
    CHECK(rig.damages == std::vector{Damage::Loss, Damage::Reference});
  }

  TEST_CASE("rtp h265: a damaged picture that nothing refers to goes alone") {
    Proven rig;
    rig.push(kB, 7200).lose().push(later(kTrailN), 7200, true).push(kP, 10'800, true);
    CHECK(rig.log == "TKFF");
    CHECK(rig.damages == std::vector{Damage::Loss});
  }

  TEST_CASE("rtp h265: with temporal layers only the highest one has pictures of no consequence") {
    Proven rig;
    const std::string high = first(kTrailN, "first slice", 1);
    rig.push(high, 7200, true);
    rig.push(high, 10'800).lose().push(unhex("00025f") + "x", 10'800, true).push(kP, 14'400, true);
    CHECK(rig.log == "TKFFF");
    rig.push(kB, 18'000).lose().push(later(kTrailN), 18'000, true).push(kP, 21'600, true);
    CHECK(rig.log == "TKFFF");
    CHECK(rig.damages == std::vector{Damage::Loss, Damage::Loss, Damage::Reference});
  }

  TEST_CASE("rtp h265: after a loss between pictures a whole key frame is good, others are not") {
    Proven rig;
    rig.lose().push(kP, 7200, true).lose().push(kIdr, 10'800, true).push(kP, 14'400, true);
    CHECK(rig.log == "TKFKF");
    rig.lose().push(kIdr2, 18'000, true).push(kP, 21'600, true);  // its beginning is missing
    CHECK(rig.log == "TKFKF");
  }

  TEST_CASE("rtp h265: fragments without their middle do not become a NAL unit") {
    Proven rig;
    const auto packets = fragments(first(kIdrRadl, std::string(100, 'x')), 30);
    rig.push(packets[0], 7200).push(packets[1], 7200).lose().push(packets[3], 7200, true);
    rig.push(kIdr, 10'800, true);
    CHECK(rig.log == "TKFK");
    CHECK(rig.frames.back().payload == sized(kIdr));
  }

  TEST_CASE("rtp h265: damaged pictures are passed on if that is wanted, less what is not whole") {
    Proven rig({.damaged = mux::DamagedPictures::Pass});
    const auto packets = fragments(later(kTrailR, std::string(100, 'x')), 30);
    rig.push(kP, 7200).push(packets[0], 7200).lose().push(packets[2], 7200, true);
    rig.push(kP, 10'800, true);
    CHECK(rig.log == "TKFFF");
    CHECK(rig.frames[2].payload == sized(kP));
    CHECK(rig.damages == std::vector{Damage::Loss});
  }

  // --- Bounds ---

  TEST_CASE("rtp h265: lengths that lie cost their picture only") {
    for (const std::string &lie : {aggregate({kP2, kSuffixSei}) + unhex("ffff41"),
                                   unhex("6001000c02"), unhex("62"), unhex("6201"), unhex("02")}) {
      Proven rig;
      rig.push(kP, 7200).push(lie, 7200, true).push(kIdr, 10'800, true);
      CHECK(rig.log == "TKFK");
      CHECK(rig.damages == std::vector{Damage::Malformed});
    }
  }

  TEST_CASE("rtp h265: sets without size are not kept") {
    Proven rig;
    rig.push(kSps + std::string(20'000, 'x'), 7200).push(kIdr, 7200, true);
    CHECK(rig.log == "TKFK");
    CHECK(rig.ignored == std::vector<std::string>{"parameter set is too large"});
  }
}
