// SPDX-License-Identifier: Apache-2.0
// H.265 parameter sets: the configuration record (hvcC, ISO/IEC 14496-15) and as much of the
// sequence parameter set (ITU-T H.265 clause 7.3.2.2) as tells the picture's size. Pure; takes
// hostile bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::media {

// general_profile_… of the profile, tier and level syntax, which hvcC repeats.
struct HevcProfile {
  std::uint8_t space = 0;
  bool high_tier = false;
  std::uint8_t profile = 0;
  std::uint32_t compatibility = 0;
  std::array<std::uint8_t, 6> constraints{};
  std::uint8_t level = 0;

  // "hvc1.1.6.L93.b0"
  [[nodiscard]] std::string codec_string() const;
};

struct HevcConfig {
  HevcProfile profile;
  std::uint8_t length_size = 4;  // bytes of a NAL unit's length
  std::vector<base::Bytes> vps;  // views into the record
  std::vector<base::Bytes> sps;
  std::vector<base::Bytes> pps;
};
base::Result<HevcConfig> parse_hevc_config(base::Bytes record);

struct H265Sps {
  HevcProfile profile;
  std::uint32_t width = 0;  // of the conformance window
  std::uint32_t height = 0;
};
// `nal` with its two-byte header, without start code.
base::Result<H265Sps> parse_h265_sps(base::Bytes nal);

}  // namespace sluice::media
