// SPDX-License-Identifier: Apache-2.0
#include "wire/text.h"

#include <algorithm>
#include <charconv>

namespace sluice::wire {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view cut_at(std::string_view &text, std::size_t at) {
  std::string_view taken = text.substr(0, at);
  text = at >= text.size() ? std::string_view() : text.substr(at + 1);
  return taken;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::string_view take_until(std::string_view &text, char separator) {
  return cut_at(text, text.find(separator));
}

std::string_view take_until_unquoted(std::string_view &text, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (!quoted && i < text.size() && text[i] == separator) return cut_at(text, i);
  }
  return cut_at(text, text.size());
}

std::string_view take_word(std::string_view &text) {
  std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  return word;
}

std::string_view unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end || value > max) return {};
  return value;
}

std::optional<std::uint32_t> parse_hex32(std::string_view text) {
  std::uint32_t value = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || error != std::errc() || stop != end) return {};
  return value;
}

}  // namespace sluice::wire
