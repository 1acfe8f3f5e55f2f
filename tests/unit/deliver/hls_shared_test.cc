// SPDX-License-Identifier: Apache-2.0
// Sessions that come by single requests, requests that are held, and names that are never used
// twice.
#include "deliver/hls_shared.h"

#include <doctest/doctest.h>

#include <vector>

using namespace sluice;
using deliver::HlsHolds;
using deliver::HlsRuns;
using deliver::HlsSession;
using deliver::HlsSessions;

namespace {

std::shared_ptr<HlsSession> session(std::string name, std::string host = "h") {
  return std::make_shared<HlsSession>(
      HlsSession::Facts{.name = std::move(name), .stream = "cams/gate", .host = std::move(host)});
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("hls sessions: names are session directories, and never the same") {
    std::string a = deliver::make_hls_session_name();
    CHECK(deliver::is_hls_session(a));
    CHECK(a != deliver::make_hls_session_name());
  }

  TEST_CASE("hls sessions: one is found by its name, for its stream only") {
    HlsSessions sessions;
    auto own = session("~a");
    CHECK(sessions.add(own, 1) == HlsSessions::Added::Yes);
    CHECK(sessions.find("~a", "cams/gate") == own);
    CHECK(sessions.find("~a", "cams/other") == nullptr);
    CHECK(sessions.add(session("~a", "other"), 1) == HlsSessions::Added::Exists);
    sessions.remove(*own);
    CHECK(sessions.find("~a", "cams/gate") == nullptr);
  }

  TEST_CASE("hls sessions: a host has so many and no more, until one ends") {
    HlsSessions sessions;
    auto first = session("~a");
    CHECK(sessions.add(first, 2) == HlsSessions::Added::Yes);
    CHECK(sessions.add(session("~b"), 2) == HlsSessions::Added::Yes);
    CHECK(sessions.add(session("~c"), 2) == HlsSessions::Added::TooMany);
    CHECK(sessions.add(session("~c", "other"), 2) == HlsSessions::Added::Yes);
    sessions.remove(*first);
    sessions.remove(*first);  // another time changes nothing
    CHECK(sessions.add(session("~d"), 2) == HlsSessions::Added::Yes);
    CHECK(sessions.add(session("~e"), 2) == HlsSessions::Added::TooMany);
  }

  TEST_CASE("hls sessions: one that was kicked is refused for its time") {
    HlsSessions sessions;
    auto now = base::mono_now();
    sessions.refuse("~a", now + base::Millis(10));
    CHECK(sessions.refuses("~a", now));
    CHECK_FALSE(sessions.refuses("~b", now));
    CHECK_FALSE(sessions.refuses("~a", now + base::Millis(10)));
    CHECK_FALSE(sessions.refuses("~a", now));
  }

  TEST_CASE("hls holds: a client has so many places, and each is given back once") {
    metrics::Registry registry{2};
    deliver::HlsMetrics metrics(registry);
    HlsHolds holds(metrics.held);
    std::vector<HlsHolds::Place> places;
    for (std::uint32_t i = 0; i < HlsHolds::kPerClient; ++i) {
      places.push_back(holds.take("a"));
      CHECK(places.back());
    }
    CHECK_FALSE(holds.take("a"));
    CHECK(holds.take("b"));
    CHECK(metrics.held.value() == HlsHolds::kPerClient);
    HlsHolds::Place moved = std::move(places.back());
    places.pop_back();
    CHECK_FALSE(holds.take("a"));
    moved = {};
    CHECK(holds.take("a"));
    places.clear();
    CHECK(metrics.held.value() == 0);
  }

  TEST_CASE("hls runs: each log of segments has its word, which no other log ever gets") {
    HlsRuns runs;
    HlsRuns after_a_restart;
    auto log = std::make_shared<stream::SegmentLog>();
    std::string first = runs.name(log);
    CHECK(runs.name(log) == first);
    CHECK(deliver::parse_hls_file(first + "-1.m4s").has_value());
    log = std::make_shared<stream::SegmentLog>();
    CHECK(runs.name(log) != first);
    CHECK(after_a_restart.name(log) != first);
  }
}
