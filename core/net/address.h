// SPDX-License-Identifier: Apache-2.0
// Address: an IPv4 or IPv6 address with a port, as a plain value.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::net {

class Address {
 public:
  Address() = default;
  explicit Address(const sockaddr_storage &storage) : storage_(storage) {}

  // "127.0.0.1:1935" or "[::1]:1935": numbers only, no names are looked up.
  static base::Result<Address> parse(std::string_view text);

  [[nodiscard]] const sockaddr *get() const {
    return reinterpret_cast<const sockaddr *>(&storage_);
  }
  [[nodiscard]] socklen_t length() const;
  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] Address with_port(std::uint16_t port) const;

  // Without the port, IPv4-mapped IPv6 shown as IPv4, so that one host has one spelling.
  [[nodiscard]] std::string host() const;
  // Who is likely to be behind the address: an IPv4 host, or the /64 that an IPv6 customer is
  // given.
  [[nodiscard]] std::string site() const;
  [[nodiscard]] std::string to_string() const;  // host and port, IPv6 in brackets
  [[nodiscard]] bool is_loopback() const;
  // The same machine, whatever the ports; an IPv4 address and its mapped spelling are the same.
  // Allocates nothing.
  [[nodiscard]] bool same_host(const Address &other) const;

 private:
  sockaddr_storage storage_{};
};

}  // namespace sluice::net
