// SPDX-License-Identifier: Apache-2.0
// Loop: one libuv loop and the thread that runs it. Everything with loop affinity is made, used and
// destroyed on the loop's own thread; other threads reach it by post() only.
#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "loop/mailbox.h"

namespace sluice::loop {

class Loop {
 public:
  // index: this loop's shard in metrics and in SessionIds; unique in the process. Main is 0.
  Loop(std::uint16_t index, std::string name);
  ~Loop();  // every handle must be closed by then; leftovers are named and abort the process
  Loop(const Loop &) = delete;
  Loop &operator=(const Loop &) = delete;

  // Runs on the calling thread until stop() was called and the last handle is closed.
  void run();

  // [any thread] Asks run() to return: what was posted before still runs, nothing is taken
  // afterwards. Owners must close their handles.
  void stop();

  // [any thread] Runs the task on the loop, in order of posting. False when the mailbox is full or
  // the loop has stopped; the task is then destroyed unrun on the caller's thread.
  [[nodiscard]] bool post(Task task);

  // [any thread] The same for what must not be lost: the end of a publication, an answer. It is
  // taken even when the mailbox is full, so the caller bounds how much there can be of it. Dropped
  // only when the loop has stopped, when there is nobody left to hear it.
  void tell(Task task);

  // Runs the task after the current callback has returned, so that an object may ask for its own
  // end.
  void defer(Task task);

  // The loop's own monotonic time, read once per iteration.
  [[nodiscard]] base::MonoTime now() const;

  // How often the loop has looked for new events: the same number means the same turn.
  [[nodiscard]] std::uint64_t turn() const { return turn_; }

  // Share of the time since the last call that the loop was not waiting for events, 0 to 1.
  double take_busy_share();

  // The longest time since the last call that the loop worked without looking for new events.
  base::Micros take_longest_turn();

  // Aborts when called from another thread than the one inside run(). Free in release builds.
  void assert_here() const {
#ifdef SLUICE_DEBUG
    check_here();
#endif
  }

  [[nodiscard]] std::uint16_t index() const { return index_; }
  [[nodiscard]] const std::string &name() const { return name_; }
  [[nodiscard]] uv_loop_t *uv() { return &uv_; }

  // What the loop is doing, for the watchdog: a literal, or the session's serial.
  struct Heartbeat {
    std::atomic<std::int64_t> busy_since_us{0};  // 0 while waiting for events; else monotonic µs
    std::atomic<const char *> activity{""};
    std::atomic<std::uint64_t> serial{0};
  };
  [[nodiscard]] Heartbeat &heartbeat() { return heartbeat_; }

  // For the trampolines of handles, before they call their owners: the loop works from now on,
  // until it waits again.
  static void mark_busy(const uv_loop_t *uv) { static_cast<Loop *>(uv->data)->mark_busy(); }
  void mark_busy() {
    if (heartbeat_.busy_since_us.load(std::memory_order_relaxed) == 0) begin_turn();
  }

 private:
  bool put(Task &&task, Mailbox::Room room);
  void check_here() const;
  void begin_turn();
  void end_turn();
  void before_waiting();
  void drain_mailbox();
  void run_deferred();
  void settle();
  void check_no_handles();

  uv_loop_t uv_{};
  std::uint16_t index_;
  std::string name_;
  Mailbox mailbox_;
  std::vector<Task> deferred_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> runner_{};  // the thread inside run()
  Heartbeat heartbeat_;
  base::Micros longest_turn_{0};
  std::uint64_t turn_ = 0;
  struct Internals;  // the async, check, prepare and idle handles
  std::unique_ptr<Internals> internals_;
};

// Tells the watchdog what the loop does while this object lives. [loop]
class Activity {
 public:
  // what: a literal. serial: the session's, or 0.
  Activity(Loop &loop, const char *what, std::uint64_t serial = 0) : heartbeat_(loop.heartbeat()) {
    heartbeat_.activity.store(what, std::memory_order_relaxed);
    heartbeat_.serial.store(serial, std::memory_order_relaxed);
  }
  ~Activity() {
    heartbeat_.activity.store("", std::memory_order_relaxed);
    heartbeat_.serial.store(0, std::memory_order_relaxed);
  }
  Activity(const Activity &) = delete;
  Activity &operator=(const Activity &) = delete;

 private:
  Loop::Heartbeat &heartbeat_;
};

}  // namespace sluice::loop
