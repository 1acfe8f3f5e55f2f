// SPDX-License-Identifier: Apache-2.0
// Timer and Signal: callbacks on the loop that made them. Destroying one cancels it, also from
// inside its own callback.
#pragma once

#include <functional>

#include "base/clock.h"
#include "loop/handle.h"
#include "loop/loop.h"

namespace sluice::loop {

class Timer {
 public:
  Timer(Loop &loop, std::function<void()> on_fire);
  Timer(const Timer &) = delete;
  Timer &operator=(const Timer &) = delete;

  void start(base::Millis delay);             // once; starting again moves the deadline
  void start_repeating(base::Millis period);  // first after one period
  void stop();
  [[nodiscard]] bool active() const;

 private:
  void start_at(base::Millis delay, base::Millis period);

  std::function<void()> on_fire_;
  Handle<uv_timer_t> handle_;
};

class Signal {
 public:
  // number: SIGTERM and the like. Only on the main loop.
  Signal(Loop &loop, int number, std::function<void()> on_signal);
  Signal(const Signal &) = delete;
  Signal &operator=(const Signal &) = delete;

 private:
  std::function<void()> on_signal_;
  Handle<uv_signal_t> handle_;
};

}  // namespace sluice::loop
