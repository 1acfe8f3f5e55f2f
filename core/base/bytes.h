// SPDX-License-Identifier: Apache-2.0
// Readers and writers of big- and little-endian integers over memory that somebody else owns.
// A reader never reads past its span: the first short read makes it bad, and everything after it
// yields zero, so that a parser may read a whole structure and ask ok() once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sluice::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte *>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(big(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(big(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(big(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big(4)); }
  std::uint64_t u64() { return big(8); }
  std::uint32_t u32_le();
  double f64();

  // The next n bytes as a view into the span, or an empty view (and a bad reader) when it is short.
  Bytes take(std::size_t n);
  void skip(std::size_t n) { take(n); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - position_; }
  [[nodiscard]] Bytes rest() const { return bytes_.subspan(position_); }

 private:
  std::uint64_t big(std::size_t n);

  Bytes bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

// Appends to a std::string, which is this code base's growable byte buffer for small control data.
// Payload bytes never go through it.
class ByteWriter {
 public:
  explicit ByteWriter(std::string &out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(std::uint16_t v) { big(v, 2); }
  void u24(std::uint32_t v) { big(v, 3); }
  void u32(std::uint32_t v) { big(v, 4); }
  void u64(std::uint64_t v) { big(v, 8); }
  void u32_le(std::uint32_t v);
  void f64(double v);
  void text(std::string_view v) { out_.append(v); }
  void bytes(Bytes v) { out_.append(as_text(v)); }

 private:
  void big(std::uint64_t v, int n);

  std::string &out_;
};

// Stores into memory that is known to be large enough; used where a muxer writes into a tape.
inline std::byte *put_u8(std::byte *p, std::uint32_t v) {
  *p = static_cast<std::byte>(v);
  return p + 1;
}
inline std::byte *put_u16(std::byte *p, std::uint32_t v) { return put_u8(put_u8(p, v >> 8), v); }
inline std::byte *put_u24(std::byte *p, std::uint32_t v) { return put_u16(put_u8(p, v >> 16), v); }
inline std::byte *put_u32(std::byte *p, std::uint32_t v) { return put_u24(put_u8(p, v >> 24), v); }

}  // namespace sluice::base
