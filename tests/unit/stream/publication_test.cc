// SPDX-License-Identifier: Apache-2.0
// A publication by itself: tracks, the last GOP, and the tape that its readers are given.
#include "stream/publication.h"

#include <doctest/doctest.h>

#include <optional>

#include "support/no_memory.h"
#include "support/stream_rig.h"

using namespace sluice;
using stream::Format;
using stream::Publication;
using test::aac_track;
using test::FlvItems;
using test::h264_track;
using test::read_from_key;
using test::sequence;

namespace {

config::Config quick() {
  config::Config config;
  config.stream.track_wait = base::Millis(20);
  return config;
}

// A publication with everything that it needs, on the test's loop.
struct Stage final : stream::PublicationOwner {
  explicit Stage(config::Config config = quick(), media::Ticks start_at = media::Ticks(0))
      : rig(std::move(config)), frames(rig.shelf->buffers()) {
    make(start_at);
  }
  void on_revoked() override {}

  void make(media::Ticks start_at) {
    auto entry = std::make_shared<stream::StreamEntry>();
    entry->name = "cams/gate";
    entry->counters = counters;
    stream::PublicationContext context{*rig.loop,
                                       rig.config,
                                       rig.metrics,
                                       rig.blocks,
                                       rig.shelf->buffers(),
                                       nullptr,
                                       [this](stream::StreamFacts f) {
                                         facts = std::move(f);
                                         ++facts_told;
                                       }};
    publication.emplace(std::move(context), entry, start_at, *this);
  }

  void video(std::int64_t ms, bool key, std::size_t size = 100) {
    frames.video(*publication, ms, key, size);
  }
  void audio(std::int64_t ms) { frames.audio(*publication, ms); }
  void push(media::Frame frame) {
    publication->push(test::numbered_frame(rig.shelf->buffers(), std::move(frame), 0, 100));
  }

  // Both tracks are there, and one GOP.
  void begin() {
    publication->set_track(h264_track());
    publication->set_track(aac_track());
    video(0, true);
    audio(10);
  }

  [[nodiscard]] bool has_nothing_for(Format format) const {
    return publication ? publication->entry().has_nothing_for(format)
                       : counters->nothing_for[stream::index(format)].load();
  }

  test::StreamRig rig;
  test::FrameSource frames;
  std::shared_ptr<stream::StreamCounters> counters = std::make_shared<stream::StreamCounters>();
  stream::StreamFacts facts;
  int facts_told = 0;
  std::optional<Publication> publication;
};

struct Reader {
  explicit Reader(Stage &on) : stage(on) {
    subscriber = on.rig.shelf->wake_list().subscribe([this] { ++wakes; });
    on.publication->subscribe(Format::Flv, subscriber, [this](tape::TapeView given) {
      view = std::make_unique<tape::TapeView>(std::move(given));
    });
  }
  ~Reader() { leave(); }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  void leave() {
    if (subscriber == nullptr) return;
    subscriber->silence();
    if (stage.publication) stage.publication->unsubscribe(Format::Flv, subscriber);
    subscriber = nullptr;
  }
  FlvItems from_key() {
    REQUIRE(view != nullptr);
    return read_from_key(*view);
  }

  Stage &stage;
  std::shared_ptr<stream::Subscriber> subscriber;
  std::unique_ptr<tape::TapeView> view;
  int wakes = 0;
};

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("publication: with both tracks the first frame decides, and a reader starts at once") {
    Stage stage;
    Reader early(stage);
    stage.publication->set_track(h264_track());
    stage.publication->set_track(aac_track());
    CHECK(early.view == nullptr);
    stage.video(0, true);
    REQUIRE(early.view != nullptr);
    CHECK(early.from_key().kinds() == "MCcK");
    Reader late(stage);
    CHECK(late.from_key().serials() == sequence(1, 1));
  }

  TEST_CASE(
      "publication: with one track readers wait for a second one, and no longer than is set") {
    Stage stage;
    Reader reader(stage);
    stage.publication->set_track(h264_track());
    stage.video(0, true);
    stage.video(40, false);
    CHECK(reader.view == nullptr);
    REQUIRE(stage.rig.loop.run_until([&] { return reader.view != nullptr; }));
    FlvItems items = reader.from_key();
    CHECK(items.kinds() == "MCKV");
    CHECK(items.serials() == sequence(1, 2));
  }

  TEST_CASE("publication: a track that FLV has no place for is left out and listed") {
    Stage stage;
    Reader reader(stage);
    stage.publication->set_track({.codec = media::Codec::MJPEG, .width = 640, .height = 480});
    stage.publication->set_track(aac_track());
    stage.push({.codec = media::Codec::MJPEG, .key = true});
    stage.audio(10);
    stage.audio(33);
    REQUIRE(reader.view != nullptr);
    stage.push({.codec = media::Codec::MJPEG, .key = true, .dts = base::Millis(40)});
    stage.audio(56);
    REQUIRE(stage.rig.loop.run_until([&] { return reader.wakes > 0; }));
    reader.view->refresh();
    CHECK(reader.from_key().kinds().starts_with("McA"));
    CHECK(stage.facts.tracks.video.has_value());
    CHECK(stage.facts.ignored == std::vector<std::string>{"video is not carried by FLV"});
    CHECK_FALSE(stage.has_nothing_for(Format::Flv));
  }

  TEST_CASE("publication: a stream of which FLV can carry nothing says so, until that changes") {
    Stage stage;
    stage.publication->set_track({.codec = media::Codec::G726, .sample_rate = 8'000});
    stage.push({.codec = media::Codec::G726, .key = true});
    CHECK_FALSE(stage.has_nothing_for(Format::Flv));
    REQUIRE(stage.rig.loop.run_until([&] { return stage.has_nothing_for(Format::Flv); }));
    stage.publication->set_track(h264_track());
    CHECK_FALSE(stage.has_nothing_for(Format::Flv));
    stage.publication.reset();
    CHECK_FALSE(stage.has_nothing_for(Format::Flv));
  }

  TEST_CASE("publication: audio that nothing follows is shown all the same") {
    Stage stage;
    stage.begin();
    Reader reader(stage);
    REQUIRE(reader.view != nullptr);
    std::uint64_t head = reader.view->head();
    stage.audio(30);
    reader.view->refresh();
    CHECK(reader.view->head() == head);
    CHECK(stage.rig.loop.run_until([&] {
      reader.view->refresh();
      return reader.view->head() > head;
    }));
  }

  TEST_CASE("publication: a second track that comes in time is in every reader's prefix") {
    config::Config config;
    config.stream.track_wait = base::Millis(60'000);
    Stage stage(config);
    Reader reader(stage);
    stage.publication->set_track(h264_track());
    stage.video(0, true);
    stage.video(40, false);
    stage.publication->set_track(aac_track());
    REQUIRE(reader.view != nullptr);
    stage.audio(50);
    stage.video(80, false);
    CHECK(reader.from_key().kinds() == "MCcKVAV");
  }

  TEST_CASE(
      "publication: a track that comes after the decision is announced within the tape, and no "
      "frame is lost") {
    Stage stage;
    Reader reader(stage);
    stage.publication->set_track(h264_track());
    stage.video(0, true);
    REQUIRE(stage.rig.loop.run_until([&] { return reader.view != nullptr; }));
    stage.publication->set_track(aac_track());
    stage.audio(20);
    stage.video(40, false);
    FlvItems items = reader.from_key();
    CHECK(items.kinds() == "MCKMCcAV");
    CHECK(items.serials() == sequence(1, 3));
    // Who comes now starts at the same key frame, and is told of both tracks before their frames.
    Reader late(stage);
    CHECK(late.from_key().serials() == sequence(1, 3));
  }

  TEST_CASE("publication: frames that no decoder could take are dropped and counted") {
    Stage stage;
    stage.video(0, true);
    stage.audio(10);
    stage.publication->set_track(aac_track(""));
    stage.audio(20);
    stage.publication->set_track(h264_track());
    stage.publication->push(test::numbered_frame(
        stage.rig.shelf->buffers(), {.codec = media::Codec::H265, .key = true}, 77, 50));
    CHECK(stage.counters->frames_in.load() == 4);
    CHECK(stage.counters->frames_dropped.load() == 4);
    CHECK(stage.rig.metrics.dropped_no_config.value() == 4);
    stage.video(40, true);
    CHECK(stage.counters->frames_dropped.load() == 4);
  }

  TEST_CASE("publication: a tape begins with the last GOP, however late it is asked for") {
    Stage stage;
    stage.begin();
    stage.video(40, false);
    stage.video(80, true);
    for (int i = 1; i <= 20; ++i) {
      stage.video(80 + i * 40, false);
      stage.audio(80 + i * 40 + 5);
    }
    CHECK(stage.rig.used_bytes() == 0);
    Reader reader(stage);
    FlvItems items = reader.from_key();
    CHECK(items.serials() == sequence(4, 44));
    CHECK(items.intact());
    CHECK(items.all.at(3).stamp_ms == 80);
    CHECK(stage.counters->tape_bytes.load() > 0);
  }

  TEST_CASE(
      "publication: readers are woken with each video frame, with the audio that came since") {
    Stage stage;
    stage.begin();
    Reader reader(stage);
    stage.rig.settle();
    int before = reader.wakes;
    stage.audio(30);
    stage.audio(53);
    stage.rig.settle();
    CHECK(reader.wakes == before);
    stage.video(80, false);
    stage.rig.settle();
    CHECK(reader.wakes == before + 1);
    CHECK(reader.from_key().serials() == sequence(1, 5));
    // When the video stops the audio goes on by itself.
    for (int i = 0; i < 20; ++i)
      stage.audio(80 + i * 23);
    stage.rig.settle();
    CHECK(reader.wakes > before + 1);
  }

  TEST_CASE(
      "publication: audio alone is passed on 25 times a second, and a reader may start anywhere") {
    Stage stage;
    Reader reader(stage);
    stage.publication->set_track(aac_track());
    stage.audio(0);
    REQUIRE(stage.rig.loop.run_until([&] { return reader.view != nullptr; }));
    stage.rig.settle();
    int before = reader.wakes;
    for (int i = 1; i <= 50; ++i) {
      stage.audio(i * 20);
      stage.rig.settle();
    }
    CHECK(reader.wakes - before >= 20);
    CHECK(reader.wakes - before <= 30);
    reader.view->refresh();
    REQUIRE(reader.view->newest_key().has_value());
    CHECK(*reader.view->newest_key() > reader.view->tail());
  }

  TEST_CASE(
      "publication: with a new video configuration readers get it, and then its first key frame") {
    Stage stage;
    stage.begin();
    Reader reader(stage);
    stage.video(40, false);
    stage.publication->set_track(h264_track(test::kAvcBaseline));
    stage.video(80, false);  // 4: cannot be decoded by anybody
    stage.audio(90);
    stage.video(120, true);  // 6
    stage.video(160, false);
    reader.view->refresh();
    FlvItems items({reader.view->prefix_at(0).init, test::read_tape(*reader.view, 0)});
    CHECK(items.kinds() == "MCcKAVMCcKV");
    CHECK(items.serials() == std::vector<std::uint32_t>{1, 2, 3, 6, 7});
    CHECK(stage.counters->frames_dropped.load() == 2);
    CHECK(read_from_key(*reader.view).kinds() == "MCcKV");
    Reader late(stage);
    CHECK(late.from_key().serials() == sequence(6, 7));
  }

  TEST_CASE("publication: a new audio configuration does not interrupt the video") {
    Stage stage;
    stage.begin();
    Reader reader(stage);
    stage.video(40, false);
    stage.publication->set_track(aac_track("1190"));
    stage.audio(50);
    stage.video(80, false);
    FlvItems items = reader.from_key();
    CHECK(items.kinds() == "MCcKAVMCcAV");
    CHECK(items.serials() == sequence(1, 5));
    CHECK(stage.counters->frames_dropped.load() == 0);
  }

  TEST_CASE("publication: however often the configuration changes, memory and words stay bounded") {
    config::Config config = quick();
    config.stream.tape_window = 2 << 20;
    Stage stage(config);
    stage.begin();
    Reader reader(stage);
    int told = stage.facts_told;
    for (int i = 0; i < 2'000; ++i) {
      stage.publication->set_track(h264_track(i % 2 == 0 ? test::kAvcBaseline : test::kAvc1080));
      reader.view->refresh();
    }
    CHECK(stage.rig.used_bytes() <= (4U << 20));
    CHECK(stage.facts_told - told <= 100);
    // The last word is said all the same.
    REQUIRE(stage.rig.loop.run_until(
        [&] { return stage.facts.tracks.video == h264_track(test::kAvc1080); }));
  }

  TEST_CASE("publication: what is ignored is listed once each, and not without end") {
    Stage stage;
    static std::array<std::string, 40> words;
    for (std::size_t i = 0; i < words.size(); ++i)
      words[i] = "reason " + std::to_string(i);
    for (int round = 0; round < 3; ++round) {
      for (const std::string &word : words)
        stage.publication->note_ignored(word.c_str());
    }
    REQUIRE(stage.rig.loop.run_until([&] { return stage.facts.ignored.size() == 16; }));
  }

  TEST_CASE("publication: an unread tape goes away after its grace, and comes back for a reader") {
    config::Config config = quick();
    config.stream.tape_grace = base::Millis(20);
    Stage stage(config);
    stage.begin();
    std::optional<Reader> reader(std::in_place, stage);
    auto used = stage.rig.used_bytes();
    CHECK(used > 0);
    reader.reset();
    CHECK(stage.rig.used_bytes() == used);
    REQUIRE(stage.rig.loop.run_until([&] { return stage.rig.used_bytes() == 0; }));
    CHECK(stage.counters->tape_bytes.load() == 0);
    stage.video(40, false);
    Reader again(stage);
    CHECK(again.from_key().serials() == sequence(1, 3));
  }

  TEST_CASE("publication: a reader that comes in the grace gets the same tape") {
    config::Config config = quick();
    config.stream.tape_grace = base::Millis(20);
    Stage stage(config);
    stage.begin();
    Reader first(stage);
    std::uint64_t before = first.view->head();
    first.leave();
    Reader second(stage);
    bool passed = false;
    loop::Timer longer(*stage.rig.loop, [&] { passed = true; });
    longer.start(base::Millis(60));
    REQUIRE(stage.rig.loop.run_until([&] { return passed; }));
    stage.video(40, false);
    second.view->refresh();
    CHECK(second.view->tail() == 0);
    CHECK(second.view->head() > before);
    CHECK(second.from_key().serials() == sequence(1, 3));
  }

  TEST_CASE(
      "publication: its end shows readers the last frame, also one that was not passed on yet") {
    Stage stage;
    stage.begin();
    Reader reader(stage);
    stage.audio(20);
    stage.rig.settle();
    int before = reader.wakes;
    stage.publication.reset();
    stage.rig.settle();
    CHECK(reader.wakes == before + 1);
    CHECK(reader.from_key().serials() == sequence(1, 3));
    CHECK(reader.view->ended());
    CHECK(stage.counters->tape_bytes.load() == 0);
    CHECK(stage.counters->gop_bytes.load() == 0);
  }

  TEST_CASE("publication: a reader that still waits when it ends is let go unanswered") {
    Stage stage;
    auto token = std::make_shared<int>(0);
    auto subscriber = stage.rig.shelf->wake_list().subscribe([] {});
    stage.publication->subscribe(Format::Flv, subscriber, [token](tape::TapeView) { ++*token; });
    stage.publication.reset();
    CHECK(token.use_count() == 1);
    CHECK(*token == 0);
  }

  TEST_CASE(
      "publication: a publisher that returns goes on behind the one before, whatever its stamps") {
    for (std::int64_t stamp : {0LL, 5'000LL, 4'294'967'000LL}) {
      Stage stage;
      stage.begin();
      stage.video(2'000, false);
      auto resume = stage.publication->resume_point();
      CHECK(resume > base::Millis(2'000));
      auto start = resume + base::Millis(40);
      stage.publication.reset();
      stage.make(start);
      stage.publication->set_track(h264_track());
      stage.publication->set_track(aac_track());
      stage.video(stamp, true);
      stage.audio(stamp + 10);
      stage.video(stamp + 40, false);
      Reader reader(stage);
      FlvItems items = reader.from_key();
      auto first = static_cast<std::uint32_t>(start.count() / 90);
      REQUIRE(items.all.size() == 6);
      CHECK(items.all[1].stamp_ms == first);
      CHECK(items.all[3].stamp_ms == first);
      CHECK(items.all[4].stamp_ms == first + 10);
      CHECK(items.all[5].stamp_ms == first + 40);
    }
  }

  TEST_CASE(
      "publication: frames for which there is no memory are lost, and it goes on at a key frame") {
    Stage stage;
    stage.begin();
    Reader reader(stage);
    stage.video(40, false, 1'000);
    {
      test::NoTapeMemory none;
      stage.video(80, false, 400'000);  // 4: needs a block of its own
      stage.video(120, false);          // 5: there would be room, but 4 is missing
    }
    stage.video(160, false);
    stage.video(200, true);  // 7
    FlvItems items;
    reader.view->refresh();
    items.feed(reader.view->prefix_at(0).init);
    items.feed(test::read_tape(*reader.view, 0));
    CHECK(items.serials() == std::vector<std::uint32_t>{1, 2, 3, 7});
    CHECK(stage.rig.metrics.dropped_no_memory.value() == 1);
    CHECK(stage.rig.metrics.dropped_no_key.value() == 2);
    CHECK(stage.counters->frames_dropped.load() == 3);
  }

  TEST_CASE("publication: a reader for whom there was no memory is served when there is some") {
    Stage stage;
    stage.begin();
    std::optional<Reader> reader;
    {
      test::NoTapeMemory none;
      reader.emplace(stage);
      stage.video(40, false);
      CHECK(reader->view == nullptr);
    }
    stage.video(80, false);
    REQUIRE(reader->view != nullptr);
    CHECK(reader->from_key().serials() == sequence(1, 4));
  }
}
