// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "support/socket_pair.h"

using namespace sluice;
using net::Address;
using net::Listener;
using test::Peer;
using test::TestLoop;

namespace {

// Uses up the process's descriptors while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    // The lowest free descriptor: with this as limit none below it is left.
    net::Fd lowest(::dup(0));
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(lowest.get());
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_SUITE("net") {
  TEST_CASE(
      "listener: connections are accepted with their addresses and without delay for writes") {
    TestLoop loop;
    std::vector<std::unique_ptr<net::Socket>> accepted;
    auto listener = Listener::open(*loop, *Address::parse("127.0.0.1:0"),
                                   [&](auto socket) { accepted.push_back(std::move(socket)); });
    REQUIRE(listener.has_value());
    CHECK((*listener)->address().port() != 0);
    Peer peer = Peer::connect_to((*listener)->address());
    REQUIRE(loop.run_until([&] { return accepted.size() == 1; }));
    net::Socket &socket = *accepted.front();
    CHECK(socket.peer().to_string() == test::local_address(peer.fd()).to_string());
    CHECK(socket.local().to_string() == (*listener)->address().to_string());
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    getsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
    CHECK(no_delay != 0);
    CHECK((fcntl(socket.fd(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  }

  TEST_CASE("listener: many waiting connections are all accepted") {
    TestLoop loop;
    std::vector<std::unique_ptr<net::Socket>> accepted;
    auto listener = Listener::open(*loop, *Address::parse("127.0.0.1:0"),
                                   [&](auto socket) { accepted.push_back(std::move(socket)); });
    REQUIRE(listener.has_value());
    std::vector<Peer> peers;
    for (int i = 0; i < 150; ++i)
      peers.push_back(Peer::connect_to((*listener)->address()));
    REQUIRE(loop.run_until([&] { return accepted.size() == peers.size(); }));
  }

  TEST_CASE("listener: two may listen on one port, as two loops do") {
    TestLoop loop;
    auto ignore = [](auto) {};
    auto first = Listener::open(*loop, *Address::parse("127.0.0.1:0"), ignore);
    REQUIRE(first.has_value());
    auto second = Listener::open(*loop, (*first)->address(), ignore);
    REQUIRE(second.has_value());
    CHECK((*second)->address().port() == (*first)->address().port());
  }

  TEST_CASE("listener: a probe finds one who listens, on the address itself or on a wildcard") {
    TestLoop loop;
    for (const char *listening : {"127.0.0.1:0", "0.0.0.0:0", "[::]:0"}) {
      auto other = Listener::open(*loop, *Address::parse(listening), [](auto) {});
      REQUIRE(other.has_value());
      auto port = std::to_string((*other)->address().port());
      for (const char *wanted : {"127.0.0.1:", "0.0.0.0:", "[::]:"}) {
        auto free = Listener::probe(*Address::parse(wanted + port));
        REQUIRE_FALSE(free.has_value());
        CHECK(free.error().code == base::Code::System);
        CHECK(free.error().sys == EADDRINUSE);
      }
    }
  }

  TEST_CASE(
      "listener: a probe does not mind connections that wait for their end, and holds nothing") {
    TestLoop loop;
    std::unique_ptr<net::Socket> accepted;
    auto first = Listener::open(*loop, *Address::parse("127.0.0.1:0"),
                                [&](auto socket) { accepted = std::move(socket); });
    REQUIRE(first.has_value());
    Address address = (*first)->address();
    Peer peer = Peer::connect_to(address);
    REQUIRE(loop.run_until([&] { return accepted != nullptr; }));
    // Whoever closes first keeps the address for a while.
    accepted.reset();
    REQUIRE(loop.run_until([&] { return peer.read().empty() && peer.ended(); }));
    peer.close();
    first->reset();
    loop.run_ready();
    CHECK(Listener::probe(address).has_value());
    CHECK(Listener::probe(address).has_value());
    CHECK(Listener::open(*loop, address, [](auto) {}).has_value());
  }

  TEST_CASE("listener: the IPv6 wildcard takes IPv4, shown in IPv4's spelling") {
    TestLoop loop;
    std::unique_ptr<net::Socket> accepted;
    auto listener = Listener::open(*loop, *Address::parse("[::]:0"),
                                   [&](auto socket) { accepted = std::move(socket); });
    REQUIRE(listener.has_value());
    auto port = std::to_string((*listener)->address().port());
    Peer peer = Peer::connect_to(*Address::parse("127.0.0.1:" + port));
    REQUIRE(loop.run_until([&] { return accepted != nullptr; }));
    CHECK(accepted->peer().host() == "127.0.0.1");
  }

  TEST_CASE("listener: an address that cannot be bound is an error with its errno") {
    TestLoop loop;
    auto ignore = [](auto) {};
    auto foreign = Listener::open(*loop, *Address::parse("192.0.2.1:0"), ignore);
    REQUIRE_FALSE(foreign.has_value());
    CHECK(foreign.error().code == base::Code::System);
    CHECK(foreign.error().sys == EADDRNOTAVAIL);
  }

  TEST_CASE("listener: may be destroyed inside on_accept") {
    TestLoop loop;
    std::unique_ptr<Listener> listener;
    int accepted = 0;
    listener = std::move(*Listener::open(*loop, *Address::parse("127.0.0.1:0"), [&](auto) {
      ++accepted;
      listener.reset();
    }));
    std::vector<Peer> peers;
    for (int i = 0; i < 3; ++i)
      peers.push_back(Peer::connect_to(listener->address()));
    REQUIRE(loop.run_until([&] { return listener == nullptr; }));
    loop.run_ready();
    CHECK(accepted == 1);
  }

  TEST_CASE("listener: out of descriptors it pauses, and goes on when there are some again") {
    TestLoop loop;
    int accepted = 0;
    auto listener =
        Listener::open(*loop, *Address::parse("127.0.0.1:0"), [&](auto) { ++accepted; });
    REQUIRE(listener.has_value());
    Peer peer = Peer::connect_to((*listener)->address());
    auto before = Listener::exhaustions();
    {
      NoDescriptors none;
      REQUIRE(loop.run_until([&] { return Listener::exhaustions() > before; }));
      loop.run_ready(100);
      CHECK(Listener::exhaustions() == before + 1);
      CHECK(accepted == 0);
    }
    REQUIRE(loop.run_until([&] { return accepted == 1; }));
  }
}
