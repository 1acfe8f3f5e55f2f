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

  // [any thread] Asks run() to return: no message is taken afterwards. Owners must close their handles.
  void stop();

  // [any thread] Runs the task on the loop, in order of posting. False when the mailbox is full or the
  // loop has stopped; the task is then destroyed unrun on the caller's thread.
  [[nodiscard]] bool post(Task task);

  // Runs the task after the current callback has returned, so that an object may ask for its own end.
  void defer(Task task);

  // The loop's own monotonic time, read once per iteration.
  [[nodiscard]] base::MonoTime now() const;

  // Share of the time since the last call that the loop was not waiting for events, 0 to 1.
  double take_busy_share();

  // Aborts when called from another thread than the loop's. Free in release builds.
  void assert_here() const;

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

 private:
  friend class Wakeup;
  void drain_mailbox();
  void run_deferred();
  void begin_iteration();
  void end_iteration();

  uv_loop_t uv_{};
  std::uint16_t index_;
  std::string name_;
  Mailbox mailbox_;
  std::vector<Task> deferred_;
  std::atomic<bool> stopping_{false};
  Heartbeat heartbeat_;
  struct Internals;  // the async, check, prepare and idle handles
  std::unique_ptr<Internals> internals_;
};

}  // namespace sluice::loop
