// SPDX-License-Identifier: Apache-2.0
#include "config/source_lines.h"

namespace sluice::config {
namespace {

bool begins_section(std::string_view line) {
  const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_-");
  return end != 0 && end != std::string_view::npos && line[end] == ':';
}

// `text` begins behind the opening quote.
bool closes(char quote, std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_escape = quote == '"' ? text[at] == '\\' : text.substr(at).starts_with("''");
    if (is_escape) {
      ++at;
    } else if (text[at] == quote) {
      return true;
    }
  }
  return false;
}

}  // namespace

SourceLines::SourceLines(std::string_view text) : text_(text) {
  for (std::size_t at = 0; at != std::string_view::npos;) {
    starts_.push_back(at);
    at = text.find('\n', at);
    if (at != std::string_view::npos) ++at;
  }
}

std::string_view SourceLines::from(std::uint32_t line) const {
  return line < starts_.size() ? text_.substr(starts_[line]) : std::string_view();
}

std::string_view SourceLines::line(std::uint32_t number) const {
  const std::string_view rest = from(number);
  return rest.substr(0, rest.find('\n'));
}

std::optional<std::uint32_t> SourceLines::section_after(std::uint32_t line_number) const {
  for (std::uint32_t number = line_number + 1; number < starts_.size(); ++number) {
    if (begins_section(line(number))) return number;
  }
  return std::nullopt;
}

bool SourceLines::has_tab_indent(Position at) const {
  if (at.line == 0) return false;
  const std::string_view text = line(at.line - 1);
  return text.substr(0, text.find_first_not_of(" \t")).contains('\t');
}

bool SourceLines::has_open_quote(Position at) const {
  if (at.line == 0 || at.column == 0) return false;
  const std::string_view text = line(at.line - 1);
  if (at.column > text.size()) return false;
  const char quote = text[at.column - 1];
  return (quote == '"' || quote == '\'') && !closes(quote, text.substr(at.column));
}

}  // namespace sluice::config
