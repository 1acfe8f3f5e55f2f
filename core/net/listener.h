// SPDX-License-Identifier: Apache-2.0
// Listener: accepts TCP connections on one loop, with SO_REUSEPORT so that every loop has its own. When the
// process is out of descriptors it stops accepting for a while instead of spinning.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "net/address.h"
#include "net/socket.h"

namespace sluice::net {

class Listener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Socket>)>;

  // Binds and listens. An IPv6 wildcard address takes IPv4 too. Errors: Code::System with errno.
  static base::Result<std::unique_ptr<Listener>> open(loop::Loop &loop, const Address &address,
                                                      OnAccept on_accept);
  ~Listener();

  // The bound address: tells the port when the configured one was 0.
  [[nodiscard]] const Address &address() const { return address_; }

  // [any thread] Times that accepting had to pause for want of descriptors, all listeners together.
  static std::uint64_t exhaustions();

 private:
  Listener(loop::Loop &loop, int fd, const Address &address, OnAccept on_accept);
  void accept_some();
  void pause();

  loop::Loop &loop_;
  int fd_;
  Address address_;
  OnAccept on_accept_;
  loop::Poll poll_;
  loop::Timer resume_;
};

}  // namespace sluice::net
