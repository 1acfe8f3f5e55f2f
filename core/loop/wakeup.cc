// SPDX-License-Identifier: Apache-2.0
#include "loop/wakeup.h"

#include <atomic>
#include <thread>
#include <utility>

#include "base/check.h"

namespace sluice::loop {

// What senders and the Wakeup share. A sender that is between enter() and leave() may use `async`;
// closing waits for those few, which are inside one non-blocking system call at most.
struct Wakeup::Sender::Shared {
  explicit Shared(uv_async_t *handle) : async(handle) {}

  bool enter() {
    if ((gate.fetch_add(kOne, std::memory_order_acquire) & kClosed) == 0) return true;
    leave();
    return false;
  }
  void leave() { gate.fetch_sub(kOne, std::memory_order_release); }
  void close() {
    gate.fetch_or(kClosed, std::memory_order_acq_rel);
    while (gate.load(std::memory_order_acquire) != kClosed)
      std::this_thread::yield();
  }

  static constexpr unsigned kClosed = 1;
  static constexpr unsigned kOne = 2;
  std::atomic<unsigned> gate{0};
  // A signal is on its way. Kept here, because the look that uv_async_send takes at its own flag
  // first may be reordered before the sender's writes, and a wake-up be lost.
  std::atomic<bool> pending{false};
  uv_async_t *async;
};

Wakeup::Wakeup(Loop &loop, std::function<void()> on_wake)
    : on_wake_(std::move(on_wake)), handle_(this) {
  loop.assert_here();
  auto on_async = [](uv_async_t *box) noexcept {
    auto *wakeup = static_cast<Wakeup *>(box->data);
    if (wakeup == nullptr) return;
    Loop::mark_busy(box->loop);
    wakeup->sender_.shared_->pending.exchange(false, std::memory_order_acq_rel);
    call_owner(box, wakeup->on_wake_);
  };
  SLUICE_CHECK(uv_async_init(loop.uv(), handle_.get(), on_async) == 0);
  sender_.shared_ = std::make_shared<Sender::Shared>(handle_.get());
}

Wakeup::~Wakeup() { sender_.shared_->close(); }

void Wakeup::Sender::signal() const {
  if (shared_ == nullptr) return;
  if (shared_->pending.exchange(true, std::memory_order_acq_rel)) return;
  if (!shared_->enter()) return;
  uv_async_send(shared_->async);
  shared_->leave();
}

}  // namespace sluice::loop
