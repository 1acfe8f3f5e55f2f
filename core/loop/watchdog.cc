// SPDX-License-Identifier: Apache-2.0
#include "loop/watchdog.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>

#include "base/log.h"

namespace sluice::loop {
namespace {

std::int64_t mono_us() {
  return std::chrono::duration_cast<base::Micros>(base::mono_now().time_since_epoch()).count();
}

std::int64_t in_us(base::Millis time) { return base::Micros(time).count(); }

}  // namespace

Watchdog::Watchdog(const std::vector<Loop *> &loops, Limits limits) : limits_(limits) {
  for (Loop *loop : loops)
    watched_.push_back({loop});
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Watchdog::run() {
  pthread_setname_np(pthread_self(), "watchdog");
  // Signals are the main thread's.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  auto period = std::clamp(limits_.warn / 2, base::Millis(10), base::Millis(1000));
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, period, [this] { return quit_; })) {
    std::int64_t now_us = mono_us();
    for (Watched &watched : watched_)
      inspect(watched, now_us);
  }
}

void Watchdog::inspect(Watched &watched, std::int64_t now_us) {
  Loop::Heartbeat &heartbeat = watched.loop->heartbeat();
  std::int64_t since_us = heartbeat.busy_since_us.load(std::memory_order_relaxed);
  if (since_us == 0) return;
  std::int64_t stalled_us = now_us - since_us;
  if (stalled_us <= in_us(limits_.warn)) return;
  if (watched.counted_us != since_us) stalls_.fetch_add(1, std::memory_order_relaxed);
  watched.counted_us = since_us;

  bool fatal = limits_.fatal.count() > 0 && stalled_us > in_us(limits_.fatal);
  static base::log::Limiter limiter;
  auto held = limiter.admit();
  if (held || fatal) {
    base::log::write(fatal ? base::log::Level::Error : base::log::Level::Warning,
                     fatal ? "loop stalled for too long, aborting" : "loop stalled",
                     {{"loop", watched.loop->name()},
                      {"stalled_ms", stalled_us / 1000},
                      {"activity", heartbeat.activity.load(std::memory_order_relaxed)},
                      {"serial", heartbeat.serial.load(std::memory_order_relaxed)},
                      {"suppressed", *held}});
  }
  // The core file has the stack of the loop that hangs.
  if (fatal) std::abort();
}

}  // namespace sluice::loop
