// SPDX-License-Identifier: Apache-2.0
#include "media/h265.h"

#include <fmt/format.h>

#include "media/bits.h"
#include "media/picture_size.h"

namespace sluice::media {

namespace {

using base::Code;
using base::Domain;

// The size stands near the front: what comes after it is not looked at.
constexpr std::size_t kSpsLimit = 4096;

constexpr unsigned kVps = 32;
constexpr unsigned kSps = 33;
constexpr unsigned kPps = 34;

HevcProfile read_profile(BitReader &in) {
  HevcProfile profile;
  profile.space = static_cast<std::uint8_t>(in.bits(2));
  profile.high_tier = in.flag();
  profile.profile = static_cast<std::uint8_t>(in.bits(5));
  profile.compatibility = in.bits(32);
  for (auto &byte : profile.constraints)
    byte = static_cast<std::uint8_t>(in.bits(8));
  profile.level = static_cast<std::uint8_t>(in.bits(8));
  return profile;
}

// The rest of profile_tier_level() (clause 7.3.3), which is about temporal sub-layers.
void skip_sub_layers(BitReader &in, unsigned count) {
  std::array<bool, 8> has_profile{};
  std::array<bool, 8> has_level{};
  for (unsigned i = 0; i < count; ++i) {
    has_profile[i] = in.flag();
    has_level[i] = in.flag();
  }
  if (count > 0) in.skip(std::size_t{2} * (8 - count));
  for (unsigned i = 0; i < count; ++i)
    in.skip((has_profile[i] ? 88U : 0U) + (has_level[i] ? 8U : 0U));
}

}  // namespace

std::string HevcProfile::codec_string() const {
  // ISO/IEC 14496-15 annex E: the compatibility flags in reverse bit order, and the constraint
  // bytes without the zeros at their end.
  std::uint32_t reversed = 0;
  for (unsigned i = 0; i < 32; ++i)
    reversed |= (compatibility >> i & 1U) << (31 - i);
  std::string text = "hvc1.";
  if (space > 0) text.push_back(static_cast<char>('A' + space - 1));
  text += fmt::format("{}.{:x}.{}{}", profile, reversed, high_tier ? 'H' : 'L', level);
  std::size_t used = constraints.size();
  while (used > 0 && constraints[used - 1] == 0)
    --used;
  for (std::size_t i = 0; i < used; ++i)
    text += fmt::format(".{:x}", constraints[i]);
  return text;
}

base::Result<HevcConfig> parse_hevc_config(base::Bytes record) {
  constexpr std::size_t kProfileSize = 12;
  base::ByteReader in(record);
  const std::uint8_t version = in.u8();
  HevcConfig config;
  BitReader profile(in.take(kProfileSize));
  config.profile = read_profile(profile);
  in.skip(2 + 1 + 1 + 1 + 1 + 2);  // segmentation, parallelism, chroma, two bit depths, frame rate
  config.length_size = static_cast<std::uint8_t>((in.u8() & 3U) + 1);
  const unsigned arrays = in.u8();
  if (!in.ok()) return base::fail(Domain::Media, Code::Truncated, "hvcC is too short");
  // Version 0 was written before the standard was finished, and still is.
  if (version > 1) return base::fail(Domain::Media, Code::Malformed, "hvcC has an unknown version");
  for (unsigned a = 0; a < arrays; ++a) {
    const unsigned type = in.u8() & 0x3fU;
    const unsigned count = in.u16();
    for (unsigned i = 0; i < count && in.ok(); ++i) {
      const base::Bytes nal = in.take(in.u16());
      if (nal.empty()) continue;
      if (type == kVps) config.vps.push_back(nal);
      if (type == kSps) config.sps.push_back(nal);
      if (type == kPps) config.pps.push_back(nal);
    }
    if (!in.ok()) return base::fail(Domain::Media, Code::Truncated, "hvcC ends inside an array");
  }
  return config;
}

base::Result<H265Sps> parse_h265_sps(base::Bytes nal) {
  const std::string rbsp = rbsp_of(nal, kSpsLimit);
  BitReader in(base::as_bytes(rbsp));
  if ((in.bits(16) >> 9 & 0x3f) != kSps) {
    return base::fail(Domain::Media, Code::Malformed,
                      "this is not an H.265 sequence parameter set");
  }
  H265Sps sps;
  in.bits(4);  // sps_video_parameter_set_id
  const unsigned sub_layers = in.bits(3);
  in.flag();  // sps_temporal_id_nesting_flag
  sps.profile = read_profile(in);
  skip_sub_layers(in, sub_layers);
  in.ue();  // sps_seq_parameter_set_id
  const std::uint32_t format = in.ue();
  const std::uint32_t chroma =
      format == 3 && in.flag() ? 0 : format;  // 0 also for separate colour planes
  PictureSize size;
  size.width = in.ue();
  size.height = in.ue();
  if (in.flag()) {
    const std::uint64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    const std::uint64_t unit_y = chroma == 1 ? 2 : 1;
    size.crop_x = unit_x * (std::uint64_t{in.ue()} + in.ue());
    size.crop_y = unit_y * (std::uint64_t{in.ue()} + in.ue());
  }
  if (!in.ok() || format > 3) {
    return base::fail(Domain::Media, Code::Malformed,
                      "H.265 sequence parameter set breaks the grammar");
  }
  SLUICE_TRY_VOID(size.apply(sps.width, sps.height));
  return sps;
}

}  // namespace sluice::media
