// SPDX-License-Identifier: Apache-2.0
// The sequence parameter set of H.265, as far as its VUI's timing; and the ids and flags at the
// beginning of the other NAL units.
#include <algorithm>
#include <array>

#include "media/bits.h"
#include "media/frame_rate.h"
#include "media/h265.h"
#include "media/h265_profile.h"
#include "media/picture_size.h"

namespace sluice::media {

namespace {

using base::Code;
using base::Domain;

// What a real SPS needs is far below; the rest of a longer one is not looked at.
constexpr std::size_t kSpsLimit = 4096;
constexpr std::size_t kStartLimit = 24;
constexpr unsigned kSps = 33;

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

// Clause 7.3.4.
void skip_scaling_lists(BitReader &in) {
  for (unsigned size = 0; size < 4; ++size) {
    const unsigned coefficients = std::min(64U, 1U << (4 + 2 * size));
    for (unsigned matrix = 0; matrix < 6 && in.ok(); matrix += size == 3 ? 3 : 1) {
      if (!in.flag()) {
        in.ue();  // refers to another list
        continue;
      }
      if (size > 1) in.se();
      for (unsigned i = 0; i < coefficients; ++i)
        in.se();
    }
  }
}

// A short-term reference picture set: the pictures before and after, by their distance.
struct ReferenceSet {
  static constexpr unsigned kMax = 16;

  void add_before(std::int64_t delta) {
    if (before_count < kMax) before[before_count++] = delta;
  }
  void add_after(std::int64_t delta) {
    if (after_count < kMax) after[after_count++] = delta;
  }

  std::array<std::int64_t, kMax> before{};
  std::array<std::int64_t, kMax> after{};
  unsigned before_count = 0;
  unsigned after_count = 0;
};

// A set that is told as the difference to the one before it. How many flags the next one has
// depends on which distances come out as 0, so they must all be reckoned (equations 7-61 and 7-62).
ReferenceSet read_predicted_set(BitReader &in, const ReferenceSet &from) {
  const bool negative = in.flag();
  const std::int64_t size = std::int64_t{in.ue()} + 1;
  const std::int64_t delta = negative ? -size : size;
  const unsigned count = from.before_count + from.after_count;
  std::array<bool, 2 * ReferenceSet::kMax + 1> taken{};
  for (unsigned i = 0; i <= count; ++i)
    taken[i] = in.flag() || in.flag();
  ReferenceSet set;
  for (unsigned i = from.after_count; i-- > 0;) {
    if (from.after[i] + delta < 0 && taken[from.before_count + i])
      set.add_before(from.after[i] + delta);
  }
  if (delta < 0 && taken[count]) set.add_before(delta);
  for (unsigned i = 0; i < from.before_count; ++i) {
    if (from.before[i] + delta < 0 && taken[i]) set.add_before(from.before[i] + delta);
  }
  for (unsigned i = from.before_count; i-- > 0;) {
    if (from.before[i] + delta > 0 && taken[i]) set.add_after(from.before[i] + delta);
  }
  if (delta > 0 && taken[count]) set.add_after(delta);
  for (unsigned i = 0; i < from.after_count; ++i) {
    if (from.after[i] + delta > 0 && taken[from.before_count + i])
      set.add_after(from.after[i] + delta);
  }
  return set;
}

ReferenceSet read_plain_set(BitReader &in) {
  const std::uint32_t before = std::min(in.ue(), std::uint32_t{ReferenceSet::kMax});
  const std::uint32_t after = std::min(in.ue(), std::uint32_t{ReferenceSet::kMax});
  ReferenceSet set;
  std::int64_t distance = 0;
  for (std::uint32_t i = 0; i < before; ++i, in.flag())
    set.add_before(distance -= std::int64_t{in.ue()} + 1);
  distance = 0;
  for (std::uint32_t i = 0; i < after; ++i, in.flag())
    set.add_after(distance += std::int64_t{in.ue()} + 1);
  return set;
}

// Clause 7.3.7.
void skip_reference_sets(BitReader &in) {
  const std::uint32_t count = in.ue();
  if (count > 64) return in.fail();
  ReferenceSet set;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const bool predicted = i > 0 && in.flag();
    set = predicted ? read_predicted_set(in, set) : read_plain_set(in);
  }
}

// Clause E.2.1, as far as the timing.
double read_vui_frame_rate(BitReader &in) {
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
  in.skip(3);       // neutral chroma, fields
  if (in.flag()) {  // default display window
    for (int i = 0; i < 4; ++i)
      in.ue();
  }
  if (!in.flag()) return 0;
  const std::uint32_t units = in.bits(32);
  const std::uint32_t scale = in.bits(32);
  return in.ok() ? believable_frame_rate(scale, units) : 0;
}

// From the block sizes on to the VUI.
double read_frame_rate(BitReader &in, std::uint32_t order_bits) {
  for (int i = 0; i < 6; ++i)
    in.ue();  // block sizes, transform depths
  if (in.flag() && in.flag()) skip_scaling_lists(in);
  in.skip(2);       // amp, sample adaptive offset
  if (in.flag()) {  // PCM
    in.skip(8);
    in.ue();
    in.ue();
    in.flag();
  }
  skip_reference_sets(in);
  if (in.flag()) {
    const std::uint32_t count = in.ue();
    if (count > 32) return 0;
    in.skip(std::size_t{count} * (order_bits + 1));
  }
  in.skip(2);  // temporal motion vectors, smoothing
  return in.flag() ? read_vui_frame_rate(in) : 0;
}

// Clause 7.3.2.2 behind the conformance window. What it tells is left unknown when it breaks the
// grammar.
void read_rest(BitReader &in, H265Sps &sps) {
  sps.luma_bits = 8 + (in.ue() & 7U);
  sps.chroma_bits = 8 + (in.ue() & 7U);
  const std::uint32_t order_bits = 4 + (in.ue() & 15U);
  const bool each = in.flag();
  std::uint32_t reorder = 0;
  for (std::uint32_t i = each ? 0 : sps.sub_layers - 1; i < sps.sub_layers; ++i) {
    in.ue();  // sps_max_dec_pic_buffering_minus1
    reorder = in.ue();
    in.ue();  // sps_max_latency_increase_plus1
  }
  if (!in.ok()) {
    sps.luma_bits = sps.chroma_bits = 8;
    return;
  }
  if (reorder <= 16) sps.reorder_frames = static_cast<std::int32_t>(reorder);
  sps.frame_rate = read_frame_rate(in, order_bits);
}

}  // namespace

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
  sps.sub_layers = sub_layers + 1;
  sps.nested = in.flag();
  sps.profile = read_hevc_profile(in);
  skip_sub_layers(in, sub_layers);
  in.ue();  // sps_seq_parameter_set_id
  sps.chroma = in.ue();
  const std::uint32_t chroma =
      sps.chroma == 3 && in.flag() ? 0 : sps.chroma;  // 0 also for separate colour planes
  PictureSize size;
  size.width = in.ue();
  size.height = in.ue();
  if (in.flag()) {
    const std::uint64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    const std::uint64_t unit_y = chroma == 1 ? 2 : 1;
    size.crop_x = unit_x * (std::uint64_t{in.ue()} + in.ue());
    size.crop_y = unit_y * (std::uint64_t{in.ue()} + in.ue());
  }
  if (!in.ok() || sps.chroma > 3) {
    return base::fail(Domain::Media, Code::Malformed,
                      "H.265 sequence parameter set breaks the grammar");
  }
  SLUICE_TRY_VOID(size.apply(sps.width, sps.height));
  read_rest(in, sps);
  return sps;
}

std::optional<std::uint32_t> h265_vps_id(base::Bytes nal) {
  if (nal.size() < 3) return std::nullopt;
  return std::to_integer<std::uint32_t>(nal[2]) >> 4;
}

std::optional<std::uint32_t> h265_sps_id(base::Bytes nal) {
  const std::string rbsp = rbsp_of(nal, 160);  // the profiles of seven sub-layers are 96 bytes
  BitReader in(base::as_bytes(rbsp));
  in.skip(16 + 4);
  const unsigned sub_layers = in.bits(3);
  in.flag();
  read_hevc_profile(in);
  skip_sub_layers(in, sub_layers);
  const std::uint32_t id = in.ue();
  if (!in.ok()) return std::nullopt;
  return id;
}

std::optional<H265PpsIds> h265_pps_ids(base::Bytes nal) {
  const std::string rbsp = rbsp_of(nal, kStartLimit);
  BitReader in(base::as_bytes(rbsp));
  in.skip(16);
  H265PpsIds ids;
  ids.pps = in.ue();
  ids.sps = in.ue();
  if (!in.ok()) return std::nullopt;
  return ids;
}

std::optional<H265SliceStart> h265_slice_start(base::Bytes nal) {
  std::array<std::byte, kStartLimit> memory;
  BitReader in(rbsp_into(nal, memory));
  const unsigned type = in.bits(16) >> 9 & 0x3f;
  H265SliceStart start;
  start.first_segment = in.flag();
  if (type >= 16 && type <= 23) in.flag();  // no_output_of_prior_pics_flag
  start.pps = in.ue();
  if (!in.ok()) return std::nullopt;
  return start;
}

}  // namespace sluice::media
