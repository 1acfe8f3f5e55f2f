// SPDX-License-Identifier: Apache-2.0
// PictureSize: the coded size and the cropping of an SPS, and the check that they make sense
// together.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace sluice::media {

struct PictureSize {
  // Beyond every level of H.264 and H.265, and small enough that products of two sides fit 32 bits.
  static constexpr std::uint64_t kMaxSide = 32'768;

  std::uint64_t width = 0;
  std::uint64_t height = 0;
  std::uint64_t crop_x = 0;
  std::uint64_t crop_y = 0;

  [[nodiscard]] base::Status apply(std::uint32_t &out_width, std::uint32_t &out_height) const {
    if (width > kMaxSide || height > kMaxSide || crop_x >= width || crop_y >= height) {
      return base::fail(base::Domain::Media, base::Code::Malformed,
                        "the picture's size is beyond reason");
    }
    out_width = static_cast<std::uint32_t>(width - crop_x);
    out_height = static_cast<std::uint32_t>(height - crop_y);
    return {};
  }
};

}  // namespace sluice::media
