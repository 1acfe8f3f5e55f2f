// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/hash.h"

namespace sluice::base {
namespace {

template <class Number>
bool parse_whole(std::string_view text, Number &out, int radix) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, radix);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_id_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

std::string to_string(SessionId id) { return fmt::format("{}-{:x}", id.loop, id.serial); }

std::optional<SessionId> parse_session_id(std::string_view text) {
  auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  SessionId id;
  if (!parse_whole(text.substr(0, dash), id.loop, 10)) return std::nullopt;
  if (!parse_whole(text.substr(dash + 1), id.serial, 16)) return std::nullopt;
  return id;
}

std::string make_correlation_id() {
  std::array<std::byte, 16> bytes{};
  random_bytes(bytes);
  return hex(bytes);
}

bool is_valid_correlation_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_id_char);
}

}  // namespace sluice::base
