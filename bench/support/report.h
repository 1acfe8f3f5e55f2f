// SPDX-License-Identifier: Apache-2.0
// The bench programs' one line of JSON. Included by source files only, because the JSON library is
// large.
#pragma once

#include <cmath>
#include <cstdio>

#include "base/json.h"
#include "support/samples.h"

namespace sluice::bench {

// To three digits after the point, unless told otherwise; a result has no more of them.
inline double rounded(double value, double scale = 1000) {
  return std::round(value * scale) / scale;
}

inline base::Json to_json(const Percentiles &p) {
  return {{"count", p.count},      {"min", rounded(p.min)}, {"p50", rounded(p.p50)},
          {"p95", rounded(p.p95)}, {"p99", rounded(p.p99)}, {"max", rounded(p.max)}};
}

inline void print_line(const base::Json &json) {
  std::printf("%s\n", base::dump(json).c_str());
  std::fflush(stdout);
}

}  // namespace sluice::bench
