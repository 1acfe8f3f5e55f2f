// SPDX-License-Identifier: Apache-2.0
#include "loop/wakeup.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "support/test_loop.h"

using namespace sluice;
using test::TestLoop;

TEST_SUITE("loop") {
  TEST_CASE("wakeup: signals before the loop looks are one call") {
    TestLoop loop;
    int woken = 0;
    loop::Wakeup wakeup(*loop, [&] { ++woken; });
    auto sender = wakeup.sender();
    for (int i = 0; i < 100; ++i)
      sender.signal();
    REQUIRE(loop.run_until([&] { return woken > 0; }));
    loop.run_ready();
    CHECK(woken == 1);
    sender.signal();
    REQUIRE(loop.run_until([&] { return woken == 2; }));
  }

  TEST_CASE("wakeup: a signal given inside on_wake is not lost") {
    TestLoop loop;
    int woken = 0;
    std::optional<loop::Wakeup> wakeup;
    wakeup.emplace(*loop, [&] {
      if (++woken < 3) wakeup->sender().signal();
    });
    wakeup->sender().signal();
    REQUIRE(loop.run_until([&] { return woken == 3; }));
  }

  TEST_CASE("wakeup: the last value that a writer published is always seen") {
    TestLoop loop;
    constexpr std::uint64_t kLast = 20'000;
    std::atomic<std::uint64_t> head{0};
    std::uint64_t seen = 0;
    loop::Wakeup wakeup(*loop, [&] { seen = head.load(std::memory_order_acquire); });
    std::thread writer([&head, sender = wakeup.sender()] {
      for (std::uint64_t value = 1; value <= kLast; ++value) {
        head.store(value, std::memory_order_release);
        sender.signal();
      }
    });
    CHECK(loop.run_until([&] { return seen == kLast; }));
    writer.join();
  }

  TEST_CASE("wakeup: a sender may signal after the wakeup and its loop are gone") {
    loop::Wakeup::Sender sender;
    sender.signal();
    {
      TestLoop loop;
      loop::Wakeup wakeup(*loop, [] {});
      sender = wakeup.sender();
    }
    sender.signal();
  }

  TEST_CASE("wakeup: may be destroyed while other threads signal") {
    std::atomic<bool> quit{false};
    for (int round = 0; round < 50; ++round) {
      TestLoop loop;
      int woken = 0;
      auto wakeup = std::make_unique<loop::Wakeup>(*loop, [&] { ++woken; });
      std::vector<std::thread> threads;
      quit = false;
      for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&quit, sender = wakeup->sender()] {
          while (!quit)
            sender.signal();
        });
      }
      CHECK(loop.run_until([&] { return woken > 2; }));
      wakeup.reset();
      loop.run_ready();
      quit = true;
      for (auto &thread : threads)
        thread.join();
    }
  }

  TEST_CASE("wakeup: may be destroyed inside on_wake") {
    TestLoop loop;
    std::unique_ptr<loop::Wakeup> wakeup;
    bool woken = false;
    wakeup = std::make_unique<loop::Wakeup>(*loop, [&] {
      wakeup.reset();
      woken = true;
    });
    auto sender = wakeup->sender();
    sender.signal();
    REQUIRE(loop.run_until([&] { return woken; }));
    sender.signal();
    loop.run_ready();
  }
}
