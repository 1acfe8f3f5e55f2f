// SPDX-License-Identifier: Apache-2.0
// TestLoop: a loop that runs on the test's own thread until something has come true. Declare it
// before everything that lives on it; its end fails the test run when a handle was left open.
//
//   TestLoop loop;
//   loop::Timer timer(*loop, [&] { fired = true; });
//   REQUIRE(loop.run_until([&] { return fired; }));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace sluice::test {

class TestLoop {
 public:
  explicit TestLoop(std::uint16_t index = 1) : loop_(index, "test") {}

  loop::Loop &operator*() { return loop_; }
  loop::Loop *operator->() { return &loop_; }

  // Runs the loop until `done` holds. False when it does not within a time that no working code
  // needs. `done` is asked after every iteration and now and then, because another thread may make
  // it true.
  [[nodiscard]] bool run_until(const std::function<bool()> &done) {
    auto deadline = base::mono_now() + base::Millis(10'000);
    loop::Timer ticks(loop_, [] {});
    ticks.start_repeating(base::Millis(5));
    while (!done()) {
      if (base::mono_now() > deadline) return false;
      uv_run(loop_.uv(), UV_RUN_ONCE);
    }
    return true;
  }

  // Handles what is ready now, without waiting: for showing that something does not happen.
  void run_ready(int iterations = 3) {
    loop::Timer alive(loop_, [] {});  // uv_run does nothing for a loop without handles
    alive.start(base::Millis(10'000));
    for (int i = 0; i < iterations; ++i)
      uv_run(loop_.uv(), UV_RUN_NOWAIT);
  }

 private:
  loop::Loop loop_;
};

}  // namespace sluice::test
