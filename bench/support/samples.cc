// SPDX-License-Identifier: Apache-2.0
// Percentiles by nearest rank.
#include "support/samples.h"

#include <algorithm>

namespace sluice::bench {

Percentiles Samples::percentiles() {
  if (values_.empty()) return {};
  std::ranges::sort(values_);
  auto at = [this](double share) {
    auto index = static_cast<std::size_t>(static_cast<double>(values_.size() - 1) * share);
    return static_cast<double>(values_[index]);
  };
  return {values_.size(), at(0), at(0.5), at(0.95), at(0.99), at(1)};
}

}  // namespace sluice::bench
