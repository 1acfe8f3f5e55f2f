// SPDX-License-Identifier: Apache-2.0
#include "stream/wake_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "support/test_loop.h"

using namespace sluice;
using stream::Subscriber;
using stream::WakeList;
using test::TestLoop;

TEST_SUITE("stream") {
  TEST_CASE("wake list: a subscriber is called once however often it is woken") {
    TestLoop loop;
    WakeList list(*loop);
    int first = 0;
    int second = 0;
    auto one = list.subscribe([&] { ++first; });
    auto two = list.subscribe([&] { ++second; });
    for (int i = 0; i < 5; ++i)
      one->wake();
    two->wake();
    CHECK(first == 0);
    REQUIRE(loop.run_until([&] { return second > 0 && first > 0; }));
    loop.run_ready();
    CHECK(first == 1);
    CHECK(second == 1);
    one->wake();
    REQUIRE(loop.run_until([&] { return first == 2; }));
  }

  TEST_CASE("wake list: a silenced subscriber is not called, also when it was woken before") {
    TestLoop loop;
    WakeList list(*loop);
    int calls = 0;
    auto subscriber = list.subscribe([&] { ++calls; });
    subscriber->wake();
    subscriber->silence();
    loop.run_ready();
    subscriber->wake();
    loop.run_ready();
    CHECK(calls == 0);
  }

  TEST_CASE("wake list: a subscriber may be silenced and forgotten inside its own call") {
    TestLoop loop;
    WakeList list(*loop);
    std::vector<int> seen;
    std::shared_ptr<Subscriber> subscriber;
    // More than a std::function keeps in place, so that a destroyed one would be noticed.
    std::vector<int> captured{1, 2, 3};
    subscriber = list.subscribe([&, captured] {
      subscriber->silence();
      subscriber.reset();
      seen = captured;
    });
    subscriber->wake();
    REQUIRE(loop.run_until([&] { return !seen.empty(); }));
    CHECK(seen == std::vector<int>{1, 2, 3});
  }

  TEST_CASE("wake list: a wake inside the call leads to another call") {
    TestLoop loop;
    WakeList list(*loop);
    int calls = 0;
    std::shared_ptr<Subscriber> subscriber;
    subscriber = list.subscribe([&] {
      if (++calls < 3) subscriber->wake();
    });
    subscriber->wake();
    REQUIRE(loop.run_until([&] { return calls == 3; }));
    subscriber->silence();
  }

  TEST_CASE("wake list: subscribers that are woken when or after the list goes are let go") {
    TestLoop loop;
    std::optional<WakeList> list(std::in_place, *loop);
    int calls = 0;
    auto before = list->subscribe([&] { ++calls; });
    auto after = list->subscribe([&] { ++calls; });
    std::weak_ptr<Subscriber> left_before = before;
    std::weak_ptr<Subscriber> left_after = after;
    before->wake();
    list.reset();
    after->wake();
    after->wake();
    before.reset();
    after.reset();
    CHECK(left_before.expired());
    CHECK(left_after.expired());
    loop.run_ready();
    CHECK(calls == 0);
  }

  TEST_CASE("wake list: what was written before a wake on another thread is seen by a later call") {
    TestLoop loop;
    WakeList list(*loop);
    constexpr int kThreads = 3;
    constexpr int kWakes = 20'000;
    struct Line {
      std::atomic<int> written{0};
      int seen = 0;
      std::shared_ptr<Subscriber> subscriber;
    };
    std::vector<Line> lines(kThreads);
    for (Line &line : lines) {
      line.subscriber =
          list.subscribe([&line] { line.seen = line.written.load(std::memory_order_relaxed); });
    }
    std::vector<std::thread> threads;
    for (Line &line : lines) {
      threads.emplace_back([&line] {
        for (int i = 1; i <= kWakes; ++i) {
          line.written.store(i, std::memory_order_relaxed);
          line.subscriber->wake();
        }
      });
    }
    CHECK(loop.run_until([&] {
      return std::ranges::all_of(lines, [](const Line &l) { return l.seen == kWakes; });
    }));
    for (std::thread &thread : threads)
      thread.join();
  }
}
