// SPDX-License-Identifier: Apache-2.0
// BodySender: the answer under way whose bytes lie in a Body: its head, and how far the body is
// written. Holds the body until its last byte has gone to the kernel.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "http/body.h"
#include "net/socket.h"

namespace sluice::http {

class BodySender {
 public:
  // head goes before the body, in one write with its first bytes.
  void start(std::string head, BodyRange range);
  // Writes what the kernel takes, and asks for writability when it refused some. An error means
  // that the connection is of no more use.
  base::Status advance(net::Socket &socket);

  [[nodiscard]] bool empty() const { return left() == 0; }
  [[nodiscard]] std::size_t left() const { return head_.size() - head_sent_ + range_.size(); }

 private:
  void clear();

  std::string head_;
  std::size_t head_sent_ = 0;
  BodyRange range_;
  bool waits_ = false;  // for writability
};

}  // namespace sluice::http
