// SPDX-License-Identifier: Apache-2.0
// All sources of a node: what a reload touches, where they live, who wants them, and who may have
// their names.
#include "stream/source_directory.h"

#include <doctest/doctest.h>

#include "support/source_rig.h"

using namespace sluice;
using base::Millis;
using stream::PullEndReason;
using stream::SourceState;
using test::FakePublisher;
using test::source_config;
using test::SourceRig;
using test::Watcher;

namespace {

const std::string kName = "cams/gate";

std::string camera(int number) { return "cams/" + std::to_string(number); }

config::Config fifty_cameras() {
  config::Config config = source_config();
  for (int i = 0; i < 50; ++i)
    config.streams[camera(i)].source = {"rtsp://10.0.0." + std::to_string(i) + "/1"};
  return config;
}

// A publisher that is the source's own, as the protocol's pull announces itself.
class OwnPublisher final : public stream::PublicationOwner {
 public:
  explicit OwnPublisher(SourceRig &rig) : rig_(rig) {
    stream::Publisher who{{1, 1}, "10.0.0.5:554", "10.0.0.5", "rtsp", true};
    rig_.shelf->publish(kName, who, *this, [this](auto answer) {
      if (answer) publication = *answer;
      is_refused = !answer;
    });
    rig_.settle();
  }
  ~OwnPublisher() { leave(); }
  OwnPublisher(const OwnPublisher &) = delete;
  OwnPublisher &operator=(const OwnPublisher &) = delete;
  void leave() {
    if (publication != nullptr) rig_.shelf->release(*std::exchange(publication, nullptr));
    rig_.settle();
  }
  void on_revoked() override {
    if (publication != nullptr) rig_.shelf->release(*std::exchange(publication, nullptr));
  }

  stream::Publication *publication = nullptr;
  bool is_refused = false;

 private:
  SourceRig &rig_;
};

std::int64_t grace_left_ms(SourceRig &rig) {
  auto listed = rig.directory.list();
  REQUIRE(listed.size() == 1);
  return listed.front().grace_left_ms;
}

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("source directory: a reload that changes one of fifty touches just that one") {
    SourceRig rig(fifty_cameras());
    rig.sources.apply();
    REQUIRE(rig.loop.run_until([&] { return rig.pulls.live.size() == 50; }));
    for (auto *pull : rig.pulls.live)
      pull->play();
    rig.settle();
    const auto before = rig.pulls.live;
    rig.reload([](auto &c) { c.streams[camera(7)].source = {"rtsp://10.1.0.7/1"}; });
    CHECK(rig.pulls.urls.size() == 51);
    CHECK(rig.pulls.urls.back() == "rtsp://10.1.0.7/1");
    std::size_t kept = 0;
    for (auto *pull : before)
      kept += static_cast<std::size_t>(std::ranges::count(rig.pulls.live, pull));
    CHECK(kept >= 49);
    CHECK(rig.sources.count_states()[static_cast<std::size_t>(SourceState::Playing)] == 49);

    rig.reload([](auto &c) { c.streams.erase(camera(7)); });
    CHECK(rig.pulls.live.size() == 49);
    CHECK(rig.sources.size() == 49);
    rig.reload([](auto &) {});
    CHECK(rig.pulls.urls.size() == 51);
  }

  TEST_CASE("source directory: sources are spread over the loops") {
    SourceRig rig;
    stream::SourceTable second(*rig.loop, rig.pulls, rig.sources);
    rig.sources.add_table(second);
    for (int i = 0; i < 6; ++i)
      rig.add(camera(i), {"rtsp://h/1"}, true);
    CHECK(rig.table.size() == 3);
    CHECK(second.size() == 3);
    rig.reload([](auto &c) {
      for (int i = 0; i < 6; i += 2)
        c.streams.erase(camera(i));
    });
    CHECK(rig.table.size() == 0);
    for (int i = 10; i < 12; ++i)
      rig.add(camera(i), {"rtsp://h/1"}, true);
    CHECK(rig.table.size() == 2);
    rig.sources.close();
    second.close();
  }

  TEST_CASE("source directory: one site is connected to a few times at once, over all sources") {
    config::Config config = source_config();
    config.source.max_connecting_per_site = 2;
    SourceRig rig(config);
    for (int i = 0; i < 5; ++i)
      rig.add(camera(i), {"rtsp://recorder:554/" + std::to_string(i)});
    rig.add("cams/other", {"rtsp://camera/1"});
    CHECK(rig.pulls.live.size() == 3);
    rig.pulls.live[0]->play();
    rig.settle();
    CHECK(rig.pulls.live.size() == 4);
    rig.pulls.live[1]->end(PullEndReason::ConnectFailed);
    REQUIRE(rig.loop.run_until([&] { return rig.pulls.urls.size() >= 5; }));
    // One that queues and is removed gives its turn away.
    rig.reload([](auto &c) { c.streams.erase(camera(3)); });
    for (int i = 0; i < 20; ++i) {
      for (auto *pull : std::vector(rig.pulls.live))
        pull->play();
      rig.settle();
    }
    REQUIRE(rig.loop.run_until([&] {
      for (auto *pull : std::vector(rig.pulls.live))
        pull->play();
      return rig.sources.count_states()[static_cast<std::size_t>(SourceState::Playing)] == 5;
    }));
    CHECK(rig.sources.gate().sites() == 0);
  }

  TEST_CASE("source directory: two loops want one stream, and it stops with the last of them") {
    SourceRig rig;
    stream::Shelf &other = rig.add_shelf();
    rig.add(kName, {"rtsp://h/1"}, true);
    std::optional<Watcher> here, there;
    here.emplace(*rig.shelf, kName);
    there.emplace(other, kName);
    rig.settle();
    CHECK(rig.pulls.urls.size() == 1);
    here.reset();
    rig.settle();
    CHECK(rig.status().is_wanted);
    CHECK_FALSE(rig.status().stops_at.has_value());
    there.reset();
    REQUIRE(rig.wait_state(SourceState::Idle));
  }

  TEST_CASE("source directory: whoever waits already is heard when the source is added") {
    SourceRig rig;
    Watcher viewer(*rig.shelf, kName);
    rig.settle();
    rig.add(kName, {"rtsp://h/1"}, true);
    CHECK(rig.status().state == SourceState::Connecting);
    rig.reload([](auto &c) { c.streams.clear(); });
    rig.add(kName, {"rtsp://h/1"}, true);
    CHECK(rig.status().state == SourceState::Connecting);
    CHECK(rig.pulls.live.size() == 1);
  }

  TEST_CASE("source directory: unknown names that are watched are not kept") {
    SourceRig rig;
    for (int i = 0; i < 1'000; ++i)
      Watcher viewer(*rig.shelf, camera(i));
    rig.settle();
    CHECK(rig.sources.size() == 0);
  }

  TEST_CASE("source directory: the name of a source is its own, also while the camera is away") {
    SourceRig rig;
    FakePublisher early(rig, kName);
    early.publish();
    rig.add(kName, {"rtsp://h/1"});
    OwnPublisher own(rig);
    REQUIRE(rig.loop.run_until([&] { return own.publication != nullptr; }));
    CHECK(early.revoked);
    own.leave();
    FakePublisher late(rig, kName);
    late.ask();
    REQUIRE(late.wait_for_answer());
    REQUIRE(late.refused.has_value());
    CHECK(late.refused->code == base::Code::Refused);
  }

  TEST_CASE("source directory: an encoder may stand in for the camera where that is allowed") {
    SourceRig rig;
    rig.reload([](auto &c) {
      c.streams[kName].source = {"rtsp://h/1"};
      c.streams[kName].publish = config::PublishPolicy::Always;
    });
    OwnPublisher own(rig);
    REQUIRE(own.publication != nullptr);
    FakePublisher encoder(rig, kName);
    encoder.publish();
    CHECK(own.publication == nullptr);
    OwnPublisher again(rig);
    CHECK(again.is_refused);
    encoder.leave();
    rig.settle();
    OwnPublisher at_last(rig);
    CHECK(at_last.publication != nullptr);
  }

  TEST_CASE("source directory: viewers of a camera that is away are kept for longer") {
    SourceRig rig;
    rig.add(kName, {"rtsp://h/1"});
    OwnPublisher own(rig);
    own.leave();
    CHECK(grace_left_ms(rig) > 200'000);
    rig.reload([](auto &c) { c.streams.clear(); });
    CHECK(grace_left_ms(rig) <= 30'000);
    CHECK(grace_left_ms(rig) > 0);
  }

  TEST_CASE("source directory: once closed it starts nothing") {
    SourceRig rig;
    rig.add(kName, {"rtsp://h/1"});
    rig.sources.close();
    rig.table.close();
    CHECK(rig.pulls.live.empty());
    rig.add("cams/other", {"rtsp://h/1"});
    CHECK(rig.pulls.live.empty());
    CHECK(rig.sources.list().empty());
  }
}
