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
using deliver::HlsSessionNames;
using deliver::HlsSessions;

namespace {

std::shared_ptr<HlsSession> session(std::string name, std::string host = "h") {
  return std::make_shared<HlsSession>(
      HlsSession::Facts{.name = std::move(name), .stream = "cams/gate", .host = std::move(host)});
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("hls sessions: names are session directories, and never the same") {
    HlsSessionNames names;
    std::string a = names.make();
    CHECK(deliver::is_hls_session(a));
    CHECK(a != names.make());
  }

  TEST_CASE("hls sessions: a name is known by whom it was given, and no other is") {
    HlsSessionNames names;
    HlsSessionNames after_a_restart;
    const std::string given = names.make();
    CHECK(names.gave(given));
    CHECK_FALSE(after_a_restart.gave(given));
    for (std::size_t i = 0; i < given.size(); ++i) {
      std::string other = given;
      other[i] = other[i] == 'x' ? 'y' : 'x';
      CAPTURE(other);
      CHECK_FALSE(names.gave(other));
    }
    CHECK_FALSE(names.gave(""));
    CHECK_FALSE(names.gave(given.substr(0, 12)));
    CHECK_FALSE(names.gave(given + "a"));
  }

  TEST_CASE("hls sessions: one is found by its name until it ends") {
    HlsSessions sessions;
    const auto now = base::mono_now();
    auto own = session("~a");
    CHECK(sessions.add(own, 1) == own);
    CHECK(sessions.find("~a", now).session == own);
    CHECK(sessions.find("~b", now).session == nullptr);
    auto second = session("~a", "other");
    CHECK(sessions.add(second, 1) == own);
    sessions.remove(*second);  // which never was one
    CHECK(sessions.find("~a", now).session == own);
    sessions.remove(*own);
    CHECK(sessions.find("~a", now).session == nullptr);
    CHECK(own->is_for("cams/gate"));
    CHECK_FALSE(own->is_for("cams/gate2"));
  }

  TEST_CASE("hls sessions: a host has so many and no more, until one ends") {
    HlsSessions sessions;
    auto first = session("~a");
    CHECK(sessions.add(first, 2) != nullptr);
    CHECK(sessions.add(session("~b"), 2) != nullptr);
    CHECK(sessions.add(session("~c"), 2) == nullptr);
    CHECK(sessions.add(session("~c", "other"), 2) != nullptr);
    sessions.remove(*first);
    sessions.remove(*first);  // another time changes nothing
    CHECK(sessions.add(session("~d"), 2) != nullptr);
    CHECK(sessions.add(session("~e"), 2) == nullptr);
  }

  TEST_CASE("hls sessions: one that was kicked is refused for its time") {
    HlsSessions sessions;
    auto now = base::mono_now();
    sessions.refuse("~a", now + base::Millis(10));
    CHECK(sessions.find("~a", now).refused);
    CHECK_FALSE(sessions.find("~b", now).refused);
    CHECK_FALSE(sessions.find("~a", now + base::Millis(10)).refused);
    CHECK_FALSE(sessions.find("~a", now).refused);
  }

  TEST_CASE("hls sessions: the last one that was kicked is refused, however many were before it") {
    HlsSessions sessions;
    auto now = base::mono_now();
    for (int i = 0; i < 100'000; ++i)
      sessions.refuse("~b" + std::to_string(i), now + base::Millis(10 + i));
    sessions.refuse("~a", now + base::Millis(200'000));
    CHECK(sessions.find("~a", now).refused);
    sessions.refuse("~c", now + base::Millis(200'001));
    sessions.refuse("~d", now + base::Millis(200'002));
    CHECK(sessions.find("~a", now).refused);
  }

  TEST_CASE("hls holds: a session has so many places, and each is given back once") {
    metrics::Registry registry{2};
    deliver::HlsMetrics metrics(registry);
    HlsHolds holds(metrics.held);
    auto take = [&](const char *session) { return holds.take({session, "h"}, 1'000); };
    std::vector<HlsHolds::Place> places;
    for (std::uint32_t i = 0; i < HlsHolds::kPerSession; ++i) {
      places.push_back(take("a"));
      CHECK(places.back());
    }
    CHECK_FALSE(take("a"));
    CHECK(take("b"));
    CHECK(metrics.held.value() == HlsHolds::kPerSession);
    HlsHolds::Place moved = std::move(places.back());
    places.pop_back();
    CHECK_FALSE(take("a"));
    moved = {};
    CHECK(take("a"));
    places.clear();
    CHECK(metrics.held.value() == 0);
  }

  TEST_CASE("hls holds: a host has so many places, with sessions or without") {
    metrics::Registry registry{2};
    deliver::HlsMetrics metrics(registry);
    HlsHolds holds(metrics.held);
    auto a = holds.take({"a", "h"}, 3);
    auto b = holds.take({"b", "h"}, 3);
    auto nobody = holds.take({"", "h"}, 3);
    CHECK(nobody);
    CHECK_FALSE(holds.take({"c", "h"}, 3));
    CHECK_FALSE(holds.take({"", "h"}, 3));
    CHECK(holds.take({"a", "other"}, 3));
    b = {};
    CHECK(holds.take({"", "h"}, 3));
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
