// SPDX-License-Identifier: Apache-2.0
#include "base/keyed_counts.h"

#include <doctest/doctest.h>

using sluice::base::KeyedCounts;

TEST_SUITE_BEGIN("base");

TEST_CASE("keyed counts: each key has its own, and what is given back may be taken again") {
  KeyedCounts counts;
  CHECK(counts.take("a", 2));
  CHECK(counts.take("a", 2));
  CHECK_FALSE(counts.take("a", 2));
  CHECK(counts.take("b", 2));
  CHECK(counts.give_back("a"));
  CHECK(counts.take("a", 2));
}

TEST_CASE("keyed counts: what nobody took cannot be given back") {
  KeyedCounts counts;
  CHECK_FALSE(counts.give_back("a"));
  CHECK_FALSE(counts.take("a", 0));
  CHECK_FALSE(counts.give_back("a"));
}
