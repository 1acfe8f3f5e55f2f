// SPDX-License-Identifier: Apache-2.0
#include "loop/work_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>

#include "support/test_loop.h"

using namespace sluice;
using loop::WorkPool;
using Outcome = WorkPool::Outcome;

namespace {

// Work that a thread of the pool is in until it is let go.
struct Held {
  std::binary_semaphore begun{0};
  std::binary_semaphore let_go{0};

  loop::Task work() {
    return [this] {
      begun.release();
      let_go.acquire();
    };
  }
};

}  // namespace

TEST_SUITE("loop") {
  TEST_CASE("work pool: work runs on another thread and is answered on the loop") {
    test::TestLoop loop;
    WorkPool pool({.threads = 2});
    auto made = std::make_shared<std::thread::id>();
    std::thread::id answered_on;
    bool answered = false;
    REQUIRE(pool.submit(
        *loop, [made] { *made = std::this_thread::get_id(); },
        [&](Outcome outcome) {
          CHECK(outcome == Outcome::Done);
          answered_on = std::this_thread::get_id();
          answered = true;
        }));
    REQUIRE(loop.run_until([&] { return answered; }));
    CHECK(answered_on == std::this_thread::get_id());
    CHECK(*made != answered_on);
  }

  TEST_CASE("work pool: what finds the queue full is refused, and room comes back") {
    test::TestLoop loop;
    Held held;
    WorkPool pool({.threads = 1, .max_queued = 1});
    int answers = 0;
    auto count = [&](Outcome) { ++answers; };
    REQUIRE(pool.submit(*loop, held.work(), count));
    held.begun.acquire();
    CHECK(pool.submit(*loop, [] {}, count));
    CHECK_FALSE(pool.submit(*loop, [] {}, count));
    held.let_go.release();
    REQUIRE(loop.run_until([&] { return answers == 2; }));
    CHECK(pool.submit(*loop, [] {}, count));
    REQUIRE(loop.run_until([&] { return answers == 3; }));
  }

  TEST_CASE("work pool: closing waits for work under way and tells that the queued is dropped") {
    test::TestLoop loop;
    Held held;
    WorkPool pool({.threads = 1});
    std::atomic<bool> finished = false;
    bool ran = false;
    int done = 0;
    int dropped = 0;
    auto count = [&](Outcome outcome) { ++(outcome == Outcome::Done ? done : dropped); };
    REQUIRE(pool.submit(
        *loop,
        [&, work = held.work()]() mutable {
          work();
          finished = true;
        },
        count));
    held.begun.acquire();
    REQUIRE(pool.submit(*loop, [&] { ran = true; }, count));
    // The thread of the pool is let go only when the queued work has been dropped.
    std::thread closing([&] { pool.close(); });
    REQUIRE(loop.run_until([&] { return dropped == 1; }));
    CHECK_FALSE(finished);
    held.let_go.release();
    closing.join();
    CHECK(finished);
    CHECK_FALSE(ran);
    REQUIRE(loop.run_until([&] { return done == 1; }));
    CHECK_FALSE(pool.submit(*loop, [] {}, count));
  }

  TEST_CASE("work pool: live work goes before other work, which is done all the same") {
    test::TestLoop loop;
    Held held;
    WorkPool pool({.threads = 1, .max_queued = 1, .max_queued_live = 40});
    std::string order;
    auto add = [&](char what, WorkPool::Urgency urgency) {
      return pool.submit(*loop, [] {}, [&order, what](Outcome) { order += what; }, urgency);
    };
    REQUIRE(pool.submit(*loop, held.work(), [](Outcome) {}));
    held.begun.acquire();
    CHECK(add('u', WorkPool::Urgency::Usual));
    CHECK_FALSE(add('u', WorkPool::Urgency::Usual));
    for (int i = 0; i < 40; ++i)
      CHECK(add('l', WorkPool::Urgency::Live));
    CHECK_FALSE(add('l', WorkPool::Urgency::Live));
    held.let_go.release();
    REQUIRE(loop.run_until([&] { return order.size() == 41; }));
    CHECK(order.front() == 'l');
    CHECK(order.find('u') < 20);
  }

  TEST_CASE("work pool: an answer may ask for more work, from many threads at once") {
    test::TestLoop loop;
    WorkPool pool({.threads = 4, .max_queued = 1000});
    std::atomic<int> worked = 0;
    int answers = 0;
    for (int i = 0; i < 200; ++i) {
      REQUIRE(pool.submit(
          *loop, [&] { ++worked; },
          [&](Outcome) {
            CHECK(pool.submit(*loop, [&] { ++worked; }, [&](Outcome) { ++answers; }));
          }));
    }
    REQUIRE(loop.run_until([&] { return answers == 200; }));
    CHECK(worked == 400);
  }

  TEST_CASE("work pool: half of the processors, one to four") {
    CHECK(WorkPool::threads_for(0) == 1);
    CHECK(WorkPool::threads_for(2) == 1);
    CHECK(WorkPool::threads_for(6) == 3);
    CHECK(WorkPool::threads_for(64) == 4);
  }
}
