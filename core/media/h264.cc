// SPDX-License-Identifier: Apache-2.0
#include "media/h264.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "media/bits.h"
#include "media/frame_rate.h"
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

// Returns the chroma format by which the picture is cropped: separate colour planes count as
// monochrome.
std::uint32_t read_chroma(BitReader &in, H264Sps &sps) {
  sps.chroma = in.ue();
  const bool separate_planes = sps.chroma == 3 && in.flag();
  sps.luma_bits = 8 + (in.ue() & 7U);
  sps.chroma_bits = 8 + (in.ue() & 7U);
  in.flag();  // qpprime_y_zero_transform_bypass_flag
  if (in.flag()) {
    const unsigned lists = sps.chroma == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists; ++i) {
      if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
    }
  }
  return separate_planes ? 0 : sps.chroma;
}

// Returns pic_order_cnt_type.
std::uint32_t read_picture_order(BitReader &in) {
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
  return type;
}

// Where no picture can be shown before one that was sent earlier, whatever the VUI says or leaves
// out.
bool never_reorders(const H264Sps &sps, std::uint32_t order_type) {
  constexpr std::uint8_t kBaseline = 66;
  constexpr std::uint8_t kIntraOnly = 0x10;  // constraint_set3_flag, of the profiles from High on
  return sps.profile == kBaseline || order_type == 2 ||
         (has_chroma_format(sps.profile) && (sps.compatibility & kIntraOnly) != 0);
}

void skip_hrd(BitReader &in) {
  const std::uint32_t last = in.ue();  // cpb_cnt_minus1
  in.skip(8);
  for (std::uint32_t i = 0; i <= last && i < 32 && in.ok(); ++i) {
    in.ue();
    in.ue();
    in.flag();
  }
  in.skip(20);
}

// Clause E.1.1. What it tells is left unknown when it breaks the grammar: encoders that write a
// wrong VUI are many, and their pictures are good.
void read_vui(BitReader &in, H264Sps &sps) {
  if (in.flag() && in.bits(8) == 255) in.skip(32);  // aspect ratio
  if (in.flag()) in.flag();                         // overscan
  if (in.flag()) {                                  // video signal
    in.skip(4);
    if (in.flag()) in.skip(24);
  }
  if (in.flag()) {  // chroma location
    in.ue();
    in.ue();
  }
  if (in.flag()) {
    const std::uint32_t units = in.bits(32);
    const std::uint32_t scale = in.bits(32);
    in.flag();  // fixed_frame_rate_flag
    if (in.ok()) sps.frame_rate = believable_frame_rate(scale, 2 * std::uint64_t{units});
  }
  const bool nal_hrd = in.flag();
  if (nal_hrd) skip_hrd(in);
  const bool vcl_hrd = in.flag();
  if (vcl_hrd) skip_hrd(in);
  if (nal_hrd || vcl_hrd) in.flag();
  in.flag();               // pic_struct_present_flag
  if (!in.flag()) return;  // bitstream restriction
  in.flag();
  for (int i = 0; i < 4; ++i)
    in.ue();
  const std::uint32_t reorder = in.ue();
  in.ue();  // max_dec_frame_buffering
  if (in.ok() && reorder <= 16) sps.reorder_frames = static_cast<std::int32_t>(reorder);
}

// The first fields of a NAL unit behind its header, of which emulation prevention is taken out.
constexpr std::size_t kStartLimit = 24;

void append_sets(base::ByteWriter &out, std::span<const base::Bytes> sets) {
  for (base::Bytes set : sets) {
    out.u16(static_cast<std::uint16_t>(set.size()));
    out.bytes(set);
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
  const std::uint32_t chroma = has_chroma_format(sps.profile) ? read_chroma(in, sps) : 1;
  in.ue();  // log2_max_frame_num_minus4
  const std::uint32_t order_type = read_picture_order(in);
  in.ue();    // max_num_ref_frames
  in.flag();  // gaps_in_frame_num_value_allowed_flag
  const std::uint64_t width_in_mbs = std::uint64_t{in.ue()} + 1;
  const std::uint64_t height_in_units = std::uint64_t{in.ue()} + 1;
  sps.frames_only = in.flag();
  if (!sps.frames_only) in.flag();  // mb_adaptive_frame_field_flag
  in.flag();                        // direct_8x8_inference_flag
  const std::uint64_t fields = sps.frames_only ? 1 : 2;
  PictureSize size{.width = width_in_mbs * 16, .height = height_in_units * fields * 16};
  if (in.flag()) {
    const std::uint64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    const std::uint64_t unit_y = (chroma == 1 ? 2 : 1) * fields;
    size.crop_x = unit_x * (std::uint64_t{in.ue()} + in.ue());
    size.crop_y = unit_y * (std::uint64_t{in.ue()} + in.ue());
  }
  if (!in.ok() || sps.chroma > 3) {
    return base::fail(Domain::Media, Code::Malformed,
                      "H.264 sequence parameter set breaks the grammar");
  }
  SLUICE_TRY_VOID(size.apply(sps.width, sps.height));
  if (in.flag()) read_vui(in, sps);
  if (never_reorders(sps, order_type)) sps.reorder_frames = 0;
  return sps;
}

std::optional<std::uint32_t> h264_sps_id(base::Bytes nal) {
  const std::string rbsp = rbsp_of(nal, kStartLimit);
  BitReader in(base::as_bytes(rbsp));
  in.skip(32);
  const std::uint32_t id = in.ue();
  if (!in.ok()) return std::nullopt;
  return id;
}

std::optional<H264PpsIds> h264_pps_ids(base::Bytes nal) {
  const std::string rbsp = rbsp_of(nal, kStartLimit);
  BitReader in(base::as_bytes(rbsp));
  in.skip(8);
  H264PpsIds ids;
  ids.pps = in.ue();
  ids.sps = in.ue();
  if (!in.ok()) return std::nullopt;
  return ids;
}

std::optional<H264SliceStart> h264_slice_start(base::Bytes nal) {
  std::array<std::byte, kStartLimit> memory;
  BitReader in(rbsp_into(nal, memory));
  in.skip(8);
  H264SliceStart start;
  start.first_macroblock = in.ue();
  start.type = in.ue() % 5;
  start.pps = in.ue();
  if (!in.ok()) return std::nullopt;
  return start;
}

base::Result<std::string> make_avc_config(std::span<const base::Bytes> sps,
                                          std::span<const base::Bytes> pps) {
  constexpr std::size_t kMaxSet = 0xffff;
  constexpr std::size_t kMaxSps = 31;
  constexpr std::size_t kMaxPps = 255;
  const auto too_long = [](base::Bytes set) { return set.size() > kMaxSet; };
  if (sps.empty() || sps.front().size() < 4)
    return base::fail(Domain::Media, Code::Malformed, "there is no usable H.264 parameter set");
  if (sps.size() > kMaxSps || pps.size() > kMaxPps || std::ranges::any_of(sps, too_long) ||
      std::ranges::any_of(pps, too_long)) {
    return base::fail(Domain::Media, Code::TooLarge, "parameter sets do not fit an avcC");
  }
  std::string record;
  base::ByteWriter out(record);
  out.u8(1);
  out.bytes(sps.front().subspan(1, 3));  // profile, compatibility, level
  out.u8(0xff);                          // lengths of 4 bytes
  out.u8(static_cast<std::uint8_t>(0xe0 | sps.size()));
  append_sets(out, sps);
  out.u8(static_cast<std::uint8_t>(pps.size()));
  append_sets(out, pps);
  const auto parsed = parse_h264_sps(sps.front());
  if (parsed && has_chroma_format(parsed->profile)) {
    out.u8(static_cast<std::uint8_t>(0xfc | parsed->chroma));
    out.u8(static_cast<std::uint8_t>(0xf8 | (parsed->luma_bits - 8)));
    out.u8(static_cast<std::uint8_t>(0xf8 | (parsed->chroma_bits - 8)));
    out.u8(0);  // no SPS extensions
  }
  return record;
}

std::string h264_codec_string(std::uint8_t profile, std::uint8_t compatibility,
                              std::uint8_t level) {
  return fmt::format("avc1.{:02x}{:02x}{:02x}", profile, compatibility, level);
}

}  // namespace sluice::media
