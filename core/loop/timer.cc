// SPDX-License-Identifier: Apache-2.0
#include "loop/timer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::loop {
namespace {

std::uint64_t whole_ms(base::Millis delay) {
  return static_cast<std::uint64_t>(std::max<base::Millis::rep>(delay.count(), 0));
}

}  // namespace

Timer::Timer(Loop &loop, std::function<void()> on_fire)
    : on_fire_(std::move(on_fire)), handle_(this) {
  loop.assert_here();
  uv_timer_init(loop.uv(), handle_.get());
}

void Timer::start(base::Millis delay) { start_at(delay, base::Millis(0)); }

void Timer::start_repeating(base::Millis period) {
  start_at(period, std::max(period, base::Millis(1)));
}

void Timer::stop() { uv_timer_stop(handle_.get()); }

bool Timer::active() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t *>(handle_.get())) != 0;
}

void Timer::start_at(base::Millis delay, base::Millis period) {
  // libuv counts from the time at which the iteration began; after a long callback, or before the
  // loop runs, the timer would fire early.
  uv_update_time(handle_.get()->loop);
  auto on_timeout = [](uv_timer_t *box) noexcept {
    auto *timer = static_cast<Timer *>(box->data);
    if (timer == nullptr) return;
    Loop::mark_busy(box->loop);
    call_owner(box, timer->on_fire_);
  };
  int started = uv_timer_start(handle_.get(), on_timeout, whole_ms(delay), whole_ms(period));
  SLUICE_CHECK(started == 0);
}

Signal::Signal(Loop &loop, int number, std::function<void()> on_signal)
    : on_signal_(std::move(on_signal)), handle_(this) {
  loop.assert_here();
  SLUICE_CHECK(uv_signal_init(loop.uv(), handle_.get()) == 0);
  auto on_arrival = [](uv_signal_t *box, int) noexcept {
    auto *signal = static_cast<Signal *>(box->data);
    if (signal == nullptr) return;
    Loop::mark_busy(box->loop);
    call_owner(box, signal->on_signal_);
  };
  SLUICE_CHECK(uv_signal_start(handle_.get(), on_arrival, number) == 0);
}

}  // namespace sluice::loop
