// SPDX-License-Identifier: Apache-2.0
// The frame rate of a parameter set's timing, which encoders often fill in without thought.
#pragma once

#include <cstdint>

namespace sluice::media {

// Pictures a second; 0 for what no camera does.
[[nodiscard]] inline double believable_frame_rate(std::uint64_t scale, std::uint64_t units) {
  if (units == 0) return 0;
  const double rate = static_cast<double>(scale) / static_cast<double>(units);
  return rate >= 0.1 && rate <= 480 ? rate : 0;
}

}  // namespace sluice::media
