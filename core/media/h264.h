// SPDX-License-Identifier: Apache-2.0
// H.264 parameter sets: the configuration record (avcC, ISO/IEC 14496-15) and as much of the
// sequence parameter set (ITU-T H.264 clause 7.3.2.1) as tells the picture's size. Pure; takes
// hostile bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
  std::uint32_t chroma = 1;  // chroma_format_idc
  std::uint32_t luma_bits = 8;
  std::uint32_t chroma_bits = 8;
  bool frames_only = true;  // no fields
  std::int32_t reorder_frames =
      -1;                 // max_num_reorder_frames, or what the profile implies; -1: not told
  double frame_rate = 0;  // of the VUI's timing; 0: not told, or not believable
};
// `nal` with its one-byte header, without start code.
base::Result<H264Sps> parse_h264_sps(base::Bytes nal);

// The ids by which parameter sets name each other. Nothing when the NAL unit is too short.
std::optional<std::uint32_t> h264_sps_id(base::Bytes nal);
struct H264PpsIds {
  std::uint32_t pps = 0;
  std::uint32_t sps = 0;
};
std::optional<H264PpsIds> h264_pps_ids(base::Bytes nal);

// The first fields of a slice header (clause 7.3.3).
struct H264SliceStart {
  std::uint32_t first_macroblock = 0;  // 0: the slice begins a picture
  std::uint32_t type = 0;              // slice_type % 5: 0 P, 1 B, 2 I, 3 SP, 4 SI
  std::uint32_t pps = 0;
};
std::optional<H264SliceStart> h264_slice_start(base::Bytes nal);

// The configuration record of NAL units, which need not be parsable: only the first four bytes of
// the first SPS are looked at. TooLarge when they do not fit the record; Malformed without a usable
// SPS.
base::Result<std::string> make_avc_config(std::span<const base::Bytes> sps,
                                          std::span<const base::Bytes> pps);

// "avc1.64001f"
std::string h264_codec_string(std::uint8_t profile, std::uint8_t compatibility, std::uint8_t level);

}  // namespace sluice::media
