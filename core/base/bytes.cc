// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <bit>

namespace sluice::base {

std::uint64_t ByteReader::big(std::size_t n) {
  std::uint64_t value = 0;
  for (std::byte b : take(n))
    value = value << 8 | std::to_integer<std::uint64_t>(b);
  return value;
}

std::uint32_t ByteReader::u32_le() {
  std::uint32_t value = 0;
  int shift = 0;
  for (std::byte b : take(4)) {
    value |= std::to_integer<std::uint32_t>(b) << shift;
    shift += 8;
  }
  return value;
}

double ByteReader::f64() { return std::bit_cast<double>(u64()); }

Bytes ByteReader::take(std::size_t n) {
  if (!ok_ || n > left()) {
    ok_ = false;
    return {};
  }
  Bytes taken = bytes_.subspan(position_, n);
  position_ += n;
  return taken;
}

void ByteWriter::big(std::uint64_t v, int n) {
  for (int shift = (n - 1) * 8; shift >= 0; shift -= 8)
    u8(static_cast<std::uint8_t>(v >> shift));
}

void ByteWriter::u32_le(std::uint32_t v) {
  for (int shift = 0; shift < 32; shift += 8)
    u8(static_cast<std::uint8_t>(v >> shift));
}

void ByteWriter::f64(double v) { u64(std::bit_cast<std::uint64_t>(v)); }

}  // namespace sluice::base
