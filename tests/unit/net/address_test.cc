// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <doctest/doctest.h>

#include <cstring>

using sluice::net::Address;

TEST_SUITE("net") {
  TEST_CASE("address: IPv4 and IPv6 literals with a port survive a round trip") {
    for (const char *text : {"127.0.0.1:1935", "0.0.0.0:0", "255.255.255.255:65535", "[::]:8080",
                             "[::1]:1", "[2001:db8::5]:443"}) {
      CAPTURE(text);
      auto address = Address::parse(text);
      REQUIRE(address.has_value());
      CHECK(address->to_string() == text);
    }
  }

  TEST_CASE("address: what is not a literal with a port is refused") {
    for (const char *text : {"",
                             ":",
                             ":80",
                             "127.0.0.1",
                             "127.0.0.1:",
                             "127.0.0.1:x",
                             "127.0.0.1:65536",
                             "127.0.0.1:-1",
                             "127.0.0.1: 80",
                             "127.0.0.1:80 ",
                             "127.1:80",
                             "localhost:80",
                             "::1:80",
                             "[::1]",
                             "[::1]80",
                             "[::1:80",
                             "[127.0.0.1]:80",
                             "[]:80",
                             "[fe80::1%lo]:80",
                             "*:80"}) {
      CAPTURE(text);
      auto address = Address::parse(text);
      REQUIRE_FALSE(address.has_value());
      CHECK(address.error().code == sluice::base::Code::Malformed);
    }
  }

  TEST_CASE("address: an embedded NUL does not hide what follows it") {
    CHECK_FALSE(Address::parse(std::string_view("127.0.0.1\0x:80", 14)).has_value());
  }

  TEST_CASE("address: an IPv4-mapped address has the spelling of the IPv4 address") {
    auto mapped = Address::parse("[::ffff:10.0.0.7]:99");
    REQUIRE(mapped.has_value());
    CHECK(mapped->host() == "10.0.0.7");
    CHECK(mapped->to_string() == "10.0.0.7:99");
    CHECK(mapped->port() == 99);
  }

  TEST_CASE("address: loopback is 127/8 and ::1, mapped or not") {
    CHECK(Address::parse("127.0.0.1:1")->is_loopback());
    CHECK(Address::parse("127.255.0.9:1")->is_loopback());
    CHECK(Address::parse("[::1]:1")->is_loopback());
    CHECK(Address::parse("[::ffff:127.0.0.1]:1")->is_loopback());
    CHECK_FALSE(Address::parse("128.0.0.1:1")->is_loopback());
    CHECK_FALSE(Address::parse("[::]:1")->is_loopback());
    CHECK_FALSE(Address::parse("[::2]:1")->is_loopback());
    CHECK_FALSE(Address().is_loopback());
  }

  TEST_CASE("address: the same host is the same whatever its port and its spelling") {
    Address plain = *Address::parse("10.0.0.7:1");
    CHECK(plain.same_host(*Address::parse("10.0.0.7:2")));
    CHECK(plain.same_host(*Address::parse("[::ffff:10.0.0.7]:3")));
    CHECK(Address::parse("[::ffff:10.0.0.7]:3")->same_host(plain));
    CHECK_FALSE(plain.same_host(*Address::parse("10.0.0.8:1")));
    CHECK_FALSE(plain.same_host(*Address::parse("[::10.0.0.7]:1")));
    CHECK(Address::parse("[fd00::1]:1")->same_host(*Address::parse("[fd00::1]:9")));
    CHECK_FALSE(Address::parse("[fd00::1]:1")->same_host(*Address::parse("[fd00::2]:1")));
    CHECK_FALSE(Address().same_host(Address()));
  }

  TEST_CASE("address: the port can be changed") {
    CHECK(Address::parse("10.0.0.7:1")->with_port(554).to_string() == "10.0.0.7:554");
    CHECK(Address::parse("[fd00::1]:1")->with_port(65'535).to_string() == "[fd00::1]:65535");
    CHECK(Address().with_port(1).to_string() == "unknown:0");
  }

  TEST_CASE("address: an empty one can be shown") { CHECK(Address().to_string() == "unknown:0"); }
}
