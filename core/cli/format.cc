// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace sluice::cli {
namespace {

// Characters of text that printable() made: every byte that does not continue another.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = base::utf8_length(text);
    if (length == 0 || base::is_utf8_control(text.substr(0, length))) {
      out += '?';
      length = 1;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<const char *, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (amount >= 1000 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string format_duration(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d {}h", seconds / 86400, seconds / 3600 % 24);
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string &cell : cells)
    cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = columns_[i].title.size();
    for (const auto &row : rows_)
      widest = std::max(widest, width(row[i]));
    widths.push_back(widest);
  }
  auto line = [&](auto cell_at) {
    std::string out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      std::string_view cell = cell_at(i);
      std::string padding(widths[i] - width(cell), ' ');
      bool right = columns_[i].align == Align::Right;
      if (i > 0) out += "  ";
      out.append(right ? padding : "").append(cell).append(right ? "" : padding);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out + '\n';
  };
  std::string out = line([&](std::size_t i) { return columns_[i].title; });
  for (const auto &row : rows_)
    out += line([&](std::size_t i) { return std::string_view(row[i]); });
  return out;
}

}  // namespace sluice::cli
