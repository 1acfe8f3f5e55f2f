// SPDX-License-Identifier: Apache-2.0
#include "media/h264.h"

#include <fmt/format.h>

#include "media/bits.h"
#include "media/picture_size.h"

namespace sluice::media {

namespace {

using base::Code;
using base::Domain;

// What a real SPS needs is far below; the rest of a longer one is not looked at.
constexpr std::size_t kSpsLimit = 4096;

// Profiles whose SPS has the chroma format and scaling matrices (clause 7.3.2.1.1).
bool has_chroma_format(std::uint8_t profile) {
  switch (profile) {
    case 100:
    case 110:
    case 122:
    case 244:
    case 44:
    case 83:
    case 86:
    case 118:
    case 128:
    case 138:
    case 139:
    case 134:
    case 135:
      return true;
    default:
      return false;
  }
}

void skip_scaling_list(BitReader &in, unsigned size) {
  std::int64_t last = 8;
  std::int64_t next = 8;
  for (unsigned i = 0; i < size && in.ok(); ++i) {
    if (next != 0) next = (last + in.se() + 256) & 0xff;
    if (next != 0) last = next;
  }
}

// Returns chroma_format_idc, or 0 for separate colour planes, which are cropped like monochrome.
std::uint32_t read_chroma(BitReader &in) {
  const std::uint32_t format = in.ue();
  const bool separate_planes = format == 3 && in.flag();
  in.ue();    // bit_depth_luma_minus8
  in.ue();    // bit_depth_chroma_minus8
  in.flag();  // qpprime_y_zero_transform_bypass_flag
  if (in.flag()) {
    const unsigned lists = format == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists; ++i) {
      if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
    }
  }
  return separate_planes ? 0 : format;
}

void skip_picture_order(BitReader &in) {
  const std::uint32_t type = in.ue();
  if (type == 0) {
    in.ue();  // log2_max_pic_order_cnt_lsb_minus4
  } else if (type == 1) {
    in.flag();
    in.se();
    in.se();
    const std::uint32_t cycle = in.ue();
    for (std::uint32_t i = 0; i < cycle && in.ok(); ++i)
      in.se();
  }
}

base::Status read_arrays(base::ByteReader &in, std::vector<base::Bytes> &out, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const base::Bytes nal = in.take(in.u16());
    if (!in.ok())
      return base::fail(Domain::Media, Code::Truncated, "avcC ends inside a parameter set");
    if (!nal.empty()) out.push_back(nal);
  }
  return {};
}

}  // namespace

base::Result<AvcConfig> parse_avc_config(base::Bytes record) {
  base::ByteReader in(record);
  const std::uint8_t version = in.u8();
  AvcConfig config;
  config.profile = in.u8();
  config.compatibility = in.u8();
  config.level = in.u8();
  config.length_size = static_cast<std::uint8_t>((in.u8() & 3U) + 1);
  const unsigned sps_count = in.u8() & 0x1fU;
  if (!in.ok()) return base::fail(Domain::Media, Code::Truncated, "avcC is too short");
  if (version != 1)
    return base::fail(Domain::Media, Code::Malformed, "avcC has an unknown version");
  SLUICE_TRY_VOID(read_arrays(in, config.sps, sps_count));
  // Some cameras leave the picture parameter sets out and send them in-band.
  const unsigned pps_count = in.left() == 0 ? 0U : in.u8();
  SLUICE_TRY_VOID(read_arrays(in, config.pps, pps_count));
  return config;
}

base::Result<H264Sps> parse_h264_sps(base::Bytes nal) {
  const std::string rbsp = rbsp_of(nal, kSpsLimit);
  BitReader in(base::as_bytes(rbsp));
  if ((in.bits(8) & 0x1f) != 7) {
    return base::fail(Domain::Media, Code::Malformed,
                      "this is not an H.264 sequence parameter set");
  }
  H264Sps sps;
  sps.profile = static_cast<std::uint8_t>(in.bits(8));
  sps.compatibility = static_cast<std::uint8_t>(in.bits(8));
  sps.level = static_cast<std::uint8_t>(in.bits(8));
  in.ue();  // seq_parameter_set_id
  const std::uint32_t chroma = has_chroma_format(sps.profile) ? read_chroma(in) : 1;
  in.ue();  // log2_max_frame_num_minus4
  skip_picture_order(in);
  in.ue();    // max_num_ref_frames
  in.flag();  // gaps_in_frame_num_value_allowed_flag
  const std::uint64_t width_in_mbs = std::uint64_t{in.ue()} + 1;
  const std::uint64_t height_in_units = std::uint64_t{in.ue()} + 1;
  const bool frames_only = in.flag();
  if (!frames_only) in.flag();  // mb_adaptive_frame_field_flag
  in.flag();                    // direct_8x8_inference_flag
  const std::uint64_t fields = frames_only ? 1 : 2;
  PictureSize size{.width = width_in_mbs * 16, .height = height_in_units * fields * 16};
  if (in.flag()) {
    const std::uint64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    const std::uint64_t unit_y = (chroma == 1 ? 2 : 1) * fields;
    size.crop_x = unit_x * (std::uint64_t{in.ue()} + in.ue());
    size.crop_y = unit_y * (std::uint64_t{in.ue()} + in.ue());
  }
  if (!in.ok() || chroma > 3) {
    return base::fail(Domain::Media, Code::Malformed,
                      "H.264 sequence parameter set breaks the grammar");
  }
  SLUICE_TRY_VOID(size.apply(sps.width, sps.height));
  return sps;
}

std::string h264_codec_string(std::uint8_t profile, std::uint8_t compatibility,
                              std::uint8_t level) {
  return fmt::format("avc1.{:02x}{:02x}{:02x}", profile, compatibility, level);
}

}  // namespace sluice::media
