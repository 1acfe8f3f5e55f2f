// SPDX-License-Identifier: Apache-2.0
// YAML text as a plain tree in which each value knows its line and column. This is the only place
// that knows yaml-cpp. The subset is what a configuration needs: one document, text keys, no
// anchors, aliases or tags. Size, depth and the number of values are bounded, and parsing goes on
// at the next section after text that is not YAML, so that one run finds every mistake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"

namespace sluice::config {

inline constexpr std::size_t kMaxFileSize = 1024 * 1024;
inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxValues = 100'000;

struct YamlEntry;

struct YamlNode {
  // Broken stands for what was refused and reported already.
  enum class Kind : std::uint8_t { Null, Scalar, List, Map, Broken };

  Kind kind = Kind::Null;
  Position position;
  std::string text;                // of a scalar
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in the file's order, each key once
};

struct YamlEntry {
  std::string key;
  Position position;  // the key's
  YamlNode value;
};

struct YamlDocument {
  YamlNode root;         // Null for empty text
  bool is_whole = true;  // false when a part could not be read at all
};

// Mistakes go to the report; what could be read comes back all the same.
YamlDocument parse_yaml(std::string_view text, Report &report);

}  // namespace sluice::config
