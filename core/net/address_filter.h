// SPDX-License-Identifier: Apache-2.0
// What kind of place an address is, and a list of those that the node may connect to. A filter is
// asked about the address that is connected to, never about a name or a spelling, so that a name
// which resolves to an inner address gets no further than the address itself. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace sluice::net {

enum class AddressKind : std::uint8_t {
  Public,
  Private,      // RFC 1918, RFC 6598 (100.64/10), RFC 4193 (fc00::/7)
  LinkLocal,    // 169.254/16, fe80::/10
  Loopback,     // 127/8, ::1
  Multicast,    // 224/4, ff00::/8
  Unspecified,  // 0/8, ::
  Reserved,     // never routed: broadcast, documentation, benchmarks, and an Address without family
};

// An IPv6 address that carries an IPv4 one (mapped, NAT64 64:ff9b::/96, 6to4 2002::/16) is of the
// carried one's kind, because that is where its packets go.
AddressKind classify(const Address &address);

class AddressFilter {
 public:
  // Admits everything.
  AddressFilter() = default;

  // Each rule is a prefix ("10.0.0.0/8", "fd00::/8"), a whole address ("10.0.0.7"), or one of the
  // words any, public, private, link-local and loopback. An address is admitted when one rule says
  // so; an empty list admits none. Prefixes are compared by bits: 10.1.0.0/16 has nothing to do
  // with 10.10.0.0. Code::Operator for what is neither, and for bits set behind the prefix.
  static base::Result<AddressFilter> parse(std::span<const std::string> rules);

  [[nodiscard]] bool admits(const Address &address) const;

 private:
  // IPv4 as mapped IPv6, so that both are compared in one way.
  struct Prefix {
    std::array<std::uint8_t, 16> bytes{};
    unsigned bits = 0;
  };
  base::Status add(std::string_view rule);
  bool add_word(std::string_view rule);

  bool any_ = true;
  std::uint32_t kinds_ = 0;  // one bit per AddressKind
  std::vector<Prefix> prefixes_;
};

}  // namespace sluice::net
