// SPDX-License-Identifier: Apache-2.0
// What fuzz targets share: a cut of the input into pieces, so that incremental readers can be held
// against themselves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace sluice::fuzz {

inline base::Bytes input_bytes(const std::uint8_t *data, std::size_t size) {
  return {reinterpret_cast<const std::byte *>(data), size};
}

// The first byte of `input`, which is taken off; 0 when there is none.
inline std::uint8_t take_byte(base::Bytes &input) {
  if (input.empty()) return 0;
  auto byte = std::to_integer<std::uint8_t>(input[0]);
  input = input.subspan(1);
  return byte;
}

// Pieces of varying sizes that follow from a seed: 0 gives single bytes.
class Pieces {
 public:
  explicit Pieces(std::uint8_t seed) : state_(seed) {}

  base::Bytes next(base::Bytes &input) {
    state_ = state_ * 1664525U + (state_ == 0 ? 0U : 1013904223U);
    std::size_t size = std::min<std::size_t>(input.size(), 1 + (state_ >> 16) % 37);
    base::Bytes piece = input.first(size);
    input = input.subspan(size);
    return piece;
  }

 private:
  std::uint32_t state_;
};

}  // namespace sluice::fuzz
