// SPDX-License-Identifier: Apache-2.0
// Outbox: small control output of one socket, bounded. What the kernel does not take at once is
// kept and sent when the socket is writable. Media never goes through it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/socket.h"

namespace sluice::net {

class Outbox {
 public:
  // max_bytes: what a peer that does not read may make us hold; more is Code::TooLarge.
  Outbox(Socket &socket, std::size_t max_bytes) : socket_(socket), max_bytes_(max_bytes) {}

  // An error means that the connection is of no more use.
  base::Status send(std::string_view bytes);
  // Call from on_writable.
  base::Status flush();

  [[nodiscard]] bool empty() const { return pending_.empty(); }
  [[nodiscard]] std::size_t size() const { return pending_.size(); }

 private:
  Socket &socket_;
  std::size_t max_bytes_;
  std::string pending_;
};

}  // namespace sluice::net
