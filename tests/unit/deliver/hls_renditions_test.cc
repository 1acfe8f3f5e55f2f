// SPDX-License-Identifier: Apache-2.0
// Two streams that show the same, read as one.
#include "deliver/hls_renditions.h"

#include <doctest/doctest.h>

#include "deliver/hls_rig.h"

using namespace sluice;
using test::Client;
using test::FakePublisher;
using test::HlsAnswer;
using test::HlsRig;

namespace {

config::Config two_renditions() {
  config::Config config = test::hls_config();
  config.streams["cams/gate"].renditions = {"cams/gate_sub"};
  return config;
}

struct RenditionRig : HlsRig {
  explicit RenditionRig(config::Config wanted = two_renditions()) : HlsRig(std::move(wanted)) {}

  void publish_sub() { sub.publish().with_tracks(); }
  // That much media of both.
  void play_both(std::int64_t ms) {
    for (std::int64_t end = now_ms + ms; now_ms < end;) {
      sub.video(now_ms, now_ms % 500 == 0, 50);
      play(50);
    }
  }
  // A master playlist, while media comes.
  HlsAnswer master() {
    Client client(*this, request("GET", "/cams/gate/index.m3u8"));
    settle();
    play_both(2'000);
    return finish(client);
  }
  // The session's directory in a master playlist.
  static std::string session_of(const HlsAnswer &master) {
    std::size_t at = master.body.find('~');
    REQUIRE(at != std::string::npos);
    return "/cams/gate/" + master.body.substr(at, deliver::kHlsSessionLength) + "/";
  }
  [[nodiscard]] const stream::StreamCounters &counters(std::string_view name) const {
    auto entry = shelf->find(name);
    REQUIRE(entry != nullptr);
    return *entry->counters;
  }

  FakePublisher sub{*this, "cams/gate_sub"};
};

std::size_t variants(const HlsAnswer &master) {
  CHECK(master.status == 200);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = master.body.find("STREAM-INF", at)) != std::string::npos; ++at)
    ++count;
  return count;
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("hls renditions: a master lists those that are there") {
    RenditionRig rig;
    CHECK(variants(rig.get("/cams/gate/index.m3u8")) == 1);
    rig.publish_sub();
    HlsAnswer both = rig.master();
    CHECK(variants(both) == 2);
    CHECK(both.body.contains("/cams/gate_sub/live.m3u8\n"));
    rig.sub.leave();
    rig.settle();
    CHECK(variants(rig.get("/cams/gate/index.m3u8")) == 1);
  }

  TEST_CASE("hls renditions: one session reads any of them, and is one viewer") {
    RenditionRig rig;
    rig.publish_sub();
    const std::string base = RenditionRig::session_of(rig.master());
    HlsAnswer shown = rig.get(base + "cams/gate_sub/live.m3u8");
    REQUIRE(shown.status == 200);
    CHECK(rig.get(base + "cams/gate_sub/" + HlsRig::last_file(shown.body)).status == 200);
    CHECK(rig.get(base + "live.m3u8").status == 200);
    CHECK(rig.only_session().stream == "cams/gate");
    CHECK(rig.counters("cams/gate").viewers == 1);
    CHECK(rig.counters("cams/gate_sub").viewers == 0);
    CHECK(rig.counters("cams/gate_sub").bytes_out > shown.body.size());
    REQUIRE(rig.shelf->sessions().kick(rig.only_session().id));
    CHECK(rig.get(base + "cams/gate_sub/live.m3u8").status == 403);
    CHECK(rig.get(base + "live.m3u8").status == 403);
  }

  TEST_CASE("hls renditions: only what is listed is below a stream") {
    RenditionRig rig;
    rig.publish_sub();
    rig.master();
    CHECK(rig.get("/cams/gate/cams/gate_sub/live.m3u8").status == 200);
    CHECK(rig.get("/cams/gate/cams/yard/live.m3u8").status == 404);
    CHECK(rig.get("/cams/gate_sub/cams/gate/live.m3u8").status == 404);
    CHECK(rig.get("/cams/gate/cams/gate_sub/index.m3u8").status == 404);
  }

  TEST_CASE("hls renditions: their playlists report each other, and a stream alone nobody") {
    RenditionRig rig;
    rig.publish_sub();
    const std::string base = RenditionRig::session_of(rig.master());
    auto list = rig.shelf->find("cams/gate_sub")->segments_in(stream::Format::Fmp4).read();
    const auto &newest = list->open ? list->open : list->segments.back();
    rig.play(400);  // so that the text is made anew
    CHECK(rig.get(base + "live.m3u8")
              .body.ends_with("#EXT-X-RENDITION-REPORT:URI=\"cams/gate_sub/live.m3u8\",LAST-MSN=" +
                              std::to_string(newest->number) +
                              ",LAST-PART=" + std::to_string(newest->parts.size() - 1) + "\n"));
    CHECK(rig.get(base + "cams/gate_sub/live.m3u8")
              .body.contains("#EXT-X-RENDITION-REPORT:URI=\"../../live.m3u8\",LAST-MSN="));
    CHECK_FALSE(rig.get("/cams/gate_sub/live.m3u8").body.contains("REPORT"));
  }

  TEST_CASE("hls renditions: while one is read the other is ready") {
    config::Config config = two_renditions();
    config.stream.tape_grace = base::Millis(0);
    RenditionRig rig(config);
    rig.publish_sub();
    const std::string base = RenditionRig::session_of(rig.master());
    const auto since = base::mono_now();
    REQUIRE(rig.loop.run_until([&] {
      rig.play_both(50);
      CHECK(rig.get(base + "live.m3u8").status == 200);
      return base::mono_now() - since > 3 * config.hls.session_timeout;
    }));
    CHECK(rig.get(base + "cams/gate_sub/live.m3u8").status == 200);
  }

  TEST_CASE("hls renditions: on demand, one that nobody reads is listed as it was, not started") {
    config::Config config = two_renditions();
    config.stream.tape_grace = base::Millis(0);
    config.streams["cams/gate_sub"].source = {"rtsp://10.0.0.5/sub"};
    config.streams["cams/gate_sub"].on_demand = true;
    config.streams["cams/gate_sub"].publish = config::PublishPolicy::Always;
    RenditionRig rig(config);
    rig.publish_sub();
    CHECK(variants(rig.master()) == 2);
    auto cuts_nothing = [&] { return rig.counters("cams/gate_sub").tape_bytes == 0; };
    REQUIRE(rig.loop.run_until([&] {
      rig.play_both(50);  // the main stream's readers stay
      static_cast<void>(rig.get("/cams/gate/live.m3u8"));
      return cuts_nothing();
    }));
    CHECK(variants(rig.get("/cams/gate/index.m3u8")) == 2);
    rig.play_both(100);
    CHECK(cuts_nothing());
    // Another publisher may be another picture: it is measured anew.
    rig.sub.leave();
    rig.publish_sub();
    rig.settle();
    CHECK(variants(rig.master()) == 2);
    CHECK_FALSE(cuts_nothing());
  }

  TEST_CASE("hls renditions: without the main stream the others are shown") {
    RenditionRig rig;
    rig.publish_sub();
    const std::string base = RenditionRig::session_of(rig.master());
    rig.publisher.leave();
    rig.settle();
    HlsAnswer master = rig.get("/cams/gate/index.m3u8");
    CHECK(variants(master) == 1);
    CHECK(master.body.contains("/cams/gate_sub/live.m3u8\n"));
    CHECK(rig.get(base + "live.m3u8").status == 200);
  }

  TEST_CASE("hls renditions: who comes when a stream is away waits, and is not shown its past") {
    HlsRig rig;
    const std::string base = rig.begin_session();
    rig.publisher.leave();
    rig.settle();
    CHECK(rig.get("/cams/gate/index.m3u8").status == 503);
    CHECK(rig.get(base + "live.m3u8").status == 200);
    CHECK(rig.viewers() == 1);
  }
}
