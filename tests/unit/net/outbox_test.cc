// SPDX-License-Identifier: Apache-2.0
#include "net/outbox.h"

#include <doctest/doctest.h>

#include <string>

#include "support/socket_pair.h"

using namespace sluice;
using test::connected_pair;
using test::Events;
using test::TestLoop;

TEST_SUITE("net") {
  TEST_CASE("outbox: what the kernel takes is not kept") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    net::Outbox outbox(*socket, 100);
    REQUIRE(outbox.send("hello").has_value());
    CHECK(outbox.empty());
    CHECK(peer.read_exactly(loop, 5) == "hello");
  }

  TEST_CASE("outbox: what the kernel refuses is kept and arrives in order") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    net::Outbox outbox(*socket, 1 << 20);
    Events events;
    events.writable = [&] { REQUIRE(outbox.flush().has_value()); };
    socket->set_events(&events);
    std::string expected;
    for (int i = 0; outbox.empty() || i % 7 != 0; ++i) {
      std::string chunk = std::to_string(i) + std::string(50'000, ' ') + "\n";
      expected += chunk;
      REQUIRE(outbox.send(chunk).has_value());
    }
    CHECK(outbox.size() > 0);
    CHECK(peer.read_exactly(loop, expected.size()) == expected);
    CHECK(outbox.empty());
  }

  TEST_CASE("outbox: a peer that does not read makes us hold no more than the bound") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    net::Outbox outbox(*socket, 1000);
    std::string chunk(999, 'x');
    base::Status sent;
    while ((sent = outbox.send(chunk)))
      CHECK(outbox.size() <= 1000);
    CHECK(sent.error().code == base::Code::TooLarge);
    CHECK(outbox.size() <= 1000);
  }

  TEST_CASE("outbox: a dead connection is an error") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    net::Outbox outbox(*socket, 1000);
    peer.close_with_reset();
    REQUIRE(loop.run_until([&] { return !outbox.send("x").has_value(); }));
  }
}
