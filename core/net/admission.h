// SPDX-License-Identifier: Apache-2.0
// Admission: counts a protocol's connections over all loops, in total and per remote host (IPv6:
// per /64), and refuses those over the limits.
#pragma once

#include <cstddef>
#include <expected>
#include <mutex>
#include <string>

#include "base/keyed_counts.h"
#include "net/address.h"

namespace sluice::net {

class Admission {
 public:
  struct Limits {
    std::size_t total = 0;
    std::size_t per_address = 0;
  };
  enum class Refusal { Total, PerAddress };

  explicit Admission(Limits limits) : limits_(limits) {}

  // A place among the admitted connections, given back when it is destroyed. Must not outlive the
  // Admission.
  class Permit {
   public:
    Permit() = default;
    ~Permit() { reset(); }
    Permit(Permit &&other) noexcept;
    Permit &operator=(Permit &&other) noexcept;
    void reset();

   private:
    friend class Admission;
    Permit(Admission &owner, std::string host) : owner_(&owner), host_(std::move(host)) {}

    Admission *owner_ = nullptr;
    std::string host_;
  };

  // [any thread]
  std::expected<Permit, Refusal> admit(const Address &peer);
  void set_limits(Limits limits);  // for connections to come
  [[nodiscard]] std::size_t total() const;

 private:
  void leave(const std::string &host);

  // Protects everything below. Contended by the loops that accept, once per connection and once per
  // close.
  mutable std::mutex mutex_;
  Limits limits_;
  std::size_t total_ = 0;
  base::KeyedCounts by_host_;
};

}  // namespace sluice::net
