// SPDX-License-Identifier: Apache-2.0
// Loads text and shows what was wrong with it, one line per mistake.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace sluice::config {

inline std::vector<std::string> lines_of(const LoadResult &result) {
  std::vector<std::string> lines;
  for (const Diagnostic &diagnostic : result.diagnostics)
    lines.push_back(format(diagnostic));
  return lines;
}

inline std::vector<std::string> mistakes(std::string_view text) {
  return lines_of(load_text("f", text));
}

// The only mistake in the text, or all of them when there are more.
inline std::string mistake(std::string_view text) {
  std::string all;
  for (const std::string &line : mistakes(text))
    all += (all.empty() ? "" : "\n") + line;
  return all;
}

}  // namespace sluice::config
