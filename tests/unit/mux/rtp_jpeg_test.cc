// SPDX-License-Identifier: Apache-2.0
// Motion JPEG from RTP.
#include <doctest/doctest.h>

#include "support/rtp_rig.h"

using namespace sluice;
using mux::Damage;
using test::RtpRig;
using test::unhex;

namespace {

wire::sdp::Format jpeg() { return {.payload_type = 26, .encoding = "JPEG", .clock_rate = 90'000}; }

std::string packet(std::uint32_t offset, unsigned quality, std::string_view rest,
                   unsigned width = 40, unsigned height = 30) {
  std::string out;
  base::ByteWriter writer(out);
  writer.u32(offset);
  writer.u8(1);
  writer.u8(static_cast<std::uint8_t>(quality));
  writer.u8(static_cast<std::uint8_t>(width));
  writer.u8(static_cast<std::uint8_t>(height));
  return out.append(rest);
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("rtp jpeg: the head is written again and the end is put on") {
    RtpRig rig(jpeg());
    rig.push(packet(0, 50, "abc"), 0).push(packet(3, 50, "def"), 0, true);
    rig.push(packet(0, 50, "ghi" + unhex("ffd9")), 3600, true);
    REQUIRE(rig.log == "TKK");
    CHECK(rig.tracks[0].width == 320);
    CHECK(rig.tracks[0].height == 240);
    const std::string &picture = rig.frames[0].payload;
    CHECK(picture.starts_with(unhex("ffd8ffdb004300100b0c0e0c0a10")));
    CHECK(picture.contains(unhex("ffc0001108 00f0 0140 03 002200 011101 021101")));
    CHECK(picture.ends_with("\x3f" + std::string(1, '\0') + "abcdef" + unhex("ffd9")));
    CHECK(rig.frames[1].payload.ends_with("ghi" + unhex("ffd9")));
  }

  TEST_CASE("rtp jpeg: tables in band are kept for their number, and needed") {
    RtpRig rig(jpeg());
    rig.push(packet(0, 200, unhex("00000000") + "x"), 0, true);
    CHECK(rig.damages == std::vector{Damage::NoConfig});
    rig.push(packet(0, 200, unhex("00000080") + std::string(128, 'q') + "x"), 3600, true);
    rig.push(packet(0, 200, unhex("00000000") + "y"), 7200, true);
    CHECK(rig.log == "TKK");
    CHECK(rig.frames[1].payload.contains(std::string(64, 'q')));
  }

  TEST_CASE("rtp jpeg: a picture of which a part is missing is dropped alone") {
    RtpRig rig(jpeg());
    rig.push(packet(0, 50, "abc"), 0).lose().push(packet(6, 50, "ghi"), 0, true);
    rig.push(packet(0, 50, "abc"), 3600).push(packet(9, 50, "abc"), 3600, true);
    rig.push(packet(0, 50, "abc"), 7200, true);
    CHECK(rig.log == "TK");
    CHECK(rig.damages == std::vector{Damage::Loss, Damage::Loss});
  }

  TEST_CASE(
      "rtp jpeg: a picture whose beginning is missing is counted, once, and not at the start") {
    RtpRig rig(jpeg());
    rig.push(packet(3, 50, "def"), 0).push(packet(6, 50, "ghi"), 0, true);
    CHECK(rig.damages.empty());
    rig.push(packet(0, 50, "abc"), 3600, true);
    rig.lose().push(packet(3, 50, "def"), 7200).push(packet(6, 50, "ghi"), 7200, true);
    CHECK(rig.damages == std::vector{Damage::Loss});
    rig.push(packet(0, 50, "abc"), 10'800).lose().push(packet(6, 50, "ghi"), 10'800);
    rig.push(packet(9, 50, "jkl"), 10'800, true).push(packet(0, 50, "abc"), 14'400, true);
    CHECK(rig.damages == std::vector{Damage::Loss, Damage::Loss});
    CHECK(rig.log == "TKK");
  }

  TEST_CASE("rtp jpeg: sides of more than 2040 pixels are told by their wrapped form") {
    for (const auto &[width, height, real_width, real_height] :
         {std::tuple{64U, 180U, 2560U, 1440U}, std::tuple{32U, 162U, 2304U, 1296U},
          std::tuple{224U, 14U, 3840U, 2160U}, std::tuple{0U, 192U, 2048U, 1536U},
          std::tuple{160U, 90U, 1280U, 720U}}) {
      RtpRig rig(jpeg());
      rig.push(packet(0, 50, "abc", width, height), 0, true);
      CHECK(rig.tracks[0].width == real_width);
      CHECK(rig.tracks[0].height == real_height);
    }
  }
}
