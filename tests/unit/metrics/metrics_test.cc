// SPDX-License-Identifier: Apache-2.0
#include "metrics/metrics.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace sluice::metrics;

TEST_SUITE("metrics") {
  TEST_CASE("counter: additions of threads with and without a shard sum up") {
    Counter counter(4);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 6; ++i) {
      threads.emplace_back([&counter, i] {
        set_thread_shard(i < 4 ? i : 0);
        for (int n = 0; n < 10'000; ++n)
          counter.add();
      });
    }
    for (auto &thread : threads)
      thread.join();
    CHECK(counter.value() == 60'000);
  }

  TEST_CASE("counter: a thread whose shard is beyond the counter's is counted in shard 0") {
    Counter counter(2);
    std::thread([&] {
      set_thread_shard(kMaxShards - 1);
      counter.add(5);
    }).join();
    counter.add(2);
    CHECK(counter.value() == 7);
  }

  TEST_CASE("gauge: what one thread adds another may take away") {
    Gauge gauge(3);
    std::thread([&] {
      set_thread_shard(1);
      gauge.add(10);
    }).join();
    std::thread([&] {
      set_thread_shard(2);
      gauge.add(-11);
    }).join();
    CHECK(gauge.value() == -1);
    gauge.add(1);
    CHECK(gauge.value() == 0);
  }

  TEST_CASE(
      "histogram: a value equal to a bound belongs to that bucket, a larger one to the next") {
    Histogram histogram({10, 100});
    for (std::uint64_t value : {0U, 10U, 11U, 100U, 101U})
      histogram.observe(value);
    CHECK(histogram.in_bucket(0) == 2);
    CHECK(histogram.in_bucket(1) == 2);
    CHECK(histogram.in_bucket(2) == 1);
    CHECK(histogram.count() == 5);
    CHECK(histogram.sum() == 222);
  }

  TEST_CASE("histogram: more buckets than a cache line holds keep apart") {
    std::vector<std::uint64_t> bounds;
    for (std::uint64_t bound = 1; bound <= 20; ++bound)
      bounds.push_back(bound);
    Histogram histogram(bounds, 3);
    std::thread([&] {
      set_thread_shard(2);
      for (std::uint64_t value = 1; value <= 21; ++value)
        histogram.observe(value);
    }).join();
    for (std::size_t bucket = 0; bucket <= 20; ++bucket)
      CHECK(histogram.in_bucket(bucket) == 1);
    CHECK(histogram.sum() == 231);
  }
}
