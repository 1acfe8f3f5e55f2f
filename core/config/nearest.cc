// SPDX-License-Identifier: Apache-2.0
#include "config/nearest.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <numeric>

#include "config/schema.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMaxLength = 64;
using Row = std::array<std::size_t, kMaxLength + 1>;

char fold(char c) {
  return c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool same(char a, char b) { return fold(a) == fold(b); }

struct Best {
  std::string_view name;
  std::size_t distance = std::numeric_limits<std::size_t>::max();

  // Words are at least as far from each other as their lengths differ, which saves most of the
  // work.
  void offer(std::string_view candidate_name, std::string_view candidate, std::string_view key) {
    const std::size_t a = std::min(candidate.size(), kMaxLength);
    const std::size_t b = std::min(key.size(), kMaxLength);
    if (std::max(a, b) - std::min(a, b) >= distance) return;
    const std::size_t d = edit_distance(candidate, key);
    if (d < distance) *this = {candidate_name, d};
  }
};

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, kMaxLength);
  b = b.substr(0, kMaxLength);
  Row before_last{}, last{}, row{};
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = same(a[i - 1], b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

std::string nearest_key(std::string_view section, std::string_view key) {
  Best own, elsewhere;
  const bool is_path = key.contains('.');
  for (const Field &field : fields()) {
    const bool is_own = field.is_section() ? section.empty() : field.section() == section;
    if (is_own) {
      own.offer(field.key(), field.key(), key);
    } else if (!field.is_override()) {
      elsewhere.offer(field.path, is_path ? field.path : field.key(), key);
    }
  }
  // Only a near hit in another place beats a far one in its own.
  const bool is_near = elsewhere.distance * 4 <= key.size();
  return std::string(is_near && elsewhere.distance < own.distance ? elsewhere.name : own.name);
}

}  // namespace sluice::config
