// SPDX-License-Identifier: Apache-2.0
#include "net/address_filter.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace sluice;
using net::Address;
using net::AddressFilter;
using net::AddressKind;

namespace {

Address host(const std::string &text) {
  bool ipv6 = text.contains(':');
  auto address = Address::parse(ipv6 ? "[" + text + "]:554" : text + ":554");
  REQUIRE(address.has_value());
  return *address;
}

AddressFilter filter(std::vector<std::string> rules) {
  auto parsed = AddressFilter::parse(rules);
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("address filter: each address is of the kind that the registries say") {
    const std::vector<std::pair<const char *, AddressKind>> kTable = {
        {"8.8.8.8", AddressKind::Public},
        {"9.255.255.255", AddressKind::Public},
        {"10.0.0.0", AddressKind::Private},
        {"10.255.255.255", AddressKind::Private},
        {"11.0.0.0", AddressKind::Public},
        {"100.63.255.255", AddressKind::Public},
        {"100.64.0.0", AddressKind::Private},
        {"100.127.255.255", AddressKind::Private},
        {"100.128.0.0", AddressKind::Public},
        {"127.0.0.1", AddressKind::Loopback},
        {"127.255.255.254", AddressKind::Loopback},
        {"169.254.169.254", AddressKind::LinkLocal},
        {"172.15.255.255", AddressKind::Public},
        {"172.16.0.1", AddressKind::Private},
        {"172.31.255.255", AddressKind::Private},
        {"172.32.0.0", AddressKind::Public},
        {"192.168.1.64", AddressKind::Private},
        {"192.169.0.0", AddressKind::Public},
        {"0.0.0.0", AddressKind::Unspecified},
        {"0.1.2.3", AddressKind::Unspecified},
        {"224.0.0.1", AddressKind::Multicast},
        {"239.255.255.255", AddressKind::Multicast},
        {"240.0.0.1", AddressKind::Reserved},
        {"255.255.255.255", AddressKind::Reserved},
        {"192.0.2.1", AddressKind::Reserved},
        {"::", AddressKind::Unspecified},
        {"::1", AddressKind::Loopback},
        {"::2", AddressKind::Reserved},
        {"::127.0.0.1", AddressKind::Reserved},
        {"2a00:1450::1", AddressKind::Public},
        {"2001:db8::1", AddressKind::Reserved},
        {"fc00::1", AddressKind::Private},
        {"fdff::1", AddressKind::Private},
        {"fe80::1", AddressKind::LinkLocal},
        {"febf::1", AddressKind::LinkLocal},
        {"fec0::1", AddressKind::Private},
        {"ff02::1", AddressKind::Multicast},
    };
    for (auto [text, kind] : kTable) {
      CAPTURE(text);
      CHECK(net::classify(host(text)) == kind);
    }
    CHECK(net::classify(Address()) == AddressKind::Reserved);
  }

  TEST_CASE("address filter: IPv4 inside IPv6 is of the kind of the IPv4 address") {
    const std::vector<std::pair<const char *, AddressKind>> kTable = {
        {"::ffff:127.0.0.1", AddressKind::Loopback},
        {"::ffff:10.1.2.3", AddressKind::Private},
        {"::ffff:169.254.169.254", AddressKind::LinkLocal},
        {"::ffff:8.8.8.8", AddressKind::Public},
        {"64:ff9b::7f00:1", AddressKind::Loopback},
        {"64:ff9b::808:808", AddressKind::Public},
        {"2002:7f00:1::", AddressKind::Loopback},
        {"2002:a01:203::1", AddressKind::Private},
    };
    for (auto [text, kind] : kTable) {
      CAPTURE(text);
      CHECK(net::classify(host(text)) == kind);
    }
  }

  TEST_CASE("address filter: prefixes are compared by bits, not as text") {
    AddressFilter narrow = filter({"10.1.0.0/16", "fd00:1::/32"});
    CHECK(narrow.admits(host("10.1.0.0")));
    CHECK(narrow.admits(host("10.1.255.255")));
    CHECK(narrow.admits(host("::ffff:10.1.2.3")));
    CHECK(narrow.admits(host("fd00:1:ffff::1")));
    for (const char *text : {"10.10.0.1", "10.2.0.0", "10.0.255.255", "10.100.1.1", "110.1.0.1",
                             "fd00:2::1", "fd00::1", "::10.1.0.1"}) {
      CAPTURE(text);
      CHECK_FALSE(narrow.admits(host(text)));
    }
    CHECK_FALSE(narrow.admits(Address()));
  }

  TEST_CASE("address filter: prefixes that end within a byte, whole addresses, and everything") {
    CHECK(filter({"172.16.0.0/12"}).admits(host("172.31.0.1")));
    CHECK_FALSE(filter({"172.16.0.0/12"}).admits(host("172.32.0.1")));
    CHECK(filter({"10.0.0.7"}).admits(host("10.0.0.7")));
    CHECK_FALSE(filter({"10.0.0.7"}).admits(host("10.0.0.8")));
    CHECK(filter({"2001:db8::7"}).admits(host("2001:db8::7")));
    CHECK(filter({"0.0.0.0/0"}).admits(host("8.8.8.8")));
    CHECK_FALSE(filter({"0.0.0.0/0"}).admits(host("2a00::1")));
    CHECK(filter({"::/0"}).admits(host("8.8.8.8")));
  }

  TEST_CASE("address filter: words, several rules, none, and the default") {
    CHECK(filter({"any"}).admits(host("127.0.0.1")));
    CHECK(AddressFilter().admits(host("127.0.0.1")));
    CHECK_FALSE(filter({}).admits(host("8.8.8.8")));
    AddressFilter mixed = filter({"private", "loopback", "203.0.113.5"});
    CHECK(mixed.admits(host("192.168.0.1")));
    CHECK(mixed.admits(host("::1")));
    CHECK(mixed.admits(host("203.0.113.5")));
    CHECK_FALSE(mixed.admits(host("169.254.169.254")));
    CHECK_FALSE(mixed.admits(host("8.8.8.8")));
    CHECK(filter({"public"}).admits(host("8.8.8.8")));
    CHECK(filter({"link-local"}).admits(host("fe80::5")));
  }

  TEST_CASE("address filter: what is no rule is the operator's error") {
    for (const char *rule : {"",
                             "10.1",
                             "10",
                             "10.1/16",
                             "10.0.0.0/",
                             "10.0.0.0/33",
                             "10.0.0.0/-1",
                             "10.0.0.0/8 ",
                             "10.0.0.0/8/8",
                             "fd00::/129",
                             "010.0.0.1",
                             "0x7f.0.0.1",
                             "2130706433",
                             "localhost",
                             "10.0.0.1/8",
                             "fd00::1/8",
                             "10.1.0.0/15x",
                             "Private",
                             "*",
                             "[::1]"}) {
      CAPTURE(rule);
      auto parsed = AddressFilter::parse(std::vector<std::string>{rule});
      REQUIRE_FALSE(parsed.has_value());
      CHECK(parsed.error().code == base::Code::Operator);
    }
    CHECK_FALSE(
        AddressFilter::parse(std::vector<std::string>{std::string("10.0.0.1\0x", 10)}).has_value());
  }
}
