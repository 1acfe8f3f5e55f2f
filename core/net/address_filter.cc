// SPDX-License-Identifier: Apache-2.0
#include "net/address_filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace sluice::net {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;
constexpr unsigned kMappedBits = 96;

// A network of the tables below: an address as text is read once, at the first question.
struct Network {
  std::array<std::uint8_t, 16> bytes;
  unsigned bits;
  AddressKind kind;
};

constexpr Network ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, unsigned bits,
                       AddressKind kind) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, 0}, kMappedBits + bits, kind};
}

constexpr Network ipv6(std::uint32_t head, unsigned bits, AddressKind kind) {
  return {{static_cast<std::uint8_t>(head >> 24), static_cast<std::uint8_t>(head >> 16),
           static_cast<std::uint8_t>(head >> 8), static_cast<std::uint8_t>(head)},
          bits,
          kind};
}

// The registries of special-purpose addresses (RFC 6890), as far as a kind follows from them. The
// first match counts.
constexpr Network kNetworks[] = {
    ipv4(0, 0, 0, 8, AddressKind::Unspecified),
    ipv4(10, 0, 0, 8, AddressKind::Private),
    ipv4(100, 64, 0, 10, AddressKind::Private),
    ipv4(127, 0, 0, 8, AddressKind::Loopback),
    ipv4(169, 254, 0, 16, AddressKind::LinkLocal),
    ipv4(172, 16, 0, 12, AddressKind::Private),
    ipv4(192, 0, 0, 24, AddressKind::Reserved),
    ipv4(192, 0, 2, 24, AddressKind::Reserved),
    ipv4(192, 168, 0, 16, AddressKind::Private),
    ipv4(198, 18, 0, 15, AddressKind::Reserved),
    ipv4(198, 51, 100, 24, AddressKind::Reserved),
    ipv4(203, 0, 113, 24, AddressKind::Reserved),
    ipv4(224, 0, 0, 4, AddressKind::Multicast),
    ipv4(240, 0, 0, 4, AddressKind::Reserved),
    ipv4(0, 0, 0, 0, AddressKind::Public),
    {{}, 128, AddressKind::Unspecified},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressKind::Loopback},
    // The rest of ::/96 carried IPv4 once (RFC 4291, section 2.5.5.1) and leads nowhere.
    ipv6(0, 32, AddressKind::Reserved),
    ipv6(0x20010db8, 32, AddressKind::Reserved),
    ipv6(0xfc000000, 7, AddressKind::Private),
    ipv6(0xfec00000, 10, AddressKind::Private),  // the old site-local ones
    ipv6(0xfe800000, 10, AddressKind::LinkLocal),
    ipv6(0xff000000, 8, AddressKind::Multicast),
};

bool same_prefix(const Bytes16 &a, const Bytes16 &b, unsigned bits) {
  unsigned whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  unsigned rest = bits % 8;
  if (rest == 0) return true;
  return ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

Bytes16 map_ipv4(const void *address) {
  Bytes16 bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::memcpy(bytes.data() + 12, address, 4);
  return bytes;
}

std::optional<Bytes16> bytes_of(const Address &address) {
  if (address.family() == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address.get(), sizeof in);
    return map_ipv4(&in.sin_addr);
  }
  if (address.family() != AF_INET6) return std::nullopt;
  sockaddr_in6 in{};
  std::memcpy(&in, address.get(), sizeof in);
  Bytes16 bytes;
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return bytes;
}

// The IPv4 address that an IPv6 one is translated or tunnelled to, if there is one.
Bytes16 unwrap(const Bytes16 &bytes) {
  constexpr Bytes16 kNat64{0x00, 0x64, 0xff, 0x9b};
  constexpr Bytes16 kSixToFour{0x20, 0x02};
  if (same_prefix(bytes, kNat64, 96)) return map_ipv4(bytes.data() + 12);
  if (same_prefix(bytes, kSixToFour, 16)) return map_ipv4(bytes.data() + 2);
  return bytes;
}

base::Result<Bytes16> parse_host(std::string_view text) {
  std::string host(text);
  Bytes16 bytes{};
  // inet_pton reads up to a NUL and would not see what follows.
  bool hidden = host.find('\0') != std::string::npos;
  if (!hidden && inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return bytes;
  in_addr ipv4{};
  if (!hidden && inet_pton(AF_INET, host.c_str(), &ipv4) == 1) return map_ipv4(&ipv4);
  return base::fail(base::Domain::Net, base::Code::Operator,
                    "neither a prefix such as 10.0.0.0/8 nor a word for a kind of address");
}

bool has_bits_behind(const Bytes16 &bytes, unsigned bits) {
  Bytes16 cut{};
  std::copy(bytes.begin(), bytes.begin() + bits / 8, cut.begin());
  if (bits % 8 != 0) {
    cut[bits / 8] = static_cast<std::uint8_t>(bytes[bits / 8] & (0xff00U >> (bits % 8)));
  }
  return cut != bytes;
}

}  // namespace

AddressKind classify(const Address &address) {
  auto bytes = bytes_of(address);
  if (!bytes) return AddressKind::Reserved;
  Bytes16 place = unwrap(*bytes);
  for (const Network &network : kNetworks) {
    if (same_prefix(place, network.bytes, network.bits)) return network.kind;
  }
  return AddressKind::Public;
}

base::Result<AddressFilter> AddressFilter::parse(std::span<const std::string> rules) {
  AddressFilter filter;
  filter.any_ = false;
  for (const std::string &rule : rules) {
    SLUICE_TRY_VOID(filter.add(rule));
  }
  return filter;
}

bool AddressFilter::add_word(std::string_view rule) {
  constexpr std::pair<std::string_view, AddressKind> kWords[] = {
      {"public", AddressKind::Public},
      {"private", AddressKind::Private},
      {"link-local", AddressKind::LinkLocal},
      {"loopback", AddressKind::Loopback},
  };
  if (rule == "any") return any_ = true;
  const auto *row = std::ranges::find_if(kWords, [&](auto &word) { return word.first == rule; });
  if (row == std::end(kWords)) return false;
  kinds_ |= 1U << static_cast<unsigned>(row->second);
  return true;
}

base::Status AddressFilter::add(std::string_view rule) {
  if (add_word(rule)) return {};
  std::size_t slash = rule.find('/');
  SLUICE_TRY(bytes, parse_host(rule.substr(0, slash)));
  bool is_ipv4 = !rule.substr(0, slash).contains(':');
  unsigned room = is_ipv4 ? 32 : 128;
  unsigned bits = room;
  if (slash != std::string_view::npos) {
    const char *end = rule.data() + rule.size();
    auto [stop, error] = std::from_chars(rule.data() + slash + 1, end, bits);
    if (error != std::errc{} || stop != end || bits > room) {
      return base::fail(base::Domain::Net, base::Code::Operator,
                        "the length of a prefix is a number up to 32, or 128 for IPv6");
    }
  }
  if (is_ipv4) bits += kMappedBits;
  if (has_bits_behind(bytes, bits)) {
    return base::fail(base::Domain::Net, base::Code::Operator,
                      "the address has bits set behind the length of its prefix");
  }
  prefixes_.push_back({bytes, bits});
  return {};
}

bool AddressFilter::admits(const Address &address) const {
  if (any_) return true;
  if ((kinds_ >> static_cast<unsigned>(classify(address)) & 1U) != 0) return true;
  auto bytes = bytes_of(address);
  return bytes && std::ranges::any_of(prefixes_, [&](const Prefix &prefix) {
           return same_prefix(*bytes, prefix.bytes, prefix.bits);
         });
}

}  // namespace sluice::net
