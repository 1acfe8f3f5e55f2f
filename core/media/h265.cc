// SPDX-License-Identifier: Apache-2.0
#include "media/h265.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/bits.h"
#include "media/h265_profile.h"

namespace sluice::media {

namespace {

using base::Code;
using base::Domain;

constexpr unsigned kVps = 32;
constexpr unsigned kSps = 33;
constexpr unsigned kPps = 34;

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
  config.profile = read_hevc_profile(profile);
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

namespace {

// profile_tier_level() stands where it can be read even if the rest is beyond us.
HevcProfile profile_of_sps(base::Bytes nal) {
  const std::string rbsp = rbsp_of(nal, 32);
  BitReader in(base::as_bytes(rbsp));
  in.skip(16 + 4 + 3 + 1);
  return read_hevc_profile(in);
}

void append_profile(base::ByteWriter &out, const HevcProfile &profile) {
  out.u8(static_cast<std::uint8_t>(profile.space << 6 | (profile.high_tier ? 0x20 : 0) |
                                   profile.profile));
  out.u32(profile.compatibility);
  for (std::uint8_t byte : profile.constraints)
    out.u8(byte);
  out.u8(profile.level);
}

void append_array(base::ByteWriter &out, unsigned type, std::span<const base::Bytes> sets) {
  if (sets.empty()) return;
  out.u8(static_cast<std::uint8_t>(0x80 | type));  // complete: there are none in the frames
  out.u16(static_cast<std::uint16_t>(sets.size()));
  for (base::Bytes set : sets) {
    out.u16(static_cast<std::uint16_t>(set.size()));
    out.bytes(set);
  }
}

bool fits(std::span<const base::Bytes> sets) {
  constexpr std::size_t kMax = 0xffff;
  return sets.size() <= kMax &&
         std::ranges::all_of(sets, [](base::Bytes set) { return set.size() <= kMax; });
}

}  // namespace

base::Result<std::string> make_hevc_config(const HevcSets &sets) {
  constexpr std::size_t kSmallestSps = 15;  // as far as the level
  if (sets.sps.empty() || sets.sps.front().size() < kSmallestSps)
    return base::fail(Domain::Media, Code::Malformed, "there is no usable H.265 parameter set");
  if (!fits(sets.vps) || !fits(sets.sps) || !fits(sets.pps))
    return base::fail(Domain::Media, Code::TooLarge, "parameter sets do not fit an hvcC");
  const H265Sps sps = parse_h265_sps(sets.sps.front())
                          .value_or(H265Sps{.profile = profile_of_sps(sets.sps.front())});
  std::string record;
  base::ByteWriter out(record);
  out.u8(1);
  append_profile(out, sps.profile);
  out.u16(0xf000);  // no segmentation to speak of
  out.u8(0xfc);     // any parallelism
  out.u8(static_cast<std::uint8_t>(0xfc | sps.chroma));
  out.u8(static_cast<std::uint8_t>(0xf8 | (sps.luma_bits - 8)));
  out.u8(static_cast<std::uint8_t>(0xf8 | (sps.chroma_bits - 8)));
  out.u16(0);  // the average frame rate is not told
  out.u8(static_cast<std::uint8_t>((sps.sub_layers & 7) << 3 | (sps.nested ? 4 : 0) | 3));
  out.u8(static_cast<std::uint8_t>((sets.vps.empty() ? 0 : 1) + 1 + (sets.pps.empty() ? 0 : 1)));
  append_array(out, kVps, sets.vps);
  append_array(out, kSps, sets.sps);
  append_array(out, kPps, sets.pps);
  return record;
}

}  // namespace sluice::media
