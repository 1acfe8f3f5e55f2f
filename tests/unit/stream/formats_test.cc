// SPDX-License-Identifier: Apache-2.0
// A stream in several containers at once: a tape each while it is read, units of fMP4 and MPEG-TS,
// and the segments that are cut from them.
#include <doctest/doctest.h>

#include <optional>

#include "support/fmp4_rig.h"
#include "support/no_memory.h"
#include "support/stream_rig.h"
#include "support/tape_reader.h"
#include "support/ts_rig.h"

using namespace sluice;
using stream::Format;
using test::entry_of;
using test::FakePublisher;
using test::quick_stream_config;
using test::StreamRig;

namespace {

// What a view holds: K key units, V others, C changes of configuration.
std::string kinds_of(tape::TapeView &view) {
  view.refresh();
  std::string kinds;
  for (std::uint64_t at = view.tail(); at < view.head(); at += view.mark_at(at).size) {
    const tape::Mark &mark = view.mark_at(at);
    kinds += mark.config ? 'C' : mark.key ? 'K' : 'V';
  }
  return kinds;
}

struct Reader : test::TapeReader {
  using TapeReader::TapeReader;

  [[nodiscard]] std::string kinds() {
    REQUIRE(view.has_value());
    return kinds_of(*view);
  }
};

struct SegmentReader {
  explicit SegmentReader(StreamRig &on, Format in = Format::Fmp4)
      : rig(on), format(in), entry(entry_of(on)) {
    subscriber = rig.shelf->wake_list().subscribe([this] { ++wakes; });
    rig.shelf->subscribe_segments(*entry, format, subscriber);
    rig.settle();
  }
  ~SegmentReader() { leave(); }
  SegmentReader(const SegmentReader &) = delete;
  SegmentReader &operator=(const SegmentReader &) = delete;

  void leave() {
    if (subscriber == nullptr) return;
    subscriber->silence();
    rig.shelf->unsubscribe_segments(*entry, format, std::exchange(subscriber, nullptr));
    rig.settle();
  }
  [[nodiscard]] std::shared_ptr<const stream::SegmentList> list() const {
    return entry->segments_in(format).read();
  }

  StreamRig &rig;
  const Format format;
  std::shared_ptr<const stream::StreamEntry> entry;
  std::shared_ptr<stream::Subscriber> subscriber;
  int wakes = 0;
};

// One GOP of two seconds in 50 pictures, with audio in between.
void play_gop(FakePublisher &publisher, std::int64_t from_ms) {
  for (int i = 0; i < 50; ++i) {
    publisher.video(from_ms + i * 40, i == 0);
    publisher.audio(from_ms + i * 40 + 20);
  }
}

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("formats: a unit is one video frame with the audio since the last one") {
    for (Format format : {Format::Fmp4, Format::Ts}) {
      StreamRig rig(quick_stream_config());
      FakePublisher publisher(rig);
      publisher.publish().with_tracks();
      publisher.video(0, true);
      Reader reader(rig, format);
      CHECK(reader.kinds() == "K");
      publisher.audio(10);
      publisher.audio(30);
      CHECK(reader.kinds() == "K");
      publisher.video(40, false);
      CHECK(reader.kinds() == "KV");
      publisher.video(80, false);
      publisher.video(120, true);
      CHECK(reader.kinds() == "KVVK");
      CHECK(reader.view->dts_at(*reader.view->newest_key()) == base::Millis(120));
    }
  }

  TEST_CASE("formats: what is on the tape is what the container's readers expect") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    publisher.video(0, true);
    publisher.audio(10);
    Reader fmp4(rig, Format::Fmp4);
    Reader ts(rig, Format::Ts);
    publisher.audio(30);
    publisher.video(40, false);
    CHECK(test::boxes_of(fmp4.view->prefix_at(0).init).size() == 2);
    auto boxes = test::boxes_of(fmp4.bytes());
    REQUIRE(boxes.size() == 6);
    CHECK(boxes[0].type == "moof");
    CHECK(boxes[1].type == "mdat");
    CHECK(ts.view->prefix_at(0).init.empty());
    std::string packets = ts.bytes();
    CHECK(packets.size() % mux::kTsPacketSize == 0);
    CHECK(packets.starts_with("\x47\x40"));
  }

  TEST_CASE("formats: audio that no picture follows is shown by itself") {
    for (Format format : {Format::Fmp4, Format::Ts}) {
      StreamRig rig(quick_stream_config());
      FakePublisher publisher(rig);
      publisher.publish().with_tracks();
      publisher.video(0, true);
      Reader reader(rig, format);
      publisher.audio(10);
      CHECK(rig.loop.run_until([&] { return reader.kinds() == "KV"; }));
      publisher.video(40, false);
      CHECK(reader.kinds() == "KVV");
    }
  }

  TEST_CASE("formats: a stream of audio alone is written in units at which fMP4 can be joined") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().publication->set_track(test::aac_track());
    for (int i = 0; i < 20; ++i)
      publisher.audio(i * 20);
    Reader reader(rig, Format::Fmp4);
    REQUIRE(rig.loop.run_until([&] { return reader.view.has_value(); }));
    for (int i = 20; i < 60; ++i)
      publisher.audio(i * 20);
    std::string kinds = reader.kinds();
    CHECK(kinds.size() >= 15);
    CHECK(kinds == std::string(kinds.size(), 'K'));
  }

  TEST_CASE("formats: each payload byte is copied once for every container that is read") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    publisher.video(0, true, 100);
    Reader flv(rig, Format::Flv);
    CHECK(rig.metrics.copied_tape_bytes.value() == 100);
    Reader fmp4(rig, Format::Fmp4);
    Reader ts(rig, Format::Ts);
    CHECK(rig.metrics.copied_tape_bytes.value() == 300);
    publisher.audio(10);
    CHECK(rig.metrics.copied_tape_bytes.value() == 320);  // FLV keeps nothing back.
    publisher.video(40, false, 1'000);
    CHECK(rig.metrics.copied_tape_bytes.value() == 300 + 3 * 1'020);
    SegmentReader segments(rig);
    publisher.video(80, false, 1'000);
    CHECK(rig.metrics.copied_tape_bytes.value() == 300 + 3 * 2'020);
  }

  TEST_CASE("formats: each container's tape comes and goes with its own readers") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    publisher.video(0, true);
    Reader flv(rig, Format::Flv);
    std::uint64_t used = rig.used_bytes();
    std::optional<Reader> fmp4(std::in_place, rig, Format::Fmp4);
    auto held = [&] { return entry_of(rig)->counters->tape_bytes.load(); };
    std::uint64_t both = held();
    CHECK(rig.used_bytes() > used);
    fmp4.reset();
    REQUIRE(rig.loop.run_until([&] { return rig.used_bytes() == used; }));
    CHECK(held() < both);
    publisher.video(40, false);
    CHECK(flv.kinds() == "KV");
    flv.leave();
    REQUIRE(rig.loop.run_until([&] { return rig.used_bytes() == 0; }));
    CHECK(held() == 0);
  }

  TEST_CASE("formats: other tracks are told within the tape, and go on with a key frame") {
    for (Format format : {Format::Fmp4, Format::Ts}) {
      StreamRig rig(quick_stream_config());
      FakePublisher publisher(rig);
      publisher.publish().with_tracks();
      publisher.video(0, true);
      Reader reader(rig, format);
      publisher.publication->set_track(test::aac_track("1190"));
      publisher.audio(20);
      publisher.video(40, false);
      publisher.audio(60);
      publisher.video(80, true);
      publisher.video(120, false);
      bool in_band = format == Format::Fmp4;
      CHECK(reader.kinds() == (in_band ? "KCKV" : "KKV"));
      const auto &first = reader.view->prefix_at(0);
      const auto &second = reader.view->prefix_at(*reader.view->newest_key());
      CHECK(first.serial != second.serial);
      CHECK((first.init != second.init) == in_band);
      CHECK(reader.entry->counters->frames_dropped.load() == 3);
    }
  }

  TEST_CASE("formats: a change that the container does not carry changes nothing in it") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().publication->set_track(test::h264_track());
    publisher.video(0, true);
    Reader reader(rig, Format::Fmp4);
    REQUIRE(rig.loop.run_until([&] { return reader.view.has_value(); }));
    publisher.publication->set_track({.codec = media::Codec::G726, .sample_rate = 8'000});
    publisher.video(40, false);
    CHECK(reader.kinds() == "KV");
    CHECK(reader.entry->counters->frames_dropped.load() == 0);
  }

  TEST_CASE("formats: changes that nothing follows take no memory") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    publisher.video(0, true);
    Reader reader(rig, Format::Fmp4);
    std::uint64_t used = rig.used_bytes();
    for (int i = 0; i < 500; ++i)
      publisher.publication->set_track(test::aac_track(i % 2 == 0 ? "1190" : "1210"));
    CHECK(rig.used_bytes() == used);
  }

  TEST_CASE("formats: a unit for which there is no memory is lost, and the tape goes on at a key") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    publisher.video(0, true);
    Reader reader(rig, Format::Fmp4);
    {
      test::NoTapeMemory none;
      publisher.audio(10);
      publisher.video(40, false, 400'000);  // needs a block of its own
      publisher.video(80, false);           // there would be room
    }
    publisher.audio(150);
    publisher.video(160, false);
    publisher.video(200, true);
    publisher.video(240, false);
    CHECK(reader.kinds() == "KKV");
    CHECK(rig.metrics.dropped_no_memory.value() == 1);
    CHECK(rig.metrics.dropped_no_key.value() == 3);
    CHECK(rig.metrics.copied_tape_bytes.value() == 300);
  }

  TEST_CASE("formats: an entry says of each container whether it can carry anything") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().publication->set_track({.codec = media::Codec::G726});
    auto entry = entry_of(rig);
    for (Format format : stream::kAllFormats)
      CHECK_FALSE(entry->has_nothing_for(format));
    publisher.publication->push(test::numbered_frame(
        rig.shelf->buffers(), {.codec = media::Codec::G726, .key = true}, 1, 50));
    REQUIRE(rig.loop.run_until([&] { return entry->has_nothing_for(Format::Flv); }));
    for (Format format : stream::kAllFormats)
      CHECK(entry->has_nothing_for(format));
    publisher.publication->set_track(test::h264_track());
    for (Format format : stream::kAllFormats)
      CHECK_FALSE(entry->has_nothing_for(format));
  }

  TEST_CASE("formats: segments are cut while somebody reads them, who is woken for every list") {
    for (Format format : {Format::Fmp4, Format::Ts}) {
      StreamRig rig(quick_stream_config());
      FakePublisher publisher(rig);
      publisher.publish().with_tracks();
      play_gop(publisher, 0);
      CHECK(entry_of(rig)->segments_in(format).read()->version == 0);
      SegmentReader reader(rig, format);
      // Of the last GOP, from which the tape was started.
      REQUIRE(reader.list()->open != nullptr);
      CHECK(reader.list()->open->parts.size() == 6);
      CHECK(reader.wakes == 1);
      play_gop(publisher, 2'000);
      rig.settle();
      CHECK(reader.wakes > 1);
      auto list = reader.list();
      REQUIRE(list->segments.size() == 1);
      CHECK(list->segments[0]->duration == base::Millis(2'000));
      CHECK(list->tracks == media::TrackSet{test::h264_track(), test::aac_track()});
      CHECK(list->segments[0]->init->bytes.empty() == (format == Format::Ts));
    }
  }

  TEST_CASE(
      "formats: a reader of segments who waits for the tracks is served when they are there") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish();
    SegmentReader reader(rig);
    publisher.with_tracks();
    play_gop(publisher, 0);
    rig.settle();
    CHECK(reader.wakes > 0);
    CHECK(reader.list()->open != nullptr);
  }

  TEST_CASE("formats: unread segments are let go of after a grace, and so is their tape") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    std::optional<SegmentReader> reader(std::in_place, rig);
    play_gop(publisher, 0);
    play_gop(publisher, 2'000);
    auto entry = reader->entry;
    CHECK(rig.used_bytes() > 0);
    reader.reset();
    CHECK_FALSE(entry->segments_in(Format::Fmp4).read()->segments.empty());
    REQUIRE(rig.loop.run_until([&] { return rig.used_bytes() == 0; }));
    auto list = entry->segments_in(Format::Fmp4).read();
    CHECK(list->segments.empty());
    CHECK(list->open == nullptr);
    CHECK(list->next_number == 2);
    // Whoever comes then finds new numbers.
    SegmentReader again(rig);
    REQUIRE(again.list()->open != nullptr);
    CHECK(again.list()->open->number == 2);
  }

  TEST_CASE("formats: segments and viewers share a tape, which lasts as long as either") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    play_gop(publisher, 0);
    Reader viewer(rig, Format::Fmp4);
    std::uint64_t used = rig.used_bytes();
    std::optional<SegmentReader> segments(std::in_place, rig);
    CHECK(rig.used_bytes() == used);
    auto log = segments->entry->segments[stream::index(Format::Fmp4)];
    segments.reset();
    REQUIRE(rig.loop.run_until([&] { return log->read()->open == nullptr; }));
    publisher.video(2'000, true);
    CHECK(viewer.kinds().ends_with("K"));
    segments.emplace(rig);
    viewer.leave();
    bool passed = false;
    loop::Timer longer(*rig.loop, [&] { passed = true; });
    longer.start(base::Millis(60));
    REQUIRE(rig.loop.run_until([&] { return passed; }));
    auto version = log->read()->version;
    play_gop(publisher, 2'040);
    CHECK(log->read()->version > version);
  }

  TEST_CASE("formats: segments end with the publisher, and the next one goes on behind them") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    SegmentReader reader(rig);
    play_gop(publisher, 0);
    rig.settle();
    int before = reader.wakes;
    publisher.leave();
    rig.settle();
    CHECK(reader.wakes > before);
    auto ended = reader.list();
    CHECK(ended->ended);
    REQUIRE(ended->segments.size() == 1);
    FakePublisher next(rig);
    next.publish().with_tracks();
    SegmentReader follower(rig);
    play_gop(next, 0);
    play_gop(next, 2'000);
    auto list = follower.list();
    CHECK(list == reader.list());
    CHECK_FALSE(list->ended);
    REQUIRE(list->segments.size() == 2);
    CHECK(list->segments[0] == ended->segments[0]);
    CHECK(list->segments[1]->number == 1);
    CHECK(list->segments[1]->discontinuity);
    CHECK(list->segments[1]->start > ended->segments[0]->start + ended->segments[0]->duration);
  }

  TEST_CASE("formats: what a publisher leaves behind is let go of when nobody reads the next one") {
    StreamRig rig(quick_stream_config());
    FakePublisher publisher(rig);
    publisher.publish().with_tracks();
    SegmentReader reader(rig);
    play_gop(publisher, 0);
    publisher.leave();
    rig.settle();
    CHECK(rig.used_bytes() > 0);
    FakePublisher next(rig);
    next.publish().with_tracks();
    REQUIRE(rig.loop.run_until([&] { return rig.used_bytes() == 0; }));
    CHECK(reader.list()->segments.empty());
    CHECK(reader.list()->next_number == 1);
  }
}
