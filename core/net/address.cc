// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace sluice::net {
namespace {

// sockaddr_storage is made to be looked at as one of these, but only a copy is free of aliasing
// questions.
sockaddr_in as_ipv4(const sockaddr_storage &storage) {
  sockaddr_in in{};
  std::memcpy(&in, &storage, sizeof in);
  return in;
}

sockaddr_in6 as_ipv6(const sockaddr_storage &storage) {
  sockaddr_in6 in{};
  std::memcpy(&in, &storage, sizeof in);
  return in;
}

bool is_mapped_ipv4(const sockaddr_storage &storage) {
  if (storage.ss_family != AF_INET6) return false;
  sockaddr_in6 in = as_ipv6(storage);
  return IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
}

in_addr mapped_ipv4(const sockaddr_in6 &in) {
  in_addr address{};
  std::memcpy(&address, in.sin6_addr.s6_addr + 12, sizeof address);
  return address;
}

std::optional<in_addr> carried_ipv4(const sockaddr_storage &storage) {
  if (storage.ss_family == AF_INET) return as_ipv4(storage).sin_addr;
  if (is_mapped_ipv4(storage)) return mapped_ipv4(as_ipv6(storage));
  return std::nullopt;
}

std::string render(int family, const void *address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, address, text.data(), text.size());
}

base::Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return base::fail(base::Domain::Net, base::Code::Malformed,
                      "the port is not a number up to 65535");
  }
  return port;
}

}  // namespace

base::Result<Address> Address::parse(std::string_view text) {
  auto malformed = [](const char *what) {
    return base::fail(base::Domain::Net, base::Code::Malformed, what);
  };
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed("an address needs a port: 127.0.0.1:1935");
  SLUICE_TRY(port, parse_port(text.substr(colon + 1)));
  std::string host(text.substr(0, colon));
  // inet_pton reads up to a NUL and would not see what follows.
  if (host.find('\0') != std::string::npos) return malformed("an address with a NUL in it");
  sockaddr_storage storage{};
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &in.sin6_addr) != 1) {
      return malformed("not an IPv6 address in brackets");
    }
    std::memcpy(&storage, &in, sizeof in);
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &in.sin_addr) != 1) {
      return malformed("not an IPv4 address, nor an IPv6 address in brackets");
    }
    std::memcpy(&storage, &in, sizeof in);
  }
  return Address(storage);
}

socklen_t Address::length() const {
  switch (family()) {
    case AF_INET:
      return sizeof(sockaddr_in);
    case AF_INET6:
      return sizeof(sockaddr_in6);
    default:
      return sizeof(sa_family_t);
  }
}

std::uint16_t Address::port() const {
  switch (family()) {
    case AF_INET:
      return ntohs(as_ipv4(storage_).sin_port);
    case AF_INET6:
      return ntohs(as_ipv6(storage_).sin6_port);
    default:
      return 0;
  }
}

Address Address::with_port(std::uint16_t port) const {
  Address changed = *this;
  if (family() == AF_INET) {
    sockaddr_in in = as_ipv4(storage_);
    in.sin_port = htons(port);
    std::memcpy(&changed.storage_, &in, sizeof in);
  } else if (family() == AF_INET6) {
    sockaddr_in6 in = as_ipv6(storage_);
    in.sin6_port = htons(port);
    std::memcpy(&changed.storage_, &in, sizeof in);
  }
  return changed;
}

std::string Address::site() const {
  if (family() != AF_INET6) return host();
  in6_addr prefix = as_ipv6(storage_).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&prefix)) return host();
  std::memset(prefix.s6_addr + 8, 0, 8);
  return render(AF_INET6, &prefix) + "/64";
}

std::string Address::host() const {
  if (family() == AF_INET) {
    sockaddr_in in = as_ipv4(storage_);
    return render(AF_INET, &in.sin_addr);
  }
  if (family() != AF_INET6) return "unknown";
  sockaddr_in6 in = as_ipv6(storage_);
  if (is_mapped_ipv4(storage_)) {
    in_addr mapped = mapped_ipv4(in);
    return render(AF_INET, &mapped);
  }
  return render(AF_INET6, &in.sin6_addr);
}

std::string Address::to_string() const {
  bool brackets = family() == AF_INET6 && !is_mapped_ipv4(storage_);
  std::string text = brackets ? "[" + host() + "]" : host();
  return text + ":" + std::to_string(port());
}

bool Address::same_host(const Address &other) const {
  if (family() == AF_INET6 && other.family() == AF_INET6) {
    sockaddr_in6 a = as_ipv6(storage_);
    sockaddr_in6 b = as_ipv6(other.storage_);
    return std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof a.sin6_addr) == 0 &&
           a.sin6_scope_id == b.sin6_scope_id;
  }
  std::optional<in_addr> a = carried_ipv4(storage_);
  std::optional<in_addr> b = carried_ipv4(other.storage_);
  return a && b && a->s_addr == b->s_addr;
}

bool Address::is_loopback() const {
  auto is_127 = [](in_addr address) { return (ntohl(address.s_addr) >> 24) == 127; };
  if (family() == AF_INET) return is_127(as_ipv4(storage_).sin_addr);
  if (family() != AF_INET6) return false;
  sockaddr_in6 in = as_ipv6(storage_);
  if (is_mapped_ipv4(storage_)) return is_127(mapped_ipv4(in));
  return IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
}

}  // namespace sluice::net
