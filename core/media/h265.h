// SPDX-License-Identifier: Apache-2.0
// H.265 parameter sets: the configuration record (hvcC, ISO/IEC 14496-15) and as much of the
// sequence parameter set (ITU-T H.265 clause 7.3.2.2) as tells the picture's size. Pure; takes
// hostile bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
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
  std::uint32_t chroma = 1;  // chroma_format_idc
  std::uint32_t luma_bits = 8;
  std::uint32_t chroma_bits = 8;
  std::uint32_t sub_layers = 1;  // temporal ones
  bool nested = false;           // sps_temporal_id_nesting_flag
  std::int32_t reorder_frames =
      -1;                 // sps_max_num_reorder_pics of the highest sub-layer; -1: not told
  double frame_rate = 0;  // of the VUI's timing; 0: not told, or not believable
};
// `nal` with its two-byte header, without start code.
base::Result<H265Sps> parse_h265_sps(base::Bytes nal);

// The ids by which parameter sets name each other. Nothing when the NAL unit cannot be parsed so
// far.
std::optional<std::uint32_t> h265_vps_id(base::Bytes nal);
std::optional<std::uint32_t> h265_sps_id(base::Bytes nal);
struct H265PpsIds {
  std::uint32_t pps = 0;
  std::uint32_t sps = 0;
};
std::optional<H265PpsIds> h265_pps_ids(base::Bytes nal);

// The first fields of a slice segment header (clause 7.3.6.1).
struct H265SliceStart {
  bool first_segment = false;  // the slice begins a picture
  std::uint32_t pps = 0;
};
std::optional<H265SliceStart> h265_slice_start(base::Bytes nal);

// The configuration record of NAL units. An SPS that cannot be parsed further than its profile will
// do. TooLarge when they do not fit the record; Malformed without a usable SPS.
struct HevcSets {
  std::span<const base::Bytes> vps;
  std::span<const base::Bytes> sps;
  std::span<const base::Bytes> pps;
};
base::Result<std::string> make_hevc_config(const HevcSets &sets);

}  // namespace sluice::media
