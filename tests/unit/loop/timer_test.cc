// SPDX-License-Identifier: Apache-2.0
#include "loop/timer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include "support/test_loop.h"

using namespace sluice;
using test::TestLoop;

TEST_SUITE("loop") {
  TEST_CASE("timer: fires once, and again only when started again") {
    TestLoop loop;
    int fired = 0;
    loop::Timer timer(*loop, [&] { ++fired; });
    CHECK_FALSE(timer.active());
    timer.start(base::Millis(1));
    CHECK(timer.active());
    REQUIRE(loop.run_until([&] { return fired == 1; }));
    CHECK_FALSE(timer.active());
    timer.start(base::Millis(0));
    REQUIRE(loop.run_until([&] { return fired == 2; }));
  }

  TEST_CASE("timer: repeats until stopped") {
    TestLoop loop;
    int fired = 0;
    loop::Timer timer(*loop, [&] {
      if (++fired == 3) timer.stop();
    });
    timer.start_repeating(base::Millis(1));
    REQUIRE(loop.run_until([&] { return fired == 3; }));
    CHECK_FALSE(timer.active());
  }

  TEST_CASE("timer: never fires before its delay has passed since start()") {
    TestLoop loop;
    bool fired = false;
    loop::Timer timer(*loop, [&] { fired = true; });
    loop.run_ready();
    // The loop's own clock stands still meanwhile.
    auto until = base::mono_now() + base::Millis(30);
    while (base::mono_now() < until) {
    }
    auto started = base::mono_now();
    timer.start(base::Millis(20));
    REQUIRE(loop.run_until([&] { return fired; }));
    // libuv counts whole milliseconds, of a clock that may tick every four.
    CHECK(base::mono_now() - started >= base::Millis(15));
  }

  TEST_CASE("timer: destroyed, it does not fire") {
    TestLoop loop;
    bool fired = false;
    auto timer = std::make_unique<loop::Timer>(*loop, [&] { fired = true; });
    timer->start(base::Millis(0));
    timer.reset();
    loop.run_ready();
    CHECK_FALSE(fired);
  }

  TEST_CASE("timer: may be destroyed inside its own callback, which keeps what it captured") {
    TestLoop loop;
    std::unique_ptr<loop::Timer> timer;
    std::string seen;
    auto word = std::make_shared<std::string>("a capture that is too long to be kept in place");
    timer = std::make_unique<loop::Timer>(*loop, [&timer, &seen, word] {
      timer.reset();
      seen = *word;
    });
    timer->start(base::Millis(0));
    REQUIRE(loop.run_until([&] { return !seen.empty(); }));
    CHECK(seen == *word);
    CHECK(word.use_count() == 1);
  }

  TEST_CASE("signal: arrives on the loop, and may be destroyed inside its callback") {
    TestLoop loop;
    std::unique_ptr<loop::Signal> hangup;
    int seen = 0;
    hangup = std::make_unique<loop::Signal>(*loop, SIGHUP, [&] {
      ++seen;
      hangup.reset();
    });
    kill(getpid(), SIGHUP);
    REQUIRE(loop.run_until([&] { return seen == 1; }));
  }
}
