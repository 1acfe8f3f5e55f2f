// SPDX-License-Identifier: Apache-2.0
#include "loop/poll.h"

#include <utility>

#include "base/check.h"

namespace sluice::loop {

Poll::Poll(Loop &loop, int fd, std::function<void(int events)> on_ready)
    : on_ready_(std::move(on_ready)), handle_(this) {
  loop.assert_here();
  SLUICE_CHECK(uv_poll_init(loop.uv(), handle_.get(), fd) == 0);
}

void Poll::watch(int events) {
  if (events == watched_) return;
  watched_ = events;
  if (events == 0) {
    uv_poll_stop(handle_.get());
    return;
  }
  auto on_events = [](uv_poll_t *box, int status, int ready) noexcept {
    auto *poll = static_cast<Poll *>(box->data);
    if (poll == nullptr) return;
    Loop::mark_busy(box->loop);
    // libuv stops the handle when the descriptor has an error.
    if (status < 0) ready = std::exchange(poll->watched_, 0);
    call_owner(box, poll->on_ready_, ready);
  };
  SLUICE_CHECK(uv_poll_start(handle_.get(), events, on_events) == 0);
}

}  // namespace sluice::loop
