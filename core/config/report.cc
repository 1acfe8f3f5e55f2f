// SPDX-License-Identifier: Apache-2.0
#include "config/report.h"

#include <algorithm>
#include <tuple>

namespace sluice::config {

void Report::add(Place place, Severity severity, std::string message) {
  if (severity == Severity::Error) has_errors_ = true;
  if (diagnostics_.size() + 1 < kMax) {
    diagnostics_.push_back({std::move(place.file), place.position.line, place.position.column,
                            severity, std::move(message)});
  } else if (diagnostics_.size() + 1 == kMax) {
    diagnostics_.push_back(
        {file_, 0, 0, Severity::Error, "there are too many mistakes to list them all"});
  }
}

std::vector<Diagnostic> Report::take() {
  const auto order = [this](const Diagnostic &d) {
    const auto index = std::ranges::find(files_, d.file) - files_.begin();
    return std::tuple(index, d.line, d.column);
  };
  std::ranges::stable_sort(diagnostics_, {}, order);
  return std::move(diagnostics_);
}

}  // namespace sluice::config
