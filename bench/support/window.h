// SPDX-License-Identifier: Apache-2.0
// The measuring window of a load generator: what it, the server and the cores had used at its two
// ends. Included by source files only, because the JSON library is large.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"
#include "support/usage.h"

namespace sluice::bench {

struct Snapshot {
  std::int64_t at_ns = 0;
  double own_cpu_s = 0;
  ProcessUsage server;
  std::vector<CoreUsage> cores;
};

// pid is the server's; 0: there is none to look at.
Snapshot take_snapshot(int pid);

double seconds_between(const Snapshot &first, const Snapshot &last);

// Adds window_s, server, cores and load_cpu_s.
void report_usage(base::Json &line, const Snapshot &first, const Snapshot &last);

}  // namespace sluice::bench
