// SPDX-License-Identifier: Apache-2.0
// What the grammars of RTSP and SDP share: small walks over text. Nothing here allocates but
// to_lower().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::wire {

// ASCII only.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
[[nodiscard]] std::string to_lower(std::string_view text);

[[nodiscard]] constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
// Bytes that are no text: 0 to 31 but the tab, and 127.
[[nodiscard]] constexpr bool is_control(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
}

// Without blanks and tabs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// What is before the separator; the rest, without it, stays in `text`.
std::string_view take_until(std::string_view &text, char separator);
// The same, but a separator between double quotes does not count.
std::string_view take_until_unquoted(std::string_view &text, char separator);
// What is before the first blank; the rest, without blanks in front, stays in `text`.
std::string_view take_word(std::string_view &text);

// Without double quotes around it, when there are some.
[[nodiscard]] std::string_view unquote(std::string_view text);

// Digits only, all of the text, and not more than `max`.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max);
[[nodiscard]] std::optional<std::uint32_t> parse_hex32(std::string_view text);

}  // namespace sluice::wire
