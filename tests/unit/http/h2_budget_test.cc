// SPDX-License-Identifier: Apache-2.0
#include "http/h2_budget.h"

#include <doctest/doctest.h>

using namespace sluice;
using http::H2Budget;

TEST_SUITE("http") {
  TEST_CASE("http2 budget: it is used up, and comes back with time up to its most") {
    auto now = base::mono_now();
    H2Budget budget(now);
    CHECK(budget.spend(H2Budget::kMost, now));
    CHECK_FALSE(budget.spend(1, now));
    CHECK(budget.spend(H2Budget::kPerSecond - 1, now + std::chrono::seconds(1)));
    CHECK_FALSE(budget.spend(1, now + std::chrono::seconds(1)));
    now += std::chrono::hours(1);
    CHECK(budget.spend(H2Budget::kMost, now));
    CHECK_FALSE(budget.spend(1, now));
  }

  TEST_CASE("http2 budget: time shorter than a unit is not lost") {
    auto now = base::mono_now();
    H2Budget budget(now);
    CHECK(budget.spend(H2Budget::kMost, now));
    bool kept = true;
    for (int i = 0; i < 1000; ++i) {
      now += std::chrono::milliseconds(1);
      kept = kept && budget.spend(0, now);
    }
    CHECK(kept);
    CHECK(budget.spend(H2Budget::kPerSecond, now));
  }

  TEST_CASE("http2 budget: bytes that are sent pay for the windows that they need") {
    auto now = base::mono_now();
    H2Budget budget(now);
    CHECK(budget.spend(H2Budget::kMost, now));
    for (int i = 0; i < 4; ++i)
      budget.earn(H2Budget::kBytesPerUnit / 2);
    CHECK(budget.spend(2, now));
    CHECK_FALSE(budget.spend(1, now));
  }
}
