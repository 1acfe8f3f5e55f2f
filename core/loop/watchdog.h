// SPDX-License-Identifier: Apache-2.0
// Watchdog: a thread of its own that looks at every loop's heartbeat. A loop that works for longer
// than `warn` without looking for new events is named with its activity, rate-limited; past `fatal`
// the process aborts, so that the service manager starts it anew.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "loop/loop.h"

namespace sluice::loop {

class Watchdog {
 public:
  struct Limits {
    base::Millis warn{200};
    base::Millis fatal{30'000};  // 0: never
  };
  // The loops must outlive the watchdog.
  Watchdog(const std::vector<Loop *> &loops, Limits limits);
  ~Watchdog();
  Watchdog(const Watchdog &) = delete;
  Watchdog &operator=(const Watchdog &) = delete;

  // [any thread] Stalls longer than `warn` seen so far.
  [[nodiscard]] std::uint64_t stalls() const { return stalls_.load(std::memory_order_relaxed); }

 private:
  struct Watched {
    Loop *loop;
    std::int64_t counted_us = 0;  // the busy_since_us of the stall that was counted last
  };
  void run();
  void inspect(Watched &watched, std::int64_t now_us);

  std::vector<Watched> watched_;
  Limits limits_;
  std::atomic<std::uint64_t> stalls_{0};
  std::mutex mutex_;  // protects quit_; contended only when the process ends
  std::condition_variable wake_;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace sluice::loop
