// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <array>
#include <string>
#include <vector>

#include "support/socket_pair.h"

using namespace sluice;
using test::connected_pair;
using test::Events;
using test::TestLoop;

namespace {

std::string read_text(net::Socket &socket) {
  std::array<std::byte, 4096> memory;
  auto got = socket.read(memory);
  REQUIRE(got.has_value());
  return std::string(base::as_text(base::Bytes(memory).first(*got)));
}

// Writes until the kernel takes no more; the number of bytes that it took.
std::size_t fill(net::Socket &socket) {
  std::string chunk(65536, 'x');
  std::size_t total = 0;
  while (true) {
    auto sent = socket.write(base::as_bytes(chunk));
    REQUIRE(sent.has_value());
    if (*sent == 0) return total;
    total += *sent;
  }
}

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("socket: the peer's bytes arrive, and nothing more is 0") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    std::string seen;
    events.readable = [&] { seen += read_text(*socket); };
    CHECK(read_text(*socket).empty());
    socket->set_events(&events);
    peer.write("hello");
    REQUIRE(loop.run_until([&] { return seen == "hello"; }));
    CHECK(socket->peer().is_loopback());
    CHECK(socket->local().port() != socket->peer().port());
  }

  TEST_CASE("socket: nobody is told anything without events, nor after they are taken away") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    int told = 0;
    events.readable = [&] { ++told; };
    peer.write("hello");
    loop.run_ready();
    socket->set_events(&events);
    REQUIRE(loop.run_until([&] { return told > 0; }));
    socket->set_events(nullptr);
    told = 0;
    loop.run_ready();
    CHECK(told == 0);
  }

  TEST_CASE("socket: back-pressure leaves the peer's bytes in the kernel") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    std::string seen;
    events.readable = [&] { seen += read_text(*socket); };
    socket->set_events(&events);
    socket->watch_readable(false);
    peer.write("hello");
    loop.run_ready();
    CHECK(seen.empty());
    socket->watch_readable(true);
    REQUIRE(loop.run_until([&] { return seen == "hello"; }));
  }

  TEST_CASE("socket: the end of the peer's stream is Closed, its reset is System") {
    TestLoop loop;
    for (bool reset : {false, true}) {
      CAPTURE(reset);
      auto [socket, peer] = connected_pair(loop);
      Events events;
      base::Error error;
      events.readable = [&] {
        std::array<std::byte, 16> memory;
        auto got = socket->read(memory);
        if (got) return;
        error = got.error();
        socket.reset();
      };
      socket->set_events(&events);
      reset ? peer.close_with_reset() : peer.close();
      REQUIRE(loop.run_until([&] { return socket == nullptr; }));
      CHECK(error.code == (reset ? base::Code::System : base::Code::Closed));
      CHECK(error.sys == (reset ? ECONNRESET : 0));
    }
  }

  TEST_CASE("socket: a reset behind unread bytes is told to who reads a piece at a time") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    std::size_t seen = 0;
    events.readable = [&] {
      std::array<std::byte, 1> memory;
      auto got = socket->read(memory);
      if (got) {
        seen += *got;
      } else {
        socket.reset();
      }
    };
    socket->set_events(&events);
    peer.write("bye");
    peer.close_with_reset();
    REQUIRE(loop.run_until([&] { return socket == nullptr; }));
    CHECK(seen == 3);
  }

  TEST_CASE("socket: a reset is told to who waits for writability only") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    bool failed = false;
    events.writable = [&] {
      if (socket->write(base::as_bytes("x"))) return;
      failed = true;
      socket.reset();
    };
    socket->set_events(&events);
    socket->watch_readable(false);
    fill(*socket);
    socket->watch_writable(true);
    peer.close_with_reset();
    REQUIRE(loop.run_until([&] { return failed; }));
  }

  TEST_CASE("socket: a write of several pieces arrives as one stream") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    std::string a = "one ";
    std::string b = "two ";
    std::string c = "three";
    std::array<iovec, 3> pieces{{{a.data(), a.size()}, {b.data(), b.size()}, {c.data(), c.size()}}};
    auto sent = socket->write(pieces);
    REQUIRE(sent.has_value());
    CHECK(*sent == 13);
    CHECK(peer.read_exactly(loop, 13) == "one two three");
  }

  TEST_CASE("socket: more pieces than the system takes in one call are written in part") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    char byte = 'x';
    std::vector<iovec> pieces(3000, iovec{&byte, 1});
    auto sent = socket->write(pieces);
    REQUIRE(sent.has_value());
    CHECK(*sent == 1024);
  }

  TEST_CASE("socket: a full kernel buffer is 0, and writability is told once the peer has read") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    int writable = 0;
    events.writable = [&] { ++writable; };
    socket->set_events(&events);
    loop.run_ready();
    CHECK(writable == 0);
    std::size_t total = fill(*socket);
    CHECK(total > 0);
    CHECK(socket->kernel_state().unsent_bytes > 0);
    socket->watch_writable(true);
    loop.run_ready();
    CHECK(writable == 0);
    CHECK(peer.read_exactly(loop, total).size() == total);
    REQUIRE(loop.run_until([&] { return writable > 0; }));
    socket->watch_writable(false);
    writable = 0;
    loop.run_ready();
    CHECK(writable == 0);
  }

  TEST_CASE("socket: a limit on unsent bytes makes the kernel refuse early") {
    TestLoop loop;
    auto free_pair = connected_pair(loop);
    auto limited_pair = connected_pair(loop);
    limited_pair.socket->limit_unsent(16384);
    CHECK(fill(*limited_pair.socket) < fill(*free_pair.socket));
  }

  TEST_CASE("socket: writing to a peer that is gone is an error and no signal") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    peer.close_with_reset();
    bool failed = false;
    REQUIRE(loop.run_until([&] {
      failed = failed || !socket->write(base::as_bytes("x")).has_value();
      return failed;
    }));
    auto again = socket->write(base::as_bytes("x"));
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().code == base::Code::System);
    CHECK(again.error().sys == EPIPE);
  }

  TEST_CASE("socket: shutdown_write tells the peer the end of the stream after the last byte") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    REQUIRE(socket->write(base::as_bytes("bye")).has_value());
    socket->shutdown_write();
    std::string seen;
    REQUIRE(loop.run_until([&] {
      seen += peer.read();
      return peer.ended();
    }));
    CHECK(seen == "bye");
  }

  TEST_CASE("socket: reset_on_close resets the connection") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    socket->reset_on_close();
    socket.reset();
    REQUIRE(loop.run_until([&] {
      peer.read();
      return peer.reset();
    }));
  }

  TEST_CASE("socket: destroyed in on_readable, it is not told that it is writable") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    int writable = 0;
    events.readable = [&] { socket.reset(); };
    events.writable = [&] { ++writable; };
    peer.write("x");
    // Both shall be ready when the loop looks for the first time.
    pollfd ready{socket->fd(), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 10'000) == 1);
    socket->set_events(&events);
    socket->watch_writable(true);
    REQUIRE(loop.run_until([&] { return socket == nullptr; }));
    loop.run_ready();
    CHECK(writable == 0);
  }

  TEST_CASE("socket: may be destroyed in on_writable") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events events;
    events.writable = [&] { socket.reset(); };
    socket->set_events(&events);
    socket->watch_writable(true);
    REQUIRE(loop.run_until([&] { return socket == nullptr; }));
    loop.run_ready();
  }

  TEST_CASE("socket: handed to a new owner inside on_readable, it tells that one from then on") {
    TestLoop loop;
    auto [socket, peer] = connected_pair(loop);
    Events first;
    Events second;
    std::unique_ptr<net::Socket> taken;
    std::string seen;
    second.readable = [&] { seen += read_text(*taken); };
    first.readable = [&] {
      taken = std::move(socket);
      taken->set_events(&second);
    };
    first.writable = [] { FAIL("the first owner was told after it gave the socket away"); };
    socket->set_events(&first);
    peer.write("hello");
    REQUIRE(loop.run_until([&] { return seen == "hello"; }));
  }
}
