// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "support/dns_double.h"

using namespace sluice;
using base::Code;
using base::Millis;
using net::Resolver;
using test::DnsDouble;
using test::TestLoop;

namespace {

constexpr Millis kLong{20'000};

struct Rig {
  explicit Rig(std::size_t max_queries = 1024, Millis attempt_timeout = Millis(2000)) {
    auto opened = Resolver::open(*loop, {.servers = {dns.server()},
                                         .attempt_timeout = attempt_timeout,
                                         .max_queries = max_queries});
    REQUIRE(opened.has_value());
    resolver = std::move(*opened);
  }

  // Asks and waits for the answer.
  Resolver::Answer ask(std::string_view host, Millis deadline = kLong) {
    std::optional<Resolver::Answer> answer;
    auto query = resolver->resolve(host, 554, deadline, [&](auto got) { answer = std::move(got); });
    CHECK_FALSE(answer.has_value());
    REQUIRE(loop.run_until([&] { return answer.has_value(); }));
    return std::move(*answer);
  }

  TestLoop loop;
  DnsDouble dns{loop};
  std::unique_ptr<Resolver> resolver;
};

std::vector<std::string> texts(const Resolver::Answer &answer) {
  std::vector<std::string> out;
  REQUIRE(answer.has_value());
  for (const net::Address &address : *answer)
    out.push_back(address.to_string());
  return out;
}

Code code_of(const Resolver::Answer &answer) {
  REQUIRE_FALSE(answer.has_value());
  return answer.error().code;
}

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("resolver: a name's addresses come with the port, both families in turn") {
    Rig rig;
    rig.dns.zone["cam.test"] = {.ipv4 = {"10.0.0.1", "10.0.0.2", "10.0.0.3"}, .ipv6 = {"fd00::1"}};
    rig.dns.zone["four.test"] = {.ipv4 = {"10.0.0.4"}};
    CHECK(texts(rig.ask("cam.test")) == std::vector<std::string>{"[fd00::1]:554", "10.0.0.1:554",
                                                                 "10.0.0.2:554", "10.0.0.3:554"});
    CHECK(texts(rig.ask("FOUR.test.")) == std::vector<std::string>{"10.0.0.4:554"});
  }

  TEST_CASE("resolver: literal addresses are answered without a name server") {
    Rig rig;
    CHECK(texts(rig.ask("127.0.0.1")) == std::vector<std::string>{"127.0.0.1:554"});
    CHECK(texts(rig.ask("2001:db8::7")) == std::vector<std::string>{"[2001:db8::7]:554"});
    CHECK(texts(rig.ask("fe80::1%lo")) == std::vector<std::string>{"[fe80::1]:554"});
    CHECK(rig.dns.questions == 0);
  }

  TEST_CASE("resolver: a name of the hosts file needs no name server") {
    Rig rig;
    auto answer = rig.ask("localhost");
    REQUIRE(answer.has_value());
    CHECK(std::ranges::all_of(*answer, [](const auto &address) { return address.is_loopback(); }));
    CHECK(rig.dns.questions == 0);
  }

  TEST_CASE("resolver: what is neither a name nor an address is refused without a question") {
    Rig rig;
    std::string long_name;
    for (int i = 0; i < 64; ++i)
      long_name += "abcd.";
    for (std::string_view host :
         {std::string_view(""), std::string_view("."), std::string_view("2130706433"),
          std::string_view("127.1"), std::string_view("0177.0.0.1"), std::string_view("0x7f000001"),
          std::string_view("0x7f.0.0.0x1"), std::string_view("1.2.3.4.5"),
          std::string_view("127.0.0.1."), std::string_view("127.0.0.1\0.test", 15),
          std::string_view("a b"), std::string_view("cam.test/x"),
          std::string_view("user@cam.test"), std::string_view("[::1]"),
          std::string_view("fe80::1%nosuchinterface"), std::string_view("127.0.0.1%lo"),
          std::string_view(long_name)}) {
      CAPTURE(host);
      CHECK(code_of(rig.ask(host)) == Code::Malformed);
    }
    CHECK(rig.dns.questions == 0);
  }

  TEST_CASE("resolver: names without addresses and servers that fail are told apart") {
    Rig rig;
    rig.dns.zone["empty.test"] = {};
    rig.dns.zone["broken.test"] = {.code = 2};
    CHECK(code_of(rig.ask("missing.test")) == Code::NotFound);
    CHECK(code_of(rig.ask("empty.test")) == Code::NotFound);
    CHECK(code_of(rig.ask("broken.test")) == Code::Busy);
  }

  TEST_CASE("resolver: of 500 addresses a bounded number is taken") {
    Rig rig;
    DnsDouble::Entry many;
    for (int i = 0; i < 500; ++i)
      many.ipv4.push_back("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    rig.dns.zone["many.test"] = many;
    auto answer = rig.ask("many.test");
    CHECK(texts(answer).size() == 16);
    CHECK(texts(answer).front() == "10.1.0.0:554");
    CHECK(rig.dns.by_tcp == 1);
  }

  TEST_CASE("resolver: an address that changes is seen at the next question") {
    Rig rig;
    rig.dns.zone["moves.test"] = {.ipv4 = {"10.0.0.1"}};
    CHECK(texts(rig.ask("moves.test")).front() == "10.0.0.1:554");
    rig.dns.zone["moves.test"] = {.ipv4 = {"10.0.0.2"}};
    CHECK(texts(rig.ask("moves.test")).front() == "10.0.0.2:554");
  }

  TEST_CASE("resolver: a server that keeps silent is given up, at the deadline or before") {
    Rig rig(1024, Millis(40));
    rig.dns.zone["dead.test"] = {.silent = true};
    CHECK(code_of(rig.ask("dead.test", Millis(1))) == Code::TimedOut);
    CHECK(code_of(rig.ask("dead.test")) == Code::TimedOut);
    REQUIRE(rig.loop.run_until([&] { return rig.resolver->under_way() == 0; }));
  }

  TEST_CASE("resolver: a hundred names that are never answered hold up no other") {
    Rig rig;
    rig.dns.zone["good.test"] = {.ipv4 = {"10.0.0.1"}};
    std::vector<std::unique_ptr<Resolver::Query>> dead;
    int answered = 0;
    for (int i = 0; i < 100; ++i) {
      std::string name = "dead" + std::to_string(i) + ".test";
      rig.dns.zone[name] = {.silent = true};
      dead.push_back(rig.resolver->resolve(name, 554, kLong, [&](auto) { ++answered; }));
    }
    CHECK(texts(rig.ask("good.test")).front() == "10.0.0.1:554");
    CHECK(answered == 0);
    CHECK(rig.resolver->under_way() == 100);
  }

  TEST_CASE("resolver: questions under way are bounded, and literals need no place") {
    Rig rig(2);
    rig.dns.zone["dead.test"] = {.silent = true};
    auto ignore = [](auto) {};
    auto first = rig.resolver->resolve("dead.test", 1, kLong, ignore);
    auto second = rig.resolver->resolve("dead.test", 1, kLong, ignore);
    CHECK(code_of(rig.ask("dead.test")) == Code::Busy);
    CHECK(texts(rig.ask("127.0.0.1")).size() == 1);
    first.reset();
    CHECK(code_of(rig.ask("dead.test")) == Code::Busy);  // the server may still answer it
  }

  TEST_CASE("resolver: a destroyed query is not answered, whenever that happens") {
    Rig rig;
    rig.dns.zone["cam.test"] = {.ipv4 = {"10.0.0.1"}};
    int answered = 0;
    auto count = [&](auto) { ++answered; };
    rig.resolver->resolve("cam.test", 1, kLong, count).reset();   // with c-ares
    rig.resolver->resolve("127.0.0.1", 1, kLong, count).reset();  // answered, not yet told
    // One answer destroys the other query of its batch.
    std::unique_ptr<Resolver::Query> second;
    auto first = rig.resolver->resolve("127.0.0.1", 1, kLong, [&](auto) { second.reset(); });
    second = rig.resolver->resolve("127.0.0.2", 1, kLong, count);
    REQUIRE(rig.loop.run_until([&] { return rig.resolver->under_way() == 0 && !second; }));
    rig.loop.run_ready();
    CHECK(answered == 0);
  }

  TEST_CASE("resolver: an answer may destroy its query and the resolver") {
    Rig rig;
    rig.dns.zone["cam.test"] = {.ipv4 = {"10.0.0.1"}};
    bool done = false;
    std::unique_ptr<Resolver::Query> query;
    query = rig.resolver->resolve("cam.test", 1, kLong, [&](auto) {
      query.reset();
      rig.resolver.reset();
      done = true;
    });
    REQUIRE(rig.loop.run_until([&] { return done; }));
  }

  TEST_CASE("resolver: queries may outlive the resolver, and are not answered then") {
    Rig rig;
    rig.dns.zone["dead.test"] = {.silent = true};
    int answered = 0;
    auto with_server = rig.resolver->resolve("dead.test", 1, kLong, [&](auto) { ++answered; });
    auto literal = rig.resolver->resolve("127.0.0.1", 1, kLong, [&](auto) { ++answered; });
    rig.resolver.reset();
    rig.loop.run_ready();
    CHECK(answered == 0);
  }

  TEST_CASE("resolver: a server that nobody runs is an error, not a wait") {
    TestLoop loop;
    net::Address closed = *net::Address::parse("127.0.0.1:1");
    auto resolver = Resolver::open(*loop, {.servers = {closed.to_string()}});
    REQUIRE(resolver.has_value());
    std::optional<Resolver::Answer> answer;
    auto query = (*resolver)->resolve("cam.test", 1, Millis(8000),
                                      [&](auto got) { answer = std::move(got); });
    REQUIRE(loop.run_until([&] { return answer.has_value(); }));
    REQUIRE_FALSE(answer->has_value());
    CHECK(answer->error().code == Code::Busy);
  }

  TEST_CASE("resolver: a server that is no literal address is the operator's error") {
    TestLoop loop;
    for (const char *server : {"nameserver.test:53", "127.0.0.1:x", ""}) {
      CAPTURE(server);
      auto resolver = Resolver::open(*loop, {.servers = {server}});
      CHECK_FALSE(resolver.has_value());
    }
    CHECK(Resolver::open(*loop, {}).has_value());  // the system's
  }
}
