// SPDX-License-Identifier: Apache-2.0
#include "stream/wake_list.h"

#include <utility>

namespace sluice::stream {

WakeList::WakeList(loop::Loop &loop)
    : shared_(std::make_shared<Shared>()), wakeup_(loop, [this] { run_woken(); }) {
  shared_->sender = wakeup_.sender();
}

Subscriber *WakeList::Shared::closed() {
  static Subscriber mark;
  return &mark;
}

WakeList::~WakeList() {
  // Subscribers that were woken and not served keep themselves alive; this lets them go.
  Subscriber *woken = shared_->woken.exchange(Shared::closed(), std::memory_order_acq_rel);
  while (woken != nullptr) {
    Subscriber *next = woken->next_;
    woken->on_wake_ = nullptr;
    auto self = std::move(woken->self_);
    woken = next;
  }
}

std::shared_ptr<Subscriber> WakeList::subscribe(std::function<void()> on_wake) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->list_ = shared_;
  subscriber->on_wake_ = std::move(on_wake);
  return subscriber;
}

void WakeList::run_woken() {
  Subscriber *woken = shared_->woken.exchange(nullptr, std::memory_order_acq_rel);
  while (woken != nullptr) {
    auto self = std::move(woken->self_);
    Subscriber *next = woken->next_;
    // An exchange rather than a store: it reads from the writer's own exchange and so sees the head
    // that was published before it. A wake that comes after this line queues anew.
    woken->queued_.exchange(false, std::memory_order_acq_rel);
    // A copy, because the subscriber may be silenced inside the call.
    if (auto on_wake = woken->on_wake_) on_wake();
    woken = next;
  }
}

void Subscriber::wake() {
  if (queued_.exchange(true, std::memory_order_acq_rel)) return;
  self_ = shared_from_this();
  // The list is only ever taken whole, so a pushed node cannot be popped and pushed again in
  // between.
  next_ = list_->woken.load(std::memory_order_relaxed);
  do {
    if (next_ == WakeList::Shared::closed()) return self_.reset();
  } while (!list_->woken.compare_exchange_weak(next_, this, std::memory_order_acq_rel));
  list_->sender.signal();
}

}  // namespace sluice::stream
