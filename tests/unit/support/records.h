// SPDX-License-Identifier: Apache-2.0
// Configuration records of real encoders (x264, x265, libaom, libvpx), in hexadecimal.
#pragma once

#include <string>
#include <string_view>

namespace sluice::test {

// Blanks may stand anywhere.
inline std::string unhex(std::string_view hex) {
  std::string bytes;
  int high = -1;
  for (char c : hex) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<char>(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

// 1920x1080, cropped, High.
inline constexpr std::string_view kAvc1080 =
    "01640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c65801000668ebe3cb22c0fd"
    "f8f800";
// 720x576, fields.
inline constexpr std::string_view kAvcInterlaced =
    "0164001effe100186764001eacd940b424d8088000000300800000190f8a14cb01000668fba3cb22c0fdf8f800";
// 160x90, Constrained Baseline.
inline constexpr std::string_view kAvcBaseline =
    "0142c00bffe100186742c00bd9028df93011000003000100000300320f142a4801000568cb83cb20";
// 162x92, 4:4:4.
inline constexpr std::string_view kAvc444 =
    "01f4000bffe1001967f4000b919b2859bc7cb808800000030080000019078a14cb01000668ebe3c44844fff8f8"
    "00";
// 160x90, 4:2:2 in 10 bits.
inline constexpr std::string_view kAvc422 =
    "017a000bffe1001a677a000bb6cd9428df9f011000000300100000030320f142996001000668ebe3cb22c0fefa"
    "fa00";
// 160x90 with scaling matrices.
inline constexpr std::string_view kAvcMatrices =
    "0164000bffe100196764000bacd9428df93011000003000100000300320f14299601000768ebe3cb3002c0fdf8"
    "f800";
// 1920x1080, Main.
inline constexpr std::string_view kHevc1080 =
    "01016000000090000000000078f000fcfdf8f800000f03a00001001840010c01ffff0160000003009000000300"
    "00030078959809a10001002a420101016000000300900000030000030078a003c08010e596566924caf0168080"
    "000003008000000c84a2000100074401c172b46240";
// 160x90, Main 10.
inline constexpr std::string_view kHevcMain10 =
    "0102200000009000000000001ef000fcfdfafa00000f03a00001001840010c01ffff0220000003009000000300"
    "0003001e959809a10001002b42010102200000030090000003000003001ea0142061f2365959a4932bc05a0200"
    "00030002000003003210a2000100074401c172b46240";
// 160x90, 4:4:4.
inline constexpr std::string_view kHevc444 =
    "0104080000009e08000000001ef000fcfff8f800000f03a00001001740010c01ffff0408000003009e08000003"
    "00001e959809a10001002a4201010408000003009e0800000300001e9002840c3e7cb2b349265780b404000003"
    "0004000003006420a2000100084401c172860c4624";
// 160x96.
inline constexpr std::string_view kAv1 = "81000c000a0a00000003b4fdf36be401";
// 160x96, as in MP4.
inline constexpr std::string_view kVp9 = "01000000000a820202020000";

}  // namespace sluice::test
