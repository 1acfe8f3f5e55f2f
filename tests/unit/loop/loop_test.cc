// SPDX-License-Identifier: Apache-2.0
#include "loop/loop.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "loop/timer.h"
#include "metrics/metrics.h"
#include "support/test_loop.h"

using namespace sluice;
using test::TestLoop;

TEST_SUITE("loop") {
  TEST_CASE("loop: tasks posted by another thread run on the loop's thread in order") {
    loop::Loop loop(3, "worker");
    std::vector<int> order;
    std::thread::id ran_on;
    unsigned shard = 0;
    std::thread thread([&] { loop.run(); });
    for (int i = 0; i < 1000; ++i)
      REQUIRE(loop.post([&order, i] { order.push_back(i); }));
    REQUIRE(loop.post([&] {
      ran_on = std::this_thread::get_id();
      shard = metrics::thread_shard();
      loop.assert_here();
    }));
    auto id = thread.get_id();
    loop.stop();
    thread.join();
    REQUIRE(order.size() == 1000);
    for (int i = 0; i < 1000; ++i)
      CHECK(order[static_cast<std::size_t>(i)] == i);
    CHECK(ran_on == id);
    CHECK(shard == 3);
  }

  TEST_CASE("loop: what was posted before stop() still runs, and nothing is taken afterwards") {
    loop::Loop loop(1, "worker");
    bool ran = false;
    bool taken_late = true;
    REQUIRE(loop.post([&] {
      ran = true;
      taken_late = loop.post([] {});
    }));
    loop.stop();
    loop.stop();
    CHECK_FALSE(loop.post([] {}));
    loop.run();
    CHECK(ran);
    CHECK_FALSE(taken_late);
  }

  TEST_CASE("loop: run() goes on after stop() until the last handle is closed") {
    loop::Loop loop(1, "worker");
    int left = 3;
    std::unique_ptr<loop::Timer> timer;
    timer = std::make_unique<loop::Timer>(loop, [&] {
      if (--left == 0) timer.reset();
    });
    timer->start_repeating(base::Millis(1));
    loop.stop();
    loop.run();
    CHECK(left == 0);
  }

  TEST_CASE("loop: a full mailbox refuses and destroys the task") {
    loop::Loop loop(1, "worker");
    int accepted = 0;
    while (loop.post([] {}))
      ++accepted;
    CHECK(accepted == 65536);
    auto token = std::make_shared<int>(1);
    CHECK_FALSE(loop.post([token] {}));
    CHECK(token.use_count() == 1);
  }

  TEST_CASE("loop: tasks that never ran are destroyed with the loop") {
    auto token = std::make_shared<int>(1);
    {
      loop::Loop loop(1, "worker");
      REQUIRE(loop.post([token] {}));
    }
    CHECK(token.use_count() == 1);
  }

  TEST_CASE("loop: a deferred task runs after the callback that deferred it has returned") {
    TestLoop loop;
    std::vector<std::string> order;
    loop::Timer timer(*loop, [&] {
      loop->defer([&] { order.emplace_back("deferred"); });
      order.emplace_back("callback");
    });
    timer.start(base::Millis(0));
    REQUIRE(loop.run_until([&] { return order.size() == 2; }));
    CHECK(order == std::vector<std::string>{"callback", "deferred"});
  }

  TEST_CASE("loop: a deferred task runs between two messages") {
    TestLoop loop;
    std::string order;
    REQUIRE(loop->post([&] {
      loop->defer([&] { order += 'b'; });
      order += 'a';
    }));
    REQUIRE(loop->post([&] { order += 'c'; }));
    REQUIRE(loop.run_until([&] { return order.size() == 3; }));
    CHECK(order == "abc");
  }

  TEST_CASE("loop: a task that defers itself again and again does not starve timers, nor sleep") {
    TestLoop loop;
    int turns = 0;
    bool fired = false;
    loop::Timer timer(*loop, [&] { fired = true; });
    timer.start(base::Millis(20));
    std::function<void()> again = [&] {
      ++turns;
      if (!fired) loop->defer(again);
    };
    loop->defer(again);
    REQUIRE(loop.run_until([&] { return fired; }));
    CHECK(turns > 10);
  }

  TEST_CASE("loop: deferred tasks run before the loop ends") {
    bool ran = false;
    {
      loop::Loop loop(1, "worker");
      loop.defer([&] { loop.defer([&] { ran = true; }); });
    }
    CHECK(ran);
  }

  TEST_CASE("loop: the busy share of a loop that only waits is small, of one that works large") {
    TestLoop loop;
    int fired = 0;
    loop::Timer end(*loop, [&] { ++fired; });
    end.start(base::Millis(50));
    loop->take_busy_share();
    REQUIRE(loop.run_until([&] { return fired == 1; }));
    double waiting = loop->take_busy_share();
    loop::Timer worker(*loop, [&] {
      auto until = base::mono_now() + base::Millis(50);
      while (base::mono_now() < until) {
      }
      ++fired;
    });
    worker.start(base::Millis(0));
    REQUIRE(loop.run_until([&] { return fired == 2; }));
    double working = loop->take_busy_share();
    CHECK(waiting >= 0);
    CHECK(working <= 1);
    CHECK(waiting < working);
    CHECK(loop->take_longest_turn() >= base::Millis(50));
    CHECK(loop->take_longest_turn() == base::Micros(0));
  }

  TEST_CASE("loop: the heartbeat says busy inside a callback and idle while waiting") {
    TestLoop loop;
    std::int64_t inside = 0;
    std::string activity;
    loop::Timer timer(*loop, [&] {
      loop::Activity here(*loop, "test", 7);
      inside = loop->heartbeat().busy_since_us.load();
      activity = loop->heartbeat().activity.load();
    });
    timer.start(base::Millis(0));
    REQUIRE(loop.run_until([&] { return inside != 0; }));
    CHECK(activity == "test");
    CHECK(std::string(loop->heartbeat().activity.load()).empty());
    loop.run_ready(1);
    CHECK(loop->heartbeat().busy_since_us.load() == 0);
  }

  TEST_CASE("loop: a handle that is left open is named and aborts the process") {
    int out[2];
    REQUIRE(pipe(out) == 0);
    pid_t child = fork();
    if (child == 0) {
      dup2(out[1], STDERR_FILENO);
      auto loop = std::make_unique<loop::Loop>(1, "leaky");
      auto *timer = new loop::Timer(*loop, [] {});
      timer->start(base::Millis(1000));
      signal(SIGABRT, SIG_DFL);
      loop.reset();
      _exit(0);
    }
    close(out[1]);
    std::string text;
    char chunk[512];
    for (ssize_t got; (got = read(out[0], chunk, sizeof chunk)) > 0;) {
      text.append(chunk, static_cast<std::size_t>(got));
    }
    close(out[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    CHECK(text.find("leaky") != std::string::npos);
    CHECK(text.find("handles=timer") != std::string::npos);
  }
}
