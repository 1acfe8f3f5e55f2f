// SPDX-License-Identifier: Apache-2.0
#include "config/text_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sluice::config {
namespace {

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

// The length of the sequence at `at`, or 0 when it is not UTF-8 (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !is_continuation(text, at + 1)) return 0;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (first < 0xE0) return 2;
  if (!is_continuation(text, at + 2)) return 0;
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first < 0xF0) return 3;
  if (!is_continuation(text, at + 3)) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return 4;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F;
}

// Why the byte at `at` does not belong, or null.
const char *problem_at(std::string_view text, std::size_t at, std::size_t length) {
  if (length == 0) return "this is not UTF-8 text";
  return is_control(text[at]) ? "there is a control character here" : nullptr;
}

}  // namespace

std::optional<std::string> clean_text(std::string_view text, Report &report) {
  if (text.contains('\0')) {
    report.error({}, "this is not a text file");
    return std::nullopt;
  }
  std::string clean(text);
  std::uint32_t line = 1;
  std::uint32_t reported_line = 0;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (const char *problem = problem_at(text, at, length)) {
      clean[at] = '?';
      const auto column = static_cast<std::uint32_t>(at - line_start + 1);
      if (reported_line != line) report.error({line, column}, problem);
      reported_line = line;
    }
    at += std::max<std::size_t>(length, 1);
    if (text[at - 1] == '\n') {
      ++line;
      line_start = at;
    }
  }
  return clean;
}

}  // namespace sluice::config
