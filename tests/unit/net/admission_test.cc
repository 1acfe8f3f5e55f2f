// SPDX-License-Identifier: Apache-2.0
#include "net/admission.h"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using namespace sluice;
using net::Address;
using net::Admission;

TEST_SUITE("net") {
  TEST_CASE("admission: the limits hold in total and per host, and a place that is left is free") {
    Admission admission({.total = 3, .per_address = 2});
    Address a = *Address::parse("127.0.0.1:1");
    Address a_again = *Address::parse("[::ffff:127.0.0.1]:2");
    Address b = *Address::parse("127.0.0.2:1");
    Address c = *Address::parse("[::1]:1");
    std::vector<Admission::Permit> permits;
    for (const Address &peer : {a, a_again, b}) {
      auto permit = admission.admit(peer);
      REQUIRE(permit.has_value());
      permits.push_back(std::move(*permit));
    }
    CHECK(admission.total() == 3);
    CHECK(admission.admit(c).error() == Admission::Refusal::Total);
    permits.pop_back();
    CHECK(admission.admit(a).error() == Admission::Refusal::PerAddress);
    CHECK(admission.admit(c).has_value());
    permits.clear();
    CHECK(admission.total() == 0);
    CHECK(admission.admit(a).has_value());
  }

  TEST_CASE("admission: lower limits apply to those who come, not to those who are there") {
    Admission admission({.total = 2, .per_address = 2});
    Address a = *Address::parse("127.0.0.1:1");
    auto first = admission.admit(a);
    auto second = admission.admit(a);
    admission.set_limits({.total = 1, .per_address = 0});
    CHECK(first.has_value());
    CHECK(admission.total() == 2);
    second = std::unexpected(Admission::Refusal::Total);
    CHECK_FALSE(admission.admit(a).has_value());
    first = std::unexpected(Admission::Refusal::Total);
    CHECK(admission.admit(a).error() == Admission::Refusal::PerAddress);
    CHECK(admission.total() == 0);
  }
}
