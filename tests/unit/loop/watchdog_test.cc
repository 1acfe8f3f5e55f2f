// SPDX-License-Identifier: Apache-2.0
#include "loop/watchdog.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "loop/timer.h"
#include "support/test_loop.h"

using namespace sluice;
using test::TestLoop;

TEST_SUITE("loop") {
  TEST_CASE("watchdog: a callback that does not return is one stall, however long it lasts") {
    TestLoop loop;
    loop::Watchdog watchdog({&*loop}, {.warn = base::Millis(20), .fatal = base::Millis(0)});
    bool done = false;
    loop::Timer timer(*loop, [&] {
      loop::Activity here(*loop, "a test that hangs", 5);
      auto until = base::mono_now() + base::Millis(10'000);
      while (watchdog.stalls() == 0 && base::mono_now() < until)
        std::this_thread::yield();
      // Several more looks of the watchdog.
      until = base::mono_now() + base::Millis(60);
      while (base::mono_now() < until)
        std::this_thread::yield();
      done = true;
    });
    timer.start(base::Millis(0));
    REQUIRE(loop.run_until([&] { return done; }));
    CHECK(watchdog.stalls() == 1);
  }

  TEST_CASE("watchdog: a loop that waits is not stalled") {
    TestLoop loop;
    loop::Watchdog watchdog({&*loop}, {.warn = base::Millis(100), .fatal = base::Millis(0)});
    bool done = false;
    loop::Timer timer(*loop, [&] { done = true; });
    timer.start(base::Millis(250));
    while (!done)
      uv_run(loop->uv(), UV_RUN_ONCE);
    CHECK(watchdog.stalls() == 0);
  }

  TEST_CASE("watchdog: past the fatal limit the process aborts") {
    pid_t child = fork();
    if (child == 0) {
      signal(SIGABRT, SIG_DFL);
      close(STDERR_FILENO);
      TestLoop loop;
      loop::Watchdog watchdog({&*loop}, {.warn = base::Millis(10), .fatal = base::Millis(30)});
      loop::Timer timer(*loop, [] {
        for (int i = 0; i < 10; ++i)
          sleep(1);
      });
      timer.start(base::Millis(0));
      (void)loop.run_until([] { return false; });
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
  }
}
