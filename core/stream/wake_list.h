// SPDX-License-Identifier: Apache-2.0
// WakeList: how a tape's writer tells the readers' loops that there is more to read. Each loop has
// one list; each audience on the loop has one Subscriber. Waking puts the subscriber on the list,
// once however often it is woken, and signals the loop, once however many are on the list. The cost
// to the writer is per loop, never per viewer.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "loop/wakeup.h"

namespace sluice::stream {

class Subscriber;

class WakeList {
 public:
  explicit WakeList(loop::Loop &loop);
  ~WakeList();
  WakeList(const WakeList &) = delete;
  WakeList &operator=(const WakeList &) = delete;

  // [loop] on_wake runs on this loop after one or more wakes, until Subscriber::silence().
  [[nodiscard]] std::shared_ptr<Subscriber> subscribe(std::function<void()> on_wake);

 private:
  friend class Subscriber;
  void run_woken();

  // Shared with the subscribers, which may be woken after the list is gone.
  struct Shared {
    std::atomic<Subscriber *> woken{nullptr};  // closed() once the list is gone
    loop::Wakeup::Sender sender;
    static Subscriber *closed();
  };
  std::shared_ptr<Shared> shared_;
  loop::Wakeup wakeup_;
};

class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
  // [any thread]
  void wake();
  // [reader's loop] on_wake is not called again. Also inside on_wake.
  void silence() { on_wake_ = nullptr; }

 private:
  friend class WakeList;
  std::shared_ptr<WakeList::Shared> list_;
  std::function<void()> on_wake_;
  std::atomic<bool> queued_{false};
  // Both belong to whoever set queued_, then to the list.
  Subscriber *next_ = nullptr;
  std::shared_ptr<Subscriber> self_;
};

}  // namespace sluice::stream
