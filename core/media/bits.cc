// SPDX-License-Identifier: Apache-2.0
#include "media/bits.h"

#include <algorithm>

namespace sluice::media {

std::uint32_t BitReader::bits(unsigned n) {
  if (!ok_ || n > bytes_.size() * 8 - position_) {
    ok_ = false;
    return 0;
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < n; ++i, ++position_) {
    const auto byte = std::to_integer<unsigned>(bytes_[position_ / 8]);
    value = value << 1 | (byte >> (7 - position_ % 8) & 1U);
  }
  return static_cast<std::uint32_t>(value);
}

void BitReader::skip(std::size_t n) {
  if (!ok_ || n > bytes_.size() * 8 - position_) {
    ok_ = false;
    return;
  }
  position_ += n;
}

std::uint32_t BitReader::ue() {
  unsigned zeros = 0;
  while (ok_ && !flag()) {
    if (++zeros > 31) ok_ = false;
  }
  if (!ok_) return 0;
  return (1U << zeros) - 1 + bits(zeros);
}

std::int32_t BitReader::se() {
  const std::uint32_t code = ue();
  const auto magnitude = static_cast<std::int32_t>((code >> 1) + (code & 1U));
  return (code & 1U) != 0 ? magnitude : -magnitude;
}

std::string rbsp_of(base::Bytes nal, std::size_t limit) {
  const base::Bytes seen = nal.first(std::min(nal.size(), limit));
  std::string rbsp;
  rbsp.reserve(seen.size());
  unsigned zeros = 0;
  for (std::byte b : seen) {
    if (zeros >= 2 && b == std::byte{3}) {
      zeros = 0;
      continue;
    }
    zeros = b == std::byte{0} ? zeros + 1 : 0;
    rbsp.push_back(static_cast<char>(b));
  }
  return rbsp;
}

base::Bytes rbsp_into(base::Bytes nal, base::MutableBytes out) {
  std::size_t size = 0;
  unsigned zeros = 0;
  for (std::byte b : nal) {
    if (size == out.size()) break;
    if (zeros >= 2 && b == std::byte{3}) {
      zeros = 0;
      continue;
    }
    zeros = b == std::byte{0} ? zeros + 1 : 0;
    out[size++] = b;
  }
  return out.first(size);
}

}  // namespace sluice::media
