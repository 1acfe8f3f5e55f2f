// SPDX-License-Identifier: Apache-2.0
// Samples: a bounded set of measured values and its percentiles.
#pragma once

#include <cstddef>
#include <vector>

namespace sluice::bench {

struct Percentiles {
  std::size_t count = 0;
  double min = 0, p50 = 0, p95 = 0, p99 = 0, max = 0;
};

class Samples {
 public:
  // Values past the bound are dropped; no run here comes near it.
  void add(double value) {
    if (values_.size() < kBound) values_.push_back(static_cast<float>(value));
  }
  [[nodiscard]] Percentiles percentiles();  // sorts

 private:
  static constexpr std::size_t kBound = 4'000'000;
  std::vector<float> values_;
};

}  // namespace sluice::bench
