// SPDX-License-Identifier: Apache-2.0
#include "stream/connect_gate.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/test_loop.h"

using namespace sluice;
using stream::ConnectGate;

namespace {

struct Rig {
  Rig() {
    config::Config config;
    config.source.max_connecting_per_site = 2;
    live.set(std::make_shared<const config::Config>(config));
  }
  void ask(const std::string &site, const std::string &who) {
    gate.post_ask(site, [this, who](ConnectGate::Permit permit) {
      inside.push_back({who, std::move(permit)});
      order += who;
    });
    loop.run_ready();
  }
  void leave(const std::string &who) {
    std::erase_if(inside, [&](const auto &row) { return row.first == who; });
    loop.run_ready();
  }

  test::TestLoop loop;
  config::Live live{std::make_shared<const config::Config>()};
  ConnectGate gate{*loop, live};
  std::vector<std::pair<std::string, ConnectGate::Permit>> inside;
  std::string order;
};

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("connect gate: a site takes so many, and the others in order") {
    Rig rig;
    for (const char *who : {"a", "b", "c", "d"})
      rig.ask("recorder", who);
    rig.ask("camera", "x");
    CHECK(rig.order == "abx");
    rig.leave("b");
    CHECK(rig.order == "abxc");
    rig.leave("a");
    rig.leave("c");
    CHECK(rig.order == "abxcd");
    rig.leave("d");
    rig.leave("x");
    CHECK(rig.gate.sites() == 0);
  }

  TEST_CASE("connect gate: whoever drops the permit makes room for the next") {
    Rig rig;
    rig.ask("s", "a");
    rig.ask("s", "b");
    rig.gate.post_ask("s", [](ConnectGate::Permit) {});
    rig.ask("s", "c");
    rig.leave("a");
    rig.loop.run_ready(10);
    CHECK(rig.order == "abc");
    rig.inside.clear();
    rig.loop.run_ready();
    CHECK(rig.gate.sites() == 0);
  }

  TEST_CASE("connect gate: once closed it lets nobody in") {
    Rig rig;
    rig.ask("s", "a");
    rig.ask("s", "b");
    rig.ask("s", "c");
    rig.gate.close();
    rig.leave("a");
    rig.ask("s", "d");
    CHECK(rig.order == "ab");
  }
}
