// SPDX-License-Identifier: Apache-2.0
// Text for people: aligned tables, durations and amounts. What comes from a node may hold what a
// peer chose (an encoder's name, a user agent), so nothing reaches the terminal with control bytes
// in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// Control characters, and bytes that are not UTF-8, become '?', so that no escape sequence passes.
std::string printable(std::string_view text);

std::string format_bytes(std::uint64_t bytes);       // "812 B", "1.4 MiB"
std::string format_duration(std::uint64_t seconds);  // "59s", "3m 20s", "2h 05m", "12d 3h"

class Table {
 public:
  enum class Align : std::uint8_t { Left, Right };
  struct Column {
    std::string_view title;
    Align align = Align::Left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell per column; cells are made printable here, and an empty cell shows as "-".
  void add(std::vector<std::string> cells);

  // Header and rows, two spaces between columns, no blanks at the ends of lines.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sluice::cli
