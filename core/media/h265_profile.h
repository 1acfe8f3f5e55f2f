// SPDX-License-Identifier: Apache-2.0
// The general part of profile_tier_level() (ITU-T H.265 clause 7.3.3), which stands in parameter
// sets and in hvcC alike.
#pragma once

#include "media/bits.h"
#include "media/h265.h"

namespace sluice::media {

inline HevcProfile read_hevc_profile(BitReader &in) {
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

}  // namespace sluice::media
