// SPDX-License-Identifier: Apache-2.0
// What /proc says about a process and the cores: CPU time, memory, context switches. Read by the
// load generator at both ends of its measuring window, so that bytes and CPU time belong to the
// same interval.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace sluice::bench {

struct ProcessUsage {
  double cpu_s = 0;                 // by schedstat of all threads, which counts nanoseconds
  double user_s = 0, system_s = 0;  // by the tick, coarse: for the split only
  std::uint64_t resident_bytes = 0;
  std::uint64_t voluntary_switches = 0, involuntary_switches = 0;
};

struct CoreUsage {
  double busy_s = 0, user_s = 0, system_s = 0, softirq_s = 0, steal_s = 0;
};

// All zero when there is no such process.
ProcessUsage process_usage(pid_t pid);
std::vector<CoreUsage> core_usage();

}  // namespace sluice::bench
