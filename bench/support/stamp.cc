// SPDX-License-Identifier: Apache-2.0
// Writes and finds the stamp.
#include "support/stamp.h"

#include <charconv>
#include <cstring>
#include <string_view>

namespace sluice::bench {
namespace {

// Length 44; SEI; user_data_unregistered of 40 bytes; the UUID spells its purpose.
constexpr char kHead[] = "\x00\x00\x00\x2c\x06\x05\x28sluice-bench-sei";
constexpr std::size_t kHeadSize = sizeof kHead - 1;
static_assert(kHeadSize == 4 + 3 + 16);
constexpr std::string_view kUuid = "sluice-bench-sei";

void put_hex(std::uint64_t value, int digits, std::byte *out) {
  for (int i = digits - 1; i >= 0; i--, value >>= 4)
    out[i] = static_cast<std::byte>("0123456789abcdef"[value & 15]);
}

template <class T>
bool get_hex(std::string_view text, T &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void write_stamp(const Stamp &stamp, base::MutableBytes out) {
  std::memcpy(out.data(), kHead, kHeadSize);
  put_hex(stamp.number, 8, out.data() + kHeadSize);
  put_hex(static_cast<std::uint64_t>(stamp.sent_ns), 16, out.data() + kHeadSize + 8);
  out[kStampSize - 1] = std::byte{0x80};
}

std::optional<Stamp> find_stamp(base::Bytes head) {
  std::string_view text = base::as_text(head);
  std::size_t at = text.find(kUuid);
  if (at == std::string_view::npos || text.size() < at + kUuid.size() + 24) return {};
  std::string_view digits = text.substr(at + kUuid.size(), 24);
  Stamp stamp;
  if (!get_hex(digits.substr(0, 8), stamp.number) || !get_hex(digits.substr(8), stamp.sent_ns))
    return {};
  return stamp;
}

}  // namespace sluice::bench
