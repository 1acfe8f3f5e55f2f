// SPDX-License-Identifier: Apache-2.0
// What a load generator does with its crowd, whatever the crowd reads: it starts, settles, and is
// measured. Included by source files only, because the JSON library is large.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "support/clock.h"
#include "support/endpoint.h"
#include "support/options.h"
#include "support/probe.h"
#include "support/window.h"

namespace sluice::bench {

// The options of every crowd, behind a program's own.
inline std::vector<Option> with_crowd_options(std::vector<Option> own) {
  own.insert(own.end(), {{"count", "100", "players, beside the probe"},
                         {"rate", "500", "connections a second while they start"},
                         {"warm", "2", "seconds between the last connection and the window"},
                         {"window", "8", "seconds that are measured"},
                         {"pid", "0", "the server's process, whose CPU time and memory are read"},
                         {"no-probe", "no", "no player that reads the media, no latency"}});
  return own;
}

inline std::int64_t ns_of(const Options &options, std::string_view name, double least,
                          double most) {
  return static_cast<std::int64_t>(options.number(name, least, most) * 1e9);
}

// Says so when the system does not allow a connection for each.
inline bool allow_players(int count) {
  if (allow_descriptors(static_cast<unsigned long>(count) + 64)) return true;
  std::fprintf(stderr, "the limit of open files is too low for %d viewers\n", count);
  return false;
}

// Runs ramp, warm-up and window; the snapshots are taken at the window's two ends.
template <class Crowd>
std::pair<Snapshot, Snapshot> watch(Crowd &crowd, std::atomic<Phase> &phase,
                                    const Options &options) {
  const int pid = options.integer("pid", 0, 1 << 22);
  const std::int64_t warm = ns_of(options, "warm", 0, 120);
  const std::int64_t window = ns_of(options, "window", 0.1, 3600);
  auto pass_for = [&](std::int64_t duration) {
    for (std::int64_t end = mono_ns() + duration; mono_ns() < end;)
      crowd.pass();
  };
  while (!crowd.all_started())
    crowd.pass();
  pass_for(warm);
  Snapshot first = take_snapshot(pid);
  crowd.begin_window();
  phase = Phase::Window;
  pass_for(window);
  Snapshot last = take_snapshot(pid);
  phase = Phase::End;
  return {std::move(first), std::move(last)};
}

}  // namespace sluice::bench
