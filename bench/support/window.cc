// SPDX-License-Identifier: Apache-2.0
// What was used between two snapshots.
#include "support/window.h"

#include <sys/resource.h>

#include "support/clock.h"
#include "support/report.h"

namespace sluice::bench {
namespace {

using base::Json;

double own_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval &t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Json server_json(const ProcessUsage &a, const ProcessUsage &b) {
  return {{"cpu_s", rounded(b.cpu_s - a.cpu_s, 1e6)},
          {"user_s", rounded(b.user_s - a.user_s)},
          {"system_s", rounded(b.system_s - a.system_s)},
          {"resident_bytes", b.resident_bytes},
          {"voluntary_switches", b.voluntary_switches - a.voluntary_switches},
          {"involuntary_switches", b.involuntary_switches - a.involuntary_switches}};
}

Json cores_json(const Snapshot &first, const Snapshot &last) {
  Json cores = Json::array();
  for (std::size_t i = 0; i < first.cores.size() && i < last.cores.size(); i++) {
    const CoreUsage &a = first.cores[i], &b = last.cores[i];
    cores.push_back({{"busy_s", rounded(b.busy_s - a.busy_s)},
                     {"softirq_s", rounded(b.softirq_s - a.softirq_s)},
                     {"steal_s", rounded(b.steal_s - a.steal_s)}});
  }
  return cores;
}

}  // namespace

Snapshot take_snapshot(int pid) {
  return {mono_ns(), own_cpu_s(), pid > 0 ? process_usage(pid) : ProcessUsage{}, core_usage()};
}

double seconds_between(const Snapshot &first, const Snapshot &last) {
  return static_cast<double>(last.at_ns - first.at_ns) / 1e9;
}

void report_usage(Json &line, const Snapshot &first, const Snapshot &last) {
  line["window_s"] = rounded(seconds_between(first, last));
  line["server"] = server_json(first.server, last.server);
  line["cores"] = cores_json(first, last);
  line["load_cpu_s"] = rounded(last.own_cpu_s - first.own_cpu_s);
}

}  // namespace sluice::bench
