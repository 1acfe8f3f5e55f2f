// SPDX-License-Identifier: Apache-2.0
// Connector: from a host and a port to a connected Socket, on one loop. The name is resolved, each
// address is held against a filter, and the addresses are tried one after the other; one that does
// not answer soon is given company by the next (RFC 8305, in small), so that a dead address in
// front of a good one costs a moment and not a time-out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "net/address_filter.h"
#include "net/resolver.h"
#include "net/socket.h"

namespace sluice::net {

class Connector {
 public:
  struct Options {
    base::Millis total{10'000};             // name and all addresses together
    base::Millis per_address{5'000};        // one address
    base::Millis head_start{250};           // of an address before the next is tried besides
    const AddressFilter *filter = nullptr;  // borrowed until the result; null admits all
  };

  struct Target {
    std::string_view host;  // as Resolver takes it; needed during the constructor only
    std::uint16_t port = 0;
  };

  using Outcome = base::Result<std::unique_ptr<Socket>>;
  using OnOutcome = std::function<void(Outcome)>;

  // Starts at once. on_outcome is called once, on the loop, never from inside the constructor, and
  // may destroy the Connector, whose destruction cancels. The Socket has TCP_NODELAY and no events
  // yet. Errors: those of Resolver; Refused when the filter admits none of the addresses; else what
  // the last address had: System with errno, or TimedOut. resolver must outlive the Connector.
  Connector(loop::Loop &loop, Resolver &resolver, Target target, Options options,
            OnOutcome on_outcome);
  ~Connector();
  Connector(const Connector &) = delete;
  Connector &operator=(const Connector &) = delete;

 private:
  class Attempt;  // one address
  void on_addresses(Resolver::Answer answer);
  void try_next();
  void on_attempt_done(Attempt &attempt, base::Result<std::unique_ptr<Socket>> socket);
  void finish(Outcome outcome);

  loop::Loop &loop_;
  Options options_;
  OnOutcome on_outcome_;
  std::unique_ptr<Resolver::Query> query_;
  std::vector<Address> addresses_;  // admitted ones
  std::size_t next_ = 0;            // of addresses_
  std::vector<std::unique_ptr<Attempt>> attempts_;
  base::Error last_error_;
  loop::Timer deadline_;
  loop::Timer company_;  // when the next address is tried besides
};

}  // namespace sluice::net
