// SPDX-License-Identifier: Apache-2.0
// Mailbox: the bounded queue by which other threads reach a loop. Control messages are never
// dropped silently: a full mailbox refuses, and the sender decides.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace sluice::loop {

using Task = std::move_only_function<void()>;

class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  // Always: for what must not be lost, and whose number something else bounds.
  enum class Room { Bounded, Always };
  enum class Put { First, Queued, Refused };  // First: the queue was empty, so wake the loop

  // [any thread]
  Put put(Task &&task, Room room = Room::Bounded);
  // [any thread] Refuses everything from now on; what is queued may still be taken.
  void close();
  // [owner] Everything queued so far, in order.
  std::vector<Task> take();

 private:
  // Protects queue_ and closed_. Contended by the loops that post control messages (publishing,
  // joining, snapshots), a few per session and never per frame; held for a push or a swap only.
  std::mutex mutex_;
  std::vector<Task> queue_;
  std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace sluice::loop
