// SPDX-License-Identifier: Apache-2.0
// Resolver: names to addresses on one loop, by c-ares: no thread waits for an answer, so a name
// server that is dead holds up nothing but its own names. Literal addresses and names of /etc/hosts
// need no server. Answers are not kept: whoever asks again gets the name server's word of now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "net/address.h"

namespace sluice::net {

class Resolver {
 public:
  struct Options {
    // "127.0.0.1:5353" or "[::1]:53". Empty: those of /etc/resolv.conf, which is read again when it
    // has changed.
    std::vector<std::string> servers;
    base::Millis attempt_timeout{2000};  // how long one server is waited for, once
    std::size_t max_queries = 1024;      // under way at once; more are Busy
    std::size_t max_addresses = 16;      // of one answer; further ones are left out
  };

  // Errors: Code::Operator for a server that is no literal address with a port, Code::System.
  static base::Result<std::unique_ptr<Resolver>> open(loop::Loop &loop, Options options);

  ~Resolver();  // queries that are still there are never answered
  Resolver(const Resolver &) = delete;
  Resolver &operator=(const Resolver &) = delete;

  // The addresses, never none, IPv6 and IPv4 in turn. Errors: NotFound (no such name, or without
  // addresses), TimedOut, Malformed (no name at all), Busy (too many queries, or no name server can
  // answer now), System (no memory).
  using Answer = base::Result<std::vector<Address>>;
  using OnAnswer = std::function<void(Answer)>;

  class Query;

  // host: a name or a literal address, IPv6 without brackets. A literal is one in the usual form
  // only: 127.1, 0177.0.0.1 and 2130706433 are Malformed. on_answer is called once, on the loop,
  // never from inside resolve(), at the deadline at the latest; it may destroy the query and the
  // resolver. Destroying the query cancels. A query may outlive the resolver.
  [[nodiscard]] std::unique_ptr<Query> resolve(std::string_view host, std::uint16_t port,
                                               base::Millis deadline, OnAnswer on_answer);

  // Queries that c-ares works on. Those that were cancelled count until it gives them up.
  [[nodiscard]] std::size_t under_way() const { return under_way_; }

 private:
  class Channel;  // one c-ares channel with its descriptors and its timer
  struct Request;

  Resolver(loop::Loop &loop, Options options);
  base::Status open_channel();
  void follow_system_changes();
  void ask(std::string_view host, std::uint16_t port, std::unique_ptr<Request> request);
  void finish(std::unique_ptr<Request> request, Answer answer);
  void deliver();

  loop::Loop &loop_;
  Options options_;
  std::size_t under_way_ = 0;
  std::int64_t system_version_ = 0;  // of /etc/resolv.conf
  std::unique_ptr<Channel> channel_;
  std::vector<std::unique_ptr<Channel>> retired_;  // have queries, and get no further ones
  std::vector<std::unique_ptr<Request>> answered_;
  loop::Timer deliver_;
};

// A question whose answer somebody waits for.
class Resolver::Query {
 public:
  ~Query();
  Query(const Query &) = delete;
  Query &operator=(const Query &) = delete;

 private:
  friend class Resolver;
  Query(loop::Loop &loop, OnAnswer on_answer);
  void answer(Answer answer);

  OnAnswer on_answer_;
  Request *request_ = nullptr;  // the resolver's; null when it was answered or the resolver is gone
  loop::Timer deadline_;
};

}  // namespace sluice::net
