// SPDX-License-Identifier: Apache-2.0
// Handle<uv_x_t>: a libuv handle in a box on the heap. libuv may use a handle until its close
// callback; destroying a Handle therefore clears `data`, closes, and lets that callback free the
// box. The owner may die inside its own callback: a trampoline that finds no owner in `data`
// returns.
#pragma once

#include <uv.h>

#include <utility>

namespace sluice::loop {

template <class Uv>
class Handle {
 public:
  explicit Handle(void *owner) : box_(new Uv{}) { box_->data = owner; }
  ~Handle() { reset(); }
  Handle(Handle &&other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  Handle &operator=(Handle &&other) noexcept {
    if (this != &other) {
      reset();
      box_ = std::exchange(other.box_, nullptr);
    }
    return *this;
  }

  [[nodiscard]] Uv *get() const { return box_; }
  void set_owner(void *owner) { box_->data = owner; }

  // Forgets a box that no uv_x_init succeeded on, which must not be closed.
  void abandon() { delete std::exchange(box_, nullptr); }

 private:
  void reset() {
    if (box_ == nullptr) return;
    box_->data = nullptr;
    auto *handle = reinterpret_cast<uv_handle_t *>(std::exchange(box_, nullptr));
    uv_close(handle, [](uv_handle_t *closed) noexcept { delete reinterpret_cast<Uv *>(closed); });
  }

  Uv *box_;
};

// Calls an owner's callback, which may destroy the owner: meanwhile the function lives on the
// stack, so that what it captured stays good until it returns. The box outlives the call, because
// libuv frees it only after the current callback.
template <class Uv, class Function, class... Arguments>
void call_owner(Uv *box, Function &function, Arguments... arguments) {
  void *owner = box->data;
  Function running = std::move(function);
  running(arguments...);
  if (box->data == owner) function = std::move(running);
}

}  // namespace sluice::loop
