// SPDX-License-Identifier: Apache-2.0
#include "config/text_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/utf8.h"

namespace sluice::config {
namespace {

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
    const std::size_t length = base::utf8_length(text.substr(at));
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
