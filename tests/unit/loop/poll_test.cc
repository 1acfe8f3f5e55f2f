// SPDX-License-Identifier: Apache-2.0
#include "loop/poll.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "support/test_loop.h"

using namespace sluice;
using test::TestLoop;

namespace {

struct Pair {
  Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0); }
  ~Pair() {
    close(fds[0]);
    if (fds[1] >= 0) close(fds[1]);
  }
  int fds[2]{};
};

}  // namespace

TEST_SUITE("loop") {
  TEST_CASE("poll: says when the descriptor is readable, as long as it is watched") {
    Pair pair;
    TestLoop loop;
    int seen = 0;
    loop::Poll poll(*loop, pair.fds[0], [&](int events) {
      CHECK(events == UV_READABLE);
      ++seen;
    });
    loop.run_ready();
    poll.watch(UV_READABLE);
    loop.run_ready();
    CHECK(seen == 0);
    REQUIRE(write(pair.fds[1], "x", 1) == 1);
    REQUIRE(loop.run_until([&] { return seen >= 2; }));
    poll.watch(0);
    seen = 0;
    loop.run_ready();
    CHECK(seen == 0);
  }

  TEST_CASE("poll: writability is told while it is asked for") {
    Pair pair;
    TestLoop loop;
    int seen = 0;
    loop::Poll poll(*loop, pair.fds[0], [&](int events) { seen |= events; });
    poll.watch(UV_READABLE | UV_WRITABLE);
    REQUIRE(loop.run_until([&] { return seen != 0; }));
    CHECK(seen == UV_WRITABLE);
  }

  TEST_CASE("poll: a peer that went away makes the descriptor readable") {
    Pair pair;
    TestLoop loop;
    int seen = 0;
    loop::Poll poll(*loop, pair.fds[0], [&](int events) { seen |= events; });
    poll.watch(UV_READABLE);
    close(pair.fds[1]);
    pair.fds[1] = -1;
    REQUIRE(loop.run_until([&] { return (seen & UV_READABLE) != 0; }));
  }

  TEST_CASE("poll: may be destroyed, and its descriptor closed, inside its own callback") {
    Pair pair;
    TestLoop loop;
    std::unique_ptr<loop::Poll> poll;
    bool seen = false;
    poll = std::make_unique<loop::Poll>(*loop, pair.fds[0], [&](int) {
      poll.reset();
      seen = true;
    });
    poll->watch(UV_READABLE | UV_WRITABLE);
    REQUIRE(loop.run_until([&] { return seen; }));
    loop.run_ready();
  }
}
