// SPDX-License-Identifier: Apache-2.0
// Farewells: connections to cameras that were told goodbye and have yet to hear it. A close with
// unread media would be a reset, which overtakes the goodbye; so what still comes is read and
// dropped until the camera closes, or for a moment. One per loop.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "loop/timer.h"
#include "net/socket.h"

namespace sluice::ingest::rtsp {

class Farewells {
 public:
  explicit Farewells(loop::Loop &loop);
  ~Farewells();  // closes what is left
  Farewells(const Farewells &) = delete;
  Farewells &operator=(const Farewells &) = delete;

  // Beyond kMax the connection is just closed.
  void add(std::unique_ptr<net::Socket> socket);
  [[nodiscard]] std::size_t size() const { return leaving_.size(); }

 private:
  static constexpr std::size_t kMax = 1024;
  class Leaving;

  void remove(Leaving &leaving);

  loop::Loop &loop_;
  std::unordered_map<Leaving *, std::unique_ptr<Leaving>> leaving_;
};

}  // namespace sluice::ingest::rtsp
