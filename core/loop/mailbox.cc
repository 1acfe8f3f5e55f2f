// SPDX-License-Identifier: Apache-2.0
#include "loop/mailbox.h"

#include <utility>

namespace sluice::loop {

Mailbox::Put Mailbox::put(Task &&task, Room room) {
  std::lock_guard lock(mutex_);
  bool full = room == Room::Bounded && queue_.size() >= capacity_;
  if (closed_ || full) return Put::Refused;
  queue_.push_back(std::move(task));
  return queue_.size() == 1 ? Put::First : Put::Queued;
}

void Mailbox::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

std::vector<Task> Mailbox::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(queue_, {});
}

}  // namespace sluice::loop
