// SPDX-License-Identifier: Apache-2.0
// One supervised source: attempts, pauses, fail-over, and running on demand.
#include "stream/source.h"

#include <doctest/doctest.h>

#include "support/source_rig.h"

using namespace sluice;
using base::Millis;
using stream::PullEndReason;
using stream::SourceState;
using test::source_config;
using test::SourceRig;
using test::Watcher;

namespace {

const std::string kName = "cams/gate";
const std::string kUrl = "rtsp://u:p@10.0.0.5/1";
const std::string kSecond = "rtsp://u:p@10.0.0.6/2";

// Pauses that no test waits for.
config::Config patient_config() {
  config::Config config = source_config();
  config.source.retry_min = config.source.retry_max = Millis(600'000);
  return config;
}

struct Memory final : stream::PullMemory {
  explicit Memory(int number) : what(number) {}
  int what;
};

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("source: it is tried at once, plays, and comes back after a failure") {
    SourceRig rig;
    rig.add(kName, {kUrl});
    CHECK(rig.status().state == SourceState::Connecting);
    CHECK(rig.pulls.only().request.stream == kName);
    CHECK(rig.pulls.only().request.url == kUrl);
    CHECK(rig.pulls.only().request.shown_url == "rtsp://***@10.0.0.5/1");
    rig.pulls.only().play();
    rig.settle();
    CHECK(rig.status().state == SourceState::Playing);
    CHECK(std::string(rig.status().facts.transport) == "tcp");
    rig.pulls.only().end(PullEndReason::Stalled);
    REQUIRE(rig.loop.run_until([&] { return rig.pulls.urls.size() == 2; }));
    rig.pulls.only().play();
    rig.settle();
    auto status = rig.status();
    CHECK(status.state == SourceState::Playing);
    CHECK(status.attempts == 2);
    CHECK(status.reconnects == 1);
    REQUIRE(status.last_failure.has_value());
    CHECK(status.last_failure->reason == PullEndReason::Stalled);
    CHECK(rig.source_metrics.attempts.value() == 2);
    CHECK(rig.source_metrics.reconnects.value() == 1);
  }

  TEST_CASE("source: while it waits, the next try and the last error are known") {
    SourceRig rig(patient_config());
    rig.add(kName, {kUrl});
    rig.pulls.only().end(PullEndReason::Unauthorized, true);
    rig.settle();
    auto status = rig.status();
    CHECK(status.state == SourceState::Waiting);
    REQUIRE(status.next_try_at.has_value());
    CHECK(*status.next_try_at > base::mono_now() + Millis(400'000));
    CHECK(status.last_failure->reason == PullEndReason::Unauthorized);
    CHECK(rig.pulls.live.empty());
    REQUIRE(rig.shelf->find_source(kName) != nullptr);
    CHECK(rig.shelf->find_source(kName)->next_try_at == status.next_try_at);
  }

  TEST_CASE("source: the next URL is tried at once, and the first again after the pause") {
    SourceRig rig;
    rig.add(kName, {kUrl, kSecond});
    rig.pulls.only().end(PullEndReason::ConnectFailed);
    REQUIRE(rig.wait_attempt("/2"));
    CHECK(rig.status().url_index == 1);
    rig.pulls.only().end(PullEndReason::TimedOut);
    REQUIRE(rig.wait_attempt("/1"));
    rig.pulls.only().end(PullEndReason::ConnectFailed);
    REQUIRE(rig.wait_attempt("/2"));
    rig.pulls.only().play();
    rig.settle();
    CHECK(rig.status().state == SourceState::Playing);
    rig.pulls.only().end(PullEndReason::CameraClosed);
    REQUIRE(rig.wait_attempt("/1"));
    CHECK(rig.pulls.urls == std::vector{kUrl, kSecond, kUrl, kSecond, kUrl});
  }

  TEST_CASE("source: one URL that may come back keeps a list from waiting longest") {
    config::Config config = source_config();
    config.source.retry_max = Millis(600'000);
    SourceRig rig(config);
    rig.add(kName, {kUrl, kSecond});
    rig.pulls.only().end(PullEndReason::NotFound, true);
    REQUIRE(rig.wait_attempt("/2"));
    rig.pulls.only().end(PullEndReason::ConnectFailed);
    REQUIRE(rig.wait_attempt("/1"));
    rig.pulls.only().end(PullEndReason::NotFound, true);
    REQUIRE(rig.wait_attempt("/2"));
    rig.pulls.only().end(PullEndReason::NotFound, true);
    rig.settle();
    CHECK(*rig.status().next_try_at > base::mono_now() + Millis(400'000));
  }

  TEST_CASE("source: what an attempt learnt about a URL is there for the next, until it changes") {
    SourceRig rig;
    rig.add(kName, {kUrl, kSecond});
    rig.pulls.only().request.memory = std::make_unique<Memory>(1);
    rig.pulls.only().end(PullEndReason::ConnectFailed);
    REQUIRE(rig.wait_attempt("/2"));
    CHECK(rig.pulls.only().request.memory == nullptr);
    rig.pulls.only().end(PullEndReason::ConnectFailed);
    REQUIRE(rig.wait_attempt("/1"));
    REQUIRE(rig.pulls.only().request.memory != nullptr);
    CHECK(dynamic_cast<Memory &>(*rig.pulls.only().request.memory).what == 1);
    rig.reload([](auto &c) { c.streams[kName].transport = config::SourceTransport::Udp; });
    CHECK(rig.pulls.only().request.memory == nullptr);
    CHECK(rig.pulls.only().request.settings.transport == config::SourceTransport::Udp);
  }

  TEST_CASE("source: a camera that is dead for ten thousand tries leaves nothing behind") {
    config::Config config = source_config();
    config.source.retry_min = config.source.retry_max = Millis(0);
    SourceRig rig(config);
    rig.pulls.on_start = [&](test::FakePull &pull) {
      rig.loop->defer([&rig, which = &pull] {
        if (!rig.pulls.live.empty() && rig.pulls.live.back() == which) {
          which->end(PullEndReason::ConnectFailed);
        }
      });
    };
    rig.add(kName, {kUrl});
    REQUIRE(rig.loop.run_until([&] { return rig.status().attempts >= 10'000; }));
    CHECK(rig.pulls.live.size() <= 1);
    CHECK(rig.sources.gate().sites() <= 1);
    rig.reload([](auto &c) { c.streams.clear(); });
    CHECK(rig.pulls.live.empty());
    CHECK(rig.sources.gate().sites() == 0);
    CHECK(rig.sources.size() == 0);
    CHECK(rig.table.size() == 0);
    CHECK(rig.shelf->find_source(kName) == nullptr);
    CHECK(rig.directory.size() == 0);
  }

  TEST_CASE("source: on demand it is idle, starts with the first viewer and stops after the last") {
    SourceRig rig;
    rig.add(kName, {kUrl}, true);
    CHECK(rig.status().state == SourceState::Idle);
    CHECK(rig.pulls.live.empty());
    {
      Watcher viewer(*rig.shelf, kName);
      rig.settle();
      CHECK(rig.status().state == SourceState::Connecting);
      CHECK(rig.status().is_wanted);
      rig.pulls.only().play();
      Watcher second(*rig.shelf, kName);
      rig.settle();
      CHECK(rig.pulls.live.size() == 1);
    }
    rig.settle();
    CHECK(rig.status().state == SourceState::Playing);
    CHECK(rig.status().stops_at.has_value());
    REQUIRE(rig.wait_state(SourceState::Idle));
    CHECK(rig.pulls.live.empty());
    CHECK_FALSE(rig.status().stops_at.has_value());
    CHECK(rig.pulls.urls.size() == 1);
  }

  TEST_CASE("source: a viewer who returns in time finds the same attempt") {
    config::Config config = source_config();
    config.source.stop_after = Millis(600'000);
    SourceRig rig(config);
    rig.add(kName, {kUrl}, true);
    std::optional<Watcher> viewer;
    viewer.emplace(*rig.shelf, kName);
    rig.settle();
    viewer.reset();
    rig.settle();
    CHECK(rig.status().stops_at.has_value());
    viewer.emplace(*rig.shelf, kName);
    rig.settle();
    CHECK_FALSE(rig.status().stops_at.has_value());
    CHECK(rig.pulls.urls.size() == 1);
  }

  TEST_CASE("source: the viewer leaves while the camera is being connected to") {
    config::Config config = source_config();
    config.source.stop_after = Millis(0);
    SourceRig rig(config);
    rig.add(kName, {kUrl}, true);
    {
      Watcher viewer(*rig.shelf, kName);
    }
    REQUIRE(rig.wait_state(SourceState::Idle));
    rig.settle();
    CHECK(rig.pulls.live.empty());
    CHECK(rig.sources.gate().sites() == 0);
  }

  TEST_CASE("source: the last viewer leaves while the camera is away") {
    SourceRig rig;
    rig.add(kName, {kUrl}, true);
    std::optional<Watcher> viewer;
    viewer.emplace(*rig.shelf, kName);
    rig.settle();
    SUBCASE("while it waits for the next try") {
      rig.reload([](auto &c) { c.source.retry_min = c.source.retry_max = Millis(600'000); });
      rig.pulls.only().end(PullEndReason::ConnectFailed);
      rig.settle();
      REQUIRE(rig.status().state == SourceState::Waiting);
      viewer.reset();
      REQUIRE(rig.wait_state(SourceState::Idle));
      // A viewer who comes now does not make the dead camera be asked sooner.
      viewer.emplace(*rig.shelf, kName);
      rig.settle();
      CHECK(rig.status().state == SourceState::Waiting);
      CHECK(rig.pulls.urls.size() == 1);
    }
    SUBCASE("in the moment in which the attempt fails") {
      rig.pulls.only().end(PullEndReason::ConnectFailed);
      viewer.reset();
      REQUIRE(rig.wait_state(SourceState::Idle));
      CHECK(rig.pulls.live.empty());
    }
  }

  TEST_CASE("source: it is removed in the moment in which its attempt ends") {
    SourceRig rig;
    rig.add(kName, {kUrl});
    rig.pulls.only().end(PullEndReason::CameraClosed);
    rig.reload([](auto &c) { c.streams.clear(); });
    CHECK(rig.pulls.live.empty());
    CHECK(rig.pulls.urls.size() == 1);
  }

  TEST_CASE("source: what only the source looks at changes without a new attempt") {
    SourceRig rig;
    rig.add(kName, {kUrl});
    rig.pulls.only().play();
    rig.settle();
    rig.reload([](auto &c) {
      c.source.retry_max = Millis(9'000);
      c.source.keep_viewers = Millis(1'000);
    });
    CHECK(rig.pulls.urls.size() == 1);
    SUBCASE("on demand from now on, and nobody watches") {
      rig.reload([](auto &c) { c.streams[kName].on_demand = true; });
      CHECK(rig.status().state == SourceState::Playing);
      REQUIRE(rig.wait_state(SourceState::Idle));
    }
    SUBCASE("always from now on, and it is idle") {
      rig.reload([](auto &c) { c.streams[kName].on_demand = true; });
      REQUIRE(rig.wait_state(SourceState::Idle));
      rig.reload([](auto &c) { c.streams[kName].on_demand = false; });
      CHECK(rig.status().state == SourceState::Connecting);
    }
    SUBCASE("another URL is another attempt at once") {
      rig.reload([](auto &c) { c.streams[kName].source = {kSecond}; });
      CHECK(rig.pulls.only().request.url == kSecond);
      CHECK(rig.status().state == SourceState::Connecting);
      CHECK_FALSE(rig.status().last_failure.has_value());
    }
  }
}
