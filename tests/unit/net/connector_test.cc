// SPDX-License-Identifier: Apache-2.0
#include "net/connector.h"

#include <doctest/doctest.h>

#include <optional>

#include "net/listener.h"
#include "support/dns_double.h"
#include "support/socket_pair.h"

using namespace sluice;
using base::Code;
using base::Millis;
using net::Connector;
using test::DnsDouble;
using test::TestLoop;

namespace {

// A server whose queue is full, so that a connection to it is neither taken nor refused.
class DeafServer {
 public:
  explicit DeafServer(const net::Address &address)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(::bind(fd_.get(), address.get(), address.length()) == 0);
    REQUIRE(::listen(fd_.get(), 0) == 0);
    for (int i = 0; i < 8; ++i) {
      net::Fd filler(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      net::Address there = test::local_address(fd_.get());
      ::connect(filler.get(), there.get(), there.length());
      fillers_.push_back(std::move(filler));
    }
  }

 private:
  net::Fd fd_;
  std::vector<net::Fd> fillers_;
};

struct Rig {
  Rig() {
    resolver = *net::Resolver::open(*loop, {.servers = {dns.server()}});
    listener = *net::Listener::open(*loop, *net::Address::parse("127.0.0.1:0"),
                                    [this](auto socket) { accepted.push_back(std::move(socket)); });
    port = listener->address().port();
  }

  std::unique_ptr<Connector> start(std::string_view host, Connector::Options options = {}) {
    outcome.reset();
    return std::make_unique<Connector>(*loop, *resolver, Connector::Target{host, port}, options,
                                       [this](auto got) { outcome = std::move(got); });
  }
  Connector::Outcome connect(std::string_view host, Connector::Options options = {}) {
    auto connector = start(host, options);
    CHECK_FALSE(outcome.has_value());
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }));
    return std::move(*outcome);
  }

  TestLoop loop;
  DnsDouble dns{loop};
  std::unique_ptr<net::Resolver> resolver;
  std::vector<std::unique_ptr<net::Socket>> accepted;
  std::unique_ptr<net::Listener> listener;
  std::uint16_t port = 0;
  std::optional<Connector::Outcome> outcome;
};

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("connector: a name becomes a connected socket") {
    Rig rig;
    rig.dns.zone["cam.test"] = {.ipv4 = {"127.0.0.1"}};
    auto outcome = rig.connect("cam.test");
    REQUIRE(outcome.has_value());
    CHECK((*outcome)->peer().to_string() == rig.listener->address().to_string());
    CHECK((*outcome)->local().is_loopback());
    REQUIRE(rig.loop.run_until([&] { return rig.accepted.size() == 1; }));
    CHECK((*outcome)->write(base::as_bytes("hello")) == 5);
    std::array<std::byte, 16> memory;
    REQUIRE(rig.loop.run_until([&] {
      auto got = rig.accepted[0]->read(memory);
      return got.has_value() && *got == 5;
    }));
  }

  TEST_CASE("connector: addresses that refuse are passed over at once") {
    Rig rig;
    rig.dns.zone["cam.test"] = {.ipv4 = {"127.0.0.2", "127.0.0.3", "127.0.0.1"}, .ipv6 = {"::1"}};
    // The head start is longer than the test may take.
    auto outcome = rig.connect("cam.test", {.head_start = Millis(60'000)});
    REQUIRE(outcome.has_value());
    CHECK((*outcome)->peer().host() == "127.0.0.1");
  }

  TEST_CASE("connector: an address that keeps silent gets company, and the first to answer wins") {
    Rig rig;
    DeafServer deaf(net::Address::parse("127.0.0.2:0")->with_port(rig.port));
    rig.dns.zone["cam.test"] = {.ipv4 = {"127.0.0.2", "127.0.0.1"}};
    auto outcome = rig.connect("cam.test", {.head_start = Millis(5)});
    REQUIRE(outcome.has_value());
    CHECK((*outcome)->peer().host() == "127.0.0.1");
  }

  TEST_CASE("connector: an address has a deadline, and so has everything together") {
    Rig rig;
    DeafServer deaf(net::Address::parse("127.0.0.2:0")->with_port(rig.port));
    rig.dns.zone["deaf.test"] = {.ipv4 = {"127.0.0.2"}};
    rig.dns.zone["dead.test"] = {.silent = true};
    auto one = rig.connect("deaf.test", {.per_address = Millis(20)});
    REQUIRE_FALSE(one.has_value());
    CHECK(one.error().code == Code::TimedOut);
    auto all = rig.connect("deaf.test", {.total = Millis(20), .per_address = Millis(60'000)});
    REQUIRE_FALSE(all.has_value());
    CHECK(all.error().code == Code::TimedOut);
    auto name = rig.connect("dead.test", {.total = Millis(20)});
    REQUIRE_FALSE(name.has_value());
    CHECK(name.error().code == Code::TimedOut);
  }

  TEST_CASE("connector: the last address's error is the outcome") {
    Rig rig;
    rig.listener.reset();
    auto refused = rig.connect("127.0.0.1");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sys == ECONNREFUSED);
    CHECK(rig.connect("missing.test").error().code == Code::NotFound);
  }

  TEST_CASE("connector: the filter sees the address that is connected to, whatever it is called") {
    Rig rig;
    auto filter = net::AddressFilter::parse(std::vector<std::string>{"public", "private"});
    REQUIRE(filter.has_value());
    rig.dns.zone["inner.test"] = {.ipv4 = {"127.0.0.1", "169.254.169.254"},
                                  .ipv6 = {"::1", "::ffff:127.0.0.1"}};
    for (const char *host :
         {"inner.test", "127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost", "0.0.0.0", "::"}) {
      CAPTURE(host);
      auto outcome = rig.connect(host, {.filter = &*filter});
      REQUIRE_FALSE(outcome.has_value());
      CHECK(outcome.error().code == Code::Refused);
    }
    for (const char *host : {"2130706433", "0177.0.0.1", "0x7f.1", "127.1"}) {
      CAPTURE(host);
      CHECK(rig.connect(host, {.filter = &*filter}).error().code == Code::Malformed);
    }
    rig.loop.run_ready();
    CHECK(rig.accepted.empty());
  }

  TEST_CASE("connector: destroying it cancels at every step") {
    Rig rig;
    DeafServer deaf(net::Address::parse("127.0.0.2:0")->with_port(rig.port));
    rig.dns.zone["dead.test"] = {.silent = true};
    rig.start("dead.test").reset();
    auto connecting = rig.start("127.0.0.2");
    rig.loop.run_ready();
    connecting.reset();
    rig.loop.run_ready();
    CHECK_FALSE(rig.outcome.has_value());
  }

  TEST_CASE("connector: the outcome may destroy the connector") {
    Rig rig;
    bool done = false;
    for (const char *host : {"127.0.0.1", "missing.test"}) {
      std::unique_ptr<Connector> connector;
      done = false;
      connector =
          std::make_unique<Connector>(*rig.loop, *rig.resolver, Connector::Target{host, rig.port},
                                      Connector::Options{}, [&](Connector::Outcome) {
                                        connector.reset();
                                        done = true;
                                      });
      REQUIRE(rig.loop.run_until([&] { return done; }));
    }
  }
}
