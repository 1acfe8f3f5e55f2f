// SPDX-License-Identifier: Apache-2.0
// Poll: readiness of a file descriptor that somebody else owns and closes after the Poll is gone.
#pragma once

#include <functional>

#include "loop/handle.h"
#include "loop/loop.h"

namespace sluice::loop {

class Poll {
 public:
  // events: UV_READABLE | UV_WRITABLE | UV_DISCONNECT. on_ready gets the events that are ready; an
  // error of the descriptor arrives as all that were asked for, so that the next read or write
  // reports it; watching has then stopped until the next watch().
  Poll(Loop &loop, int fd, std::function<void(int events)> on_ready);
  Poll(const Poll &) = delete;
  Poll &operator=(const Poll &) = delete;

  // Changing the set costs an epoll_ctl at the next iteration, so callers change it on a transition
  // only.
  void watch(int events);  // 0 stops

 private:
  std::function<void(int)> on_ready_;
  Handle<uv_poll_t> handle_;
  int watched_ = 0;
};

}  // namespace sluice::loop
