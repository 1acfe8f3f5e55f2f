// SPDX-License-Identifier: Apache-2.0
// The Resolver's c-ares channel: its sockets are polled by the loop, and its time-outs are a timer
// of the loop. Belongs to resolver.cc.
#pragma once

#include <ares.h>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "loop/poll.h"
#include "net/resolver.h"

namespace sluice::net {

// A question on its way. The resolver owns it, and c-ares while it works on it.
struct Resolver::Request {
  Resolver *resolver = nullptr;
  Channel *channel = nullptr;
  Query *query = nullptr;  // null when nobody waits any more
  std::uint16_t port = 0;
  Answer answer;
};

class Resolver::Channel {
 public:
  static base::Result<std::unique_ptr<Channel>> open(loop::Loop &loop, const Options &options);
  // Gives up what is under way: each question is finished before this returns.
  ~Channel();
  Channel(const Channel &) = delete;
  Channel &operator=(const Channel &) = delete;

  // Resolver::finish is called for it, possibly before this returns.
  void ask(const std::string &host, std::unique_ptr<Request> request);

  [[nodiscard]] bool idle() const { return under_way_ == 0; }

 private:
  explicit Channel(loop::Loop &loop);
  base::Status set_up(const Options &options);
  static void on_answer(void *request, int status, int timeouts, ares_addrinfo *found) noexcept;
  void watch(int fd, bool readable, bool writable);
  void process(int readable, int writable);
  void arm();

  loop::Loop &loop_;
  ares_channel channel_ = nullptr;
  std::size_t under_way_ = 0;
  struct Watched {
    std::unique_ptr<loop::Poll> poll;
    int events = 0;
  };
  std::unordered_map<int, Watched> watched_;  // by descriptor, which c-ares closes
  loop::Timer timer_;
};

}  // namespace sluice::net
