// SPDX-License-Identifier: Apache-2.0
// Listener: accepts TCP connections on one loop, with SO_REUSEPORT so that every loop has its own.
// When the process is out of descriptors it stops accepting for a while instead of spinning.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/socket.h"

namespace sluice::net {

class Listener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Socket>)>;

  // Binds and listens. An IPv6 wildcard address takes IPv4 too, and IPv4 alone on a host without
  // IPv6. on_accept may destroy the Listener. Errors: Code::System with errno.
  static base::Result<std::unique_ptr<Listener>> open(loop::Loop &loop, const Address &address,
                                                      OnAccept on_accept);

  // Whether nobody listens there yet. open() cannot tell: SO_REUSEPORT lets every program of the
  // same user share the port, and each would get a part of the connections. Binds for a moment.
  // Errors as for open().
  static base::Status probe(const Address &address);

  ~Listener();
  Listener(const Listener &) = delete;
  Listener &operator=(const Listener &) = delete;

  // The bound address: tells the port when the configured one was 0.
  [[nodiscard]] const Address &address() const { return address_; }

  // [any thread] Times that accepting had to pause for want of descriptors, all listeners together.
  static std::uint64_t exhaustions();

 private:
  Listener(loop::Loop &loop, Fd fd, const Address &address, OnAccept on_accept);
  void accept_some();
  bool accept_one(OnAccept &on_accept);
  void pause(int error);

  loop::Loop &loop_;
  Fd fd_;  // closed after poll_ is gone
  Address address_;
  OnAccept on_accept_;
  loop::Poll poll_;
  loop::Timer resume_;
  bool *destroyed_ = nullptr;  // on the stack of accept_some while it runs
};

}  // namespace sluice::net
