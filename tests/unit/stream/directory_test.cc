// SPDX-License-Identifier: Apache-2.0
// The directory and a shelf, with their messages, on one loop.
#include "stream/directory.h"

#include <doctest/doctest.h>

#include "support/stream_rig.h"

using namespace sluice;
using stream::StreamEntry;
using test::FakePublisher;
using test::StreamRig;

namespace {

using Entry = std::shared_ptr<const StreamEntry>;

struct Watcher final : stream::NameWatcher {
  explicit Watcher(stream::Shelf &on, std::string of = "cams/gate")
      : shelf(on), name(std::move(of)) {
    shelf.watch(name, *this);
  }
  ~Watcher() { shelf.unwatch(name, *this); }
  Watcher(const Watcher &) = delete;
  Watcher &operator=(const Watcher &) = delete;

  void on_entry(const Entry &entry) override {
    told.push_back(entry);
    if (then) then();
  }

  stream::Shelf &shelf;
  std::string name;
  std::vector<Entry> told;
  std::function<void()> then;
};

config::Config policy(config::PublishPolicy publish) {
  config::Config config;
  config.stream.publish = publish;
  return config;
}

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("directory: a granted name is live on the shelf, and its watchers are told") {
    StreamRig rig;
    Watcher watcher(*rig.shelf);
    Watcher other(*rig.shelf, "cams/door");
    FakePublisher publisher(rig);
    publisher.publish();
    rig.settle();
    Entry entry = rig.shelf->find("cams/gate");
    REQUIRE(entry != nullptr);
    CHECK(entry->live);
    CHECK(entry->home == rig.shelf.get());
    CHECK(entry->publisher.host == "10.0.0.1");
    REQUIRE(watcher.told.size() == 1);
    CHECK(watcher.told.front() == entry);
    CHECK(other.told.empty());
    CHECK(rig.shelf->find("cams/gat") == nullptr);
  }

  TEST_CASE("directory: a second publisher is refused, and the first one notices nothing") {
    StreamRig rig;
    FakePublisher first(rig);
    first.publish();
    FakePublisher second(rig);
    second.ask();
    REQUIRE(second.wait_for_answer());
    REQUIRE(second.refused.has_value());
    CHECK(second.refused->code == base::Code::Refused);
    rig.settle();
    CHECK_FALSE(first.revoked);
    CHECK(rig.shelf->find("cams/gate")->epoch == first.publication->entry().epoch);
  }

  TEST_CASE(
      "directory: a take-over waits for the first publisher to leave, and viewers' time goes on") {
    StreamRig rig(policy(config::PublishPolicy::Always));
    FakePublisher first(rig);
    first.publish().with_tracks();
    first.video(0, true);
    first.video(10'000, false);
    auto before = first.publication->resume_point();
    first.obeys = false;
    FakePublisher second(rig, "cams/gate", "10.0.0.2");
    second.ask();
    rig.settle();
    CHECK(first.revoked);
    CHECK(second.publication == nullptr);
    CHECK_FALSE(second.refused.has_value());
    first.leave();
    REQUIRE(second.wait_for_answer());
    REQUIRE(second.publication != nullptr);
    CHECK(second.publication->resume_point() >= before + base::Millis(40));
    rig.settle();
    Entry entry = rig.shelf->find("cams/gate");
    CHECK(entry->live);
    CHECK(entry->publisher.host == "10.0.0.2");
    CHECK(entry->epoch == second.publication->entry().epoch);
  }

  TEST_CASE("directory: by policy same-address only the same host may take a name over") {
    StreamRig rig(policy(config::PublishPolicy::SameAddress));
    FakePublisher first(rig);
    first.publish();
    FakePublisher stranger(rig, "cams/gate", "10.0.0.2");
    stranger.ask();
    REQUIRE(stranger.wait_for_answer());
    CHECK(stranger.refused.has_value());
    CHECK_FALSE(first.revoked);
    FakePublisher again(rig);
    again.publish();
    CHECK(first.revoked);
    CHECK(first.publication == nullptr);
  }

  TEST_CASE("directory: only one may wait for a take-over") {
    StreamRig rig(policy(config::PublishPolicy::Always));
    FakePublisher first(rig);
    first.publish();
    first.obeys = false;
    FakePublisher second(rig);
    FakePublisher third(rig);
    second.ask();
    third.ask();
    REQUIRE(third.wait_for_answer());
    REQUIRE(third.refused.has_value());
    CHECK(third.refused->code == base::Code::Busy);
    first.leave();
    REQUIRE(second.wait_for_answer());
    CHECK(second.publication != nullptr);
  }

  TEST_CASE("directory: a successor that goes away while it waits gives the name back") {
    StreamRig rig(policy(config::PublishPolicy::Always));
    FakePublisher first(rig);
    first.publish();
    first.obeys = false;
    {
      FakePublisher second(rig);
      second.ask();
      rig.settle();
    }
    first.leave();
    rig.settle();
    Entry entry = rig.shelf->find("cams/gate");
    REQUIRE(entry != nullptr);
    CHECK_FALSE(entry->live);
    FakePublisher third(rig);
    third.publish();
    CHECK(third.publication->entry().epoch > entry->epoch);
  }

  TEST_CASE("directory: a take-over that crosses the first publisher's leave works too") {
    StreamRig rig(policy(config::PublishPolicy::Always));
    FakePublisher first(rig);
    first.publish();
    FakePublisher second(rig);
    SUBCASE("asked before the leave") {
      second.ask();
      first.leave();
    }
    SUBCASE("asked after the leave") {
      first.leave();
      second.ask();
    }
    REQUIRE(second.wait_for_answer());
    CHECK(second.publication != nullptr);
    rig.settle();
    CHECK(rig.shelf->find("cams/gate")->live);
  }

  TEST_CASE("directory: one that asked and went before the answer does not hold the name") {
    StreamRig rig;
    {
      FakePublisher hasty(rig);
      hasty.ask();
    }
    rig.settle();
    FakePublisher next(rig);
    next.publish();
    CHECK(rig.directory.size() == 1);
  }

  TEST_CASE(
      "directory: a publisher that returns in the grace keeps the stream's counters and time") {
    StreamRig rig;
    Watcher watcher(*rig.shelf);
    FakePublisher first(rig);
    first.publish().with_tracks();
    first.video(500, true);
    first.video(3'500, false);
    auto resume = first.publication->resume_point();
    auto counters = first.publication->entry().counters;
    first.leave();
    rig.settle();
    REQUIRE(rig.directory.list().size() == 1);
    CHECK_FALSE(rig.directory.list().front().entry->live);
    CHECK(rig.directory.list().front().grace_left_ms > 0);
    CHECK(rig.directory.list().front().entry->home == nullptr);
    FakePublisher back(rig);
    back.publish();
    rig.settle();
    CHECK(back.publication->entry().counters == counters);
    CHECK(back.publication->resume_point() >= resume + base::Millis(40));
    CHECK(back.publication->resume_point() < resume + base::Millis(60'000));
    REQUIRE(watcher.told.size() == 3);
    CHECK(watcher.told[0]->live);
    CHECK_FALSE(watcher.told[1]->live);
    CHECK(watcher.told[2]->live);
  }

  TEST_CASE("directory: after the grace the name is forgotten, and its next stream starts anew") {
    config::Config config;
    config.stream.viewer_grace = base::Millis(20);
    StreamRig rig(config);
    Watcher watcher(*rig.shelf);
    FakePublisher first(rig);
    first.publish().with_tracks();
    first.video(0, true);
    auto counters = first.publication->entry().counters;
    first.leave();
    REQUIRE(rig.loop.run_until([&] { return rig.directory.size() == 0; }));
    rig.settle();
    CHECK(rig.shelf->find("cams/gate") == nullptr);
    REQUIRE(watcher.told.size() == 3);
    CHECK(watcher.told.back() == nullptr);
    FakePublisher second(rig);
    second.publish();
    CHECK(second.publication->resume_point() == media::Ticks(0));
    CHECK(second.publication->entry().counters != counters);
  }

  TEST_CASE("directory: more streams than are allowed are refused, known names are not") {
    config::Config config;
    config.stream.max_streams = 1;
    StreamRig rig(config);
    FakePublisher first(rig);
    first.publish();
    FakePublisher second(rig, "cams/door");
    second.ask();
    REQUIRE(second.wait_for_answer());
    REQUIRE(second.refused.has_value());
    CHECK(second.refused->code == base::Code::Busy);
    first.leave();
    FakePublisher back(rig);
    back.publish();
  }

  TEST_CASE("directory: late words of a publisher that was replaced change nothing") {
    StreamRig rig;
    FakePublisher first(rig);
    first.publish();
    auto old_epoch = first.publication->entry().epoch;
    first.leave();
    FakePublisher second(rig);
    second.publish();
    rig.directory.unpublish("cams/gate", old_epoch, media::Ticks(1));
    rig.directory.describe("cams/gate", old_epoch, {.tracks = {}, .encoder = "old", .ignored = {}});
    rig.directory.unpublish("cams/nobody", 1, media::Ticks(1));
    REQUIRE(rig.directory.list().size() == 1);
    CHECK(rig.directory.list().front().entry->live);
    CHECK(rig.directory.list().front().facts.encoder.empty());
  }

  TEST_CASE(
      "directory: what a publisher sends is listed, also in the grace, and not for the next") {
    StreamRig rig;
    FakePublisher first(rig);
    first.publish().with_tracks();
    first.publication->set_metadata({.encoder = "Lavf"});
    first.publication->note_ignored("a second video track");
    REQUIRE(rig.loop.run_until([&] {
      auto listed = rig.directory.list();
      return !listed.empty() && !listed.front().facts.ignored.empty();
    }));
    auto facts = rig.directory.list().front().facts;
    CHECK(facts.encoder == "Lavf");
    CHECK(facts.tracks.video == test::h264_track());
    CHECK(facts.tracks.audio == test::aac_track());
    first.leave();
    rig.settle();
    CHECK(rig.directory.list().front().facts.encoder == "Lavf");
    FakePublisher second(rig);
    second.publish();
    CHECK(rig.directory.list().front().facts.encoder.empty());
  }

  TEST_CASE("shelf: a watcher that leaves while another is told is not told any more") {
    StreamRig rig;
    auto first = std::make_unique<Watcher>(*rig.shelf);
    auto second = std::make_unique<Watcher>(*rig.shelf);
    int told = 0;
    // Whoever is told first destroys the other, then itself.
    first->then = [&] {
      ++told;
      second.reset();
    };
    second->then = [&] {
      ++told;
      first.reset();
    };
    FakePublisher publisher(rig);
    publisher.publish();
    rig.settle();
    CHECK(told == 1);
  }

  TEST_CASE("directory: nothing is told to shelves after it was closed") {
    StreamRig rig;
    Watcher watcher(*rig.shelf);
    FakePublisher publisher(rig);
    publisher.publish();
    rig.settle();
    rig.directory.close();
    publisher.leave();
    FakePublisher late(rig);
    late.ask();
    rig.settle();
    CHECK(watcher.told.size() == 1);
    CHECK(late.publication == nullptr);
    CHECK(rig.directory.size() == 0);
  }

  TEST_CASE("directory: streams that show the same are on one clock") {
    config::Config config;
    config.streams["cams/gate"].renditions = {"cams/gate_sub"};
    StreamRig rig(config);
    FakePublisher main(rig);
    FakePublisher sub(rig, "cams/gate_sub");
    FakePublisher other(rig, "cams/yard");
    const auto before = base::mono_now();
    main.publish();
    const auto between = base::mono_now();
    REQUIRE(rig.loop.run_until([&] { return base::mono_now() - between >= base::Millis(5); }));
    sub.publish();
    other.publish();
    const auto apart = sub.publication->resume_point() - main.publication->resume_point();
    CHECK(apart >= base::Millis(5));
    CHECK(apart <= base::mono_now() - before + base::Millis(1));
    CHECK(other.publication->resume_point() == media::Ticks(0));
  }
}
