// SPDX-License-Identifier: Apache-2.0
// Watchdog: a thread of its own that looks at every loop's heartbeat. A loop that stays in one
// callback for longer than `warn` is named with its activity, rate-limited; past `fatal` the
// process aborts, so that the service manager starts it anew.
#pragma once

#include <atomic>
#include <condition_variable>
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
  Watchdog(std::vector<Loop *> loops, Limits limits);
  ~Watchdog();

  // [any thread] Stalls longer than `warn` seen so far.
  [[nodiscard]] std::uint64_t stalls() const { return stalls_.load(std::memory_order_relaxed); }

 private:
  void run();
  void inspect(Loop &loop, std::int64_t now_us);

  std::vector<Loop *> loops_;
  Limits limits_;
  std::atomic<std::uint64_t> stalls_{0};
  std::mutex mutex_;  // protects quit_; contended only when the process ends
  std::condition_variable wake_;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace sluice::loop
