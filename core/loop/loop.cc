// SPDX-License-Identifier: Apache-2.0
#include "loop/loop.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "metrics/metrics.h"

namespace sluice::loop {
namespace {

constexpr std::size_t kMailboxCapacity = 65536;

std::int64_t mono_us() {
  return std::chrono::duration_cast<base::Micros>(base::mono_now().time_since_epoch()).count();
}

Loop &loop_of(const uv_loop_t *uv) { return *static_cast<Loop *>(uv->data); }

}  // namespace

// None of these keeps the loop alive, except `async` until the loop is asked to stop.
struct Loop::Internals {
  uv_async_t async{};      // something is in the mailbox, or the loop shall stop
  uv_prepare_t prepare{};  // before waiting for events
  uv_check_t check{};      // after the callbacks of events
  uv_idle_t idle{};        // active while deferred tasks forbid waiting

  std::uint64_t last_idle_ns = 0;
  std::uint64_t last_share_ns = 0;

  template <class Visit>
  void each(Visit visit) {
    visit(reinterpret_cast<uv_handle_t *>(&async));
    visit(reinterpret_cast<uv_handle_t *>(&prepare));
    visit(reinterpret_cast<uv_handle_t *>(&check));
    visit(reinterpret_cast<uv_handle_t *>(&idle));
  }
  bool owns(const uv_handle_t *handle) {
    bool found = false;
    each([&](const uv_handle_t *own) { found = found || own == handle; });
    return found;
  }
};

Loop::Loop(std::uint16_t index, std::string name)
    : index_(index),
      name_(std::move(name)),
      mailbox_(kMailboxCapacity),
      internals_(std::make_unique<Internals>()) {
  SLUICE_CHECK(uv_loop_init(&uv_) == 0);
  SLUICE_CHECK(uv_loop_configure(&uv_, UV_METRICS_IDLE_TIME) == 0);
  uv_.data = this;
  Internals &in = *internals_;
  SLUICE_CHECK(uv_async_init(&uv_, &in.async, [](uv_async_t *handle) noexcept {
                 loop_of(handle->loop).drain_mailbox();
               }) == 0);
  uv_prepare_init(&uv_, &in.prepare);
  uv_check_init(&uv_, &in.check);
  uv_idle_init(&uv_, &in.idle);
  uv_prepare_start(&in.prepare,
                   [](uv_prepare_t *handle) noexcept { loop_of(handle->loop).before_waiting(); });
  uv_check_start(&in.check,
                 [](uv_check_t *handle) noexcept { loop_of(handle->loop).run_deferred(); });
  uv_unref(reinterpret_cast<uv_handle_t *>(&in.prepare));
  uv_unref(reinterpret_cast<uv_handle_t *>(&in.check));
  uv_unref(reinterpret_cast<uv_handle_t *>(&in.idle));
  in.last_share_ns = uv_hrtime();
}

Loop::~Loop() {
  assert_here();
  mailbox_.close();
  mailbox_.take();
  settle();
  check_no_handles();
  internals_->each([](uv_handle_t *handle) { uv_close(handle, nullptr); });
  uv_run(&uv_, UV_RUN_DEFAULT);
  SLUICE_CHECK(uv_loop_close(&uv_) == 0);
}

void Loop::run() {
  auto nobody = std::thread::id{};
  SLUICE_CHECK(runner_.compare_exchange_strong(nobody, std::this_thread::get_id()));
  metrics::set_thread_shard(index_);
  // The main loop's thread keeps its name, which is the process's.
  if (index_ != 0) pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  do {
    uv_run(&uv_, UV_RUN_DEFAULT);
    run_deferred();
  } while (uv_loop_alive(&uv_) != 0 || !deferred_.empty());
  end_turn();
  metrics::set_thread_shard(0);
  runner_.store({});
}

void Loop::stop() {
  mailbox_.close();
  if (!stopping_.exchange(true)) uv_async_send(&internals_->async);
}

bool Loop::post(Task task) { return put(std::move(task), Mailbox::Room::Bounded); }

void Loop::tell(Task task) { put(std::move(task), Mailbox::Room::Always); }

bool Loop::put(Task &&task, Mailbox::Room room) {
  Mailbox::Put put = mailbox_.put(std::move(task), room);
  if (put == Mailbox::Put::First) uv_async_send(&internals_->async);
  return put != Mailbox::Put::Refused;
}

void Loop::defer(Task task) {
  assert_here();
  deferred_.push_back(std::move(task));
}

base::MonoTime Loop::now() const { return base::MonoTime(base::Millis(uv_now(&uv_))); }

double Loop::take_busy_share() {
  assert_here();
  std::uint64_t now = uv_hrtime();
  std::uint64_t idle = uv_metrics_idle_time(&uv_);
  auto passed = static_cast<double>(now - std::exchange(internals_->last_share_ns, now));
  auto waited = static_cast<double>(idle - std::exchange(internals_->last_idle_ns, idle));
  return passed > 0 ? std::clamp(1 - waited / passed, 0.0, 1.0) : 0;
}

base::Micros Loop::take_longest_turn() {
  assert_here();
  return std::exchange(longest_turn_, base::Micros(0));
}

void Loop::check_here() const {
  std::thread::id runner = runner_.load(std::memory_order_relaxed);
  SLUICE_CHECK(runner == std::thread::id{} || runner == std::this_thread::get_id());
}

void Loop::begin_turn() { heartbeat_.busy_since_us.store(mono_us(), std::memory_order_relaxed); }

void Loop::end_turn() {
  std::int64_t since = heartbeat_.busy_since_us.load(std::memory_order_relaxed);
  if (since == 0) return;
  heartbeat_.busy_since_us.store(0, std::memory_order_relaxed);
  longest_turn_ = std::max(longest_turn_, base::Micros(mono_us() - since));
}

void Loop::before_waiting() {
  ++turn_;
  run_deferred();
  // A deferred task may defer another. It waits for the next iteration, so that timers and sockets
  // get their turn, but the loop must not sleep meanwhile.
  if (deferred_.empty()) {
    uv_idle_stop(&internals_->idle);
  } else {
    uv_idle_start(&internals_->idle, [](uv_idle_t *) noexcept {});
  }
  end_turn();
}

void Loop::drain_mailbox() {
  mark_busy();
  // Asked before taking: a mailbox that was closed by then has nothing more to come after this.
  bool last = stopping_.load();
  for (Task &task : mailbox_.take()) {
    task();
    task = nullptr;
    run_deferred();
  }
  if (last) uv_unref(reinterpret_cast<uv_handle_t *>(&internals_->async));
}

void Loop::run_deferred() {
  if (deferred_.empty()) return;
  mark_busy();
  for (Task &task : std::exchange(deferred_, {})) {
    task();
    task = nullptr;
  }
}

// Lets the handles that were closed disappear, and runs what was deferred, without waiting for
// anything.
void Loop::settle() {
  uv_unref(reinterpret_cast<uv_handle_t *>(&internals_->async));
  bool closing = true;
  while (closing || !deferred_.empty()) {
    uv_run(&uv_, UV_RUN_NOWAIT);
    run_deferred();
    closing = false;
    uv_walk(
        &uv_,
        [](uv_handle_t *handle, void *found) noexcept {
          if (uv_is_closing(handle) != 0) *static_cast<bool *>(found) = true;
        },
        &closing);
  }
}

void Loop::check_no_handles() {
  struct Walk {
    Internals &internals;
    std::string leftovers;
  } walk{*internals_, {}};
  uv_walk(
      &uv_,
      [](uv_handle_t *handle, void *argument) noexcept {
        auto &seen = *static_cast<Walk *>(argument);
        if (seen.internals.owns(handle)) return;
        if (!seen.leftovers.empty()) seen.leftovers.push_back(' ');
        seen.leftovers.append(uv_handle_type_name(handle->type));
      },
      &walk);
  if (walk.leftovers.empty()) return;
  base::log::error("loop ends with open handles", {{"loop", name_}, {"handles", walk.leftovers}});
  SLUICE_CHECK(walk.leftovers.empty());
}

}  // namespace sluice::loop
