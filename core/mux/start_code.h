// SPDX-License-Identifier: Apache-2.0
// Start codes (ITU-T H.264 annex B): where NAL units are glued together that should not be.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace sluice::mux {

inline constexpr std::size_t kNoStartCode = ~std::size_t{0};

// The position of the first 00 00 01. No valid NAL unit has one inside.
inline std::size_t find_start_code(base::Bytes bytes) {
  const auto is_code = [&](std::size_t at) {
    return at + 3 <= bytes.size() && bytes[at] == std::byte{0} && bytes[at + 1] == std::byte{0} &&
           bytes[at + 2] == std::byte{1};
  };
  std::size_t at = 0;
  // Eight bytes at a time: most have no zero among them.
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (((word - 0x0101'0101'0101'0101) & ~word & 0x8080'8080'8080'8080) == 0) continue;
    for (std::size_t i = at; i < at + 8; ++i) {
      if (is_code(i)) return i;
    }
  }
  for (; at + 3 <= bytes.size(); ++at) {
    if (is_code(at)) return at;
  }
  return kNoStartCode;
}

// The length of a start code at the very front, with however many zeros; 0 when there is none.
inline std::size_t leading_start_code(base::Bytes bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] == std::byte{0})
    ++at;
  return at >= 2 && at < bytes.size() && bytes[at] == std::byte{1} ? at + 1 : 0;
}

inline base::Bytes without_trailing_zeros(base::Bytes bytes) {
  while (!bytes.empty() && bytes.back() == std::byte{0})
    bytes = bytes.first(bytes.size() - 1);
  return bytes;
}

}  // namespace sluice::mux
