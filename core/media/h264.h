// SPDX-License-Identifier: Apache-2.0
// H.264 parameter sets: the configuration record (avcC, ISO/IEC 14496-15) and as much of the
// sequence parameter set (ITU-T H.264 clause 7.3.2.1) as tells the picture's size. Pure; takes
// hostile bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::media {

struct AvcConfig {
  std::uint8_t profile = 0;
  std::uint8_t compatibility = 0;
  std::uint8_t level = 0;
  std::uint8_t length_size = 4;  // bytes of a NAL unit's length
  std::vector<base::Bytes> sps;  // views into the record
  std::vector<base::Bytes> pps;
};
base::Result<AvcConfig> parse_avc_config(base::Bytes record);

struct H264Sps {
  std::uint8_t profile = 0;
  std::uint8_t compatibility = 0;
  std::uint8_t level = 0;
  std::uint32_t width = 0;  // of the cropped picture
  std::uint32_t height = 0;
};
// `nal` with its one-byte header, without start code.
base::Result<H264Sps> parse_h264_sps(base::Bytes nal);

// "avc1.64001f"
std::string h264_codec_string(std::uint8_t profile, std::uint8_t compatibility, std::uint8_t level);

}  // namespace sluice::media
