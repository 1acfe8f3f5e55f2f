// SPDX-License-Identifier: Apache-2.0
#include "config/report.h"

#include <algorithm>

namespace sluice::config {

void Report::add(Place place, Severity severity, std::string message) {
  if (severity == Severity::Error) has_errors_ = true;
  if (diagnostics_.size() + 1 < kMax) {
    insert({std::move(place.file), place.position.line, place.position.column, severity,
            std::move(message)});
  } else if (!is_full()) {
    insert({file_, 0, 0, Severity::Error, "there are too many mistakes to list them all"});
  }
}

void Report::insert(Diagnostic diagnostic) {
  const auto file = std::ranges::find(files_, diagnostic.file) - files_.begin();
  const Key key(static_cast<std::size_t>(file), diagnostic.line, diagnostic.column);
  diagnostics_.emplace(key, std::move(diagnostic));
}

std::vector<Diagnostic> Report::take() {
  std::vector<Diagnostic> all;
  all.reserve(diagnostics_.size());
  for (auto &[key, diagnostic] : diagnostics_)
    all.push_back(std::move(diagnostic));
  diagnostics_.clear();
  return all;
}

}  // namespace sluice::config
