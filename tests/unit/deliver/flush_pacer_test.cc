// SPDX-License-Identifier: Apache-2.0
#include "deliver/flush_pacer.h"

#include <doctest/doctest.h>

using namespace sluice;
using base::Millis;
using deliver::FlushPacer;

TEST_SUITE("deliver") {
  TEST_CASE("flush pacer: a loop with time to spare flushes at once") {
    FlushPacer pacer({});
    CHECK(pacer.immediate());
    for (double share : {0.0, 0.3, 0.7, 0.74})
      pacer.adapt(share);
    CHECK(pacer.immediate());
  }

  TEST_CASE("flush pacer: a busy loop gets a longer interval step by step, up to the ceiling") {
    FlushPacer pacer({Millis(0), Millis(350)});
    pacer.adapt(0.9);
    CHECK(pacer.interval() == Millis(40));
    Millis last = pacer.interval();
    for (int i = 0; i < 20; ++i) {
      pacer.adapt(1.0);
      CHECK(pacer.interval() >= last);
      last = pacer.interval();
    }
    CHECK(last == Millis(350));
  }

  TEST_CASE("flush pacer: in between it stays where it is, and with time to spare it comes back") {
    FlushPacer pacer({Millis(0), Millis(350)});
    for (int i = 0; i < 5; ++i)
      pacer.adapt(0.95);
    Millis there = pacer.interval();
    for (int i = 0; i < 100; ++i)
      pacer.adapt(0.6);
    CHECK(pacer.interval() == there);
    for (int i = 0; i < 100 && !pacer.immediate(); ++i) {
      pacer.adapt(0.1);
      CHECK(pacer.interval() < there);
      there = pacer.interval();
    }
    CHECK(pacer.immediate());
  }

  TEST_CASE("flush pacer: limits hold at once, and the floor wins when they contradict") {
    FlushPacer pacer({Millis(100), Millis(350)});
    CHECK(pacer.interval() == Millis(100));
    pacer.adapt(0.0);
    CHECK(pacer.interval() == Millis(100));
    for (int i = 0; i < 10; ++i)
      pacer.adapt(1.0);
    pacer.set_limits({Millis(0), Millis(120)});
    CHECK(pacer.interval() == Millis(120));
    pacer.set_limits({Millis(200), Millis(50)});
    CHECK(pacer.interval() == Millis(200));
    pacer.set_limits({Millis(0), Millis(0)});
    pacer.adapt(1.0);
    CHECK(pacer.immediate());
    pacer.set_limits({Millis(0), Millis(10)});
    pacer.adapt(1.0);
    CHECK(pacer.interval() == Millis(10));
  }
}
