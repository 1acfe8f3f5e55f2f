// SPDX-License-Identifier: Apache-2.0
// A text by its lines, for the questions that the YAML parser does not answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "config/report.h"

namespace sluice::config {

class SourceLines {
 public:
  explicit SourceLines(std::string_view text);

  // Everything from that line on, which counts from 0.
  [[nodiscard]] std::string_view from(std::uint32_t line) const;

  // The first line after `line`, from 0, that begins a section, as in "rtmp:".
  [[nodiscard]] std::optional<std::uint32_t> section_after(std::uint32_t line) const;

  // Whether the line's indentation has a tab in it.
  [[nodiscard]] bool has_tab_indent(Position at) const;

  // Whether a quote opens there that is not closed on its line. YAML lets quoted text run over many
  // lines, and yaml-cpp even to the end of the file; here it is always a mistake, which would hide
  // all the keys up to the next quote.
  [[nodiscard]] bool has_open_quote(Position at) const;

 private:
  [[nodiscard]] std::string_view line(std::uint32_t number) const;

  std::string_view text_;
  std::vector<std::size_t> starts_;
};

}  // namespace sluice::config
