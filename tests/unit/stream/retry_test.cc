// SPDX-License-Identifier: Apache-2.0
#include "stream/retry.h"

#include <doctest/doctest.h>

using namespace sluice;
using base::Millis;
using stream::retry_delay;

TEST_SUITE("stream") {
  TEST_CASE("retry: the pause doubles from the least to the longest") {
    const stream::RetryLimits limits{Millis(1000), Millis(60'000)};
    Millis expected[] = {Millis(1000),  Millis(2000),  Millis(4000),  Millis(8000),
                         Millis(16000), Millis(32000), Millis(60000), Millis(60000)};
    for (unsigned i = 0; i < std::size(expected); ++i) {
      CHECK(retry_delay(limits, i + 1, false, std::nullopt, 0) == expected[i]);
    }
    CHECK(retry_delay(limits, 4'000'000'000U, false, std::nullopt, 0) == Millis(60'000));
  }

  TEST_CASE("retry: jitter takes up to a quarter, never adds") {
    const stream::RetryLimits limits{Millis(1000), Millis(60'000)};
    CHECK(retry_delay(limits, 1, false, std::nullopt, 0.5) == Millis(875));
    CHECK(retry_delay(limits, 9, false, std::nullopt, 0.999999) >= Millis(45'000));
  }

  TEST_CASE("retry: what trying again cannot mend waits longest at once") {
    CHECK(retry_delay({Millis(1000), Millis(60'000)}, 1, true, std::nullopt, 0) == Millis(60'000));
  }

  TEST_CASE("retry: a camera's wish makes it longer, up to the longest") {
    const stream::RetryLimits limits{Millis(1000), Millis(60'000)};
    CHECK(retry_delay(limits, 1, false, Millis(30'000), 0) == Millis(30'000));
    CHECK(retry_delay(limits, 1, false, Millis(10), 0) == Millis(1000));
    CHECK(retry_delay(limits, 1, false, Millis(3'600'000), 0) == Millis(60'000));
  }

  TEST_CASE("retry: no pause at all stays none") {
    CHECK(retry_delay({Millis(0), Millis(0)}, 5, false, std::nullopt, 0.5) == Millis(0));
    CHECK(retry_delay({Millis(0), Millis(10)}, 5, false, std::nullopt, 0.5) == Millis(0));
  }
}
