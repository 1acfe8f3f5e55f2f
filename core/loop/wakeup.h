// SPDX-License-Identifier: Apache-2.0
// Wakeup: the cheapest way to say "look again" to a loop. Calls are coalesced: however often
// signal() is called before the loop looks, on_wake runs once. This is how a tape's writer tells
// the readers' loops.
#pragma once

#include <functional>
#include <memory>

#include "loop/handle.h"
#include "loop/loop.h"

namespace sluice::loop {

class Wakeup {
 public:
  // [loop]
  Wakeup(Loop &loop, std::function<void()> on_wake);
  ~Wakeup();  // [loop] later signals do nothing
  Wakeup(const Wakeup &) = delete;
  Wakeup &operator=(const Wakeup &) = delete;

  // A reference that outlives the Wakeup safely and may be used on any thread.
  class Sender {
   public:
    // [any thread] Never blocks. What was written before is seen by the on_wake that follows.
    void signal() const;

   private:
    friend class Wakeup;
    struct Shared;
    std::shared_ptr<Shared> shared_;
  };
  [[nodiscard]] Sender sender() const { return sender_; }

 private:
  std::function<void()> on_wake_;
  Handle<uv_async_t> handle_;
  Sender sender_;
};

}  // namespace sluice::loop
