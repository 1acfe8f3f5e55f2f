// SPDX-License-Identifier: Apache-2.0
// Streams whose sound is made by the node: transcoded by a pool of threads, or silent.
#include <doctest/doctest.h>

#include <optional>

#include "support/fmp4_rig.h"
#include "support/stream_rig.h"
#include "support/tape_reader.h"
#include "transcode/sound.h"

using namespace sluice;
using stream::Format;
using test::FakePublisher;
using test::quick_stream_config;
using test::StreamRig;
using namespace std::chrono_literals;

namespace {

media::Track alaw_track() {
  return {.codec = media::Codec::PCMA, .sample_rate = 8'000, .channels = 1};
}

struct Camera {
  explicit Camera(config::Config config = quick_stream_config(), media::Track sound = alaw_track())
      : rig(std::move(config), &pool), codec(sound.codec) {
    publisher.emplace(rig);
    publisher->publish();
    publisher->publication->set_track(test::h264_track());
    publisher->publication->set_track(sound);
  }

  // So many pictures, one every 40 ms, each with 40 ms of sound behind it. A GOP has 25.
  void play(int pictures) {
    for (int i = 0; i < pictures; ++i, now += 40) {
      publisher->video(now, now % 1'000 == 0);
      sound(now, 320);
    }
    rig.settle();
  }
  void sound(std::int64_t ms, std::size_t size) {
    media::Frame frame{.codec = codec, .key = true, .dts = base::Millis(ms)};
    publisher->publication->push(test::numbered_frame(rig.shelf->buffers(), frame, 0, size));
  }
  [[nodiscard]] std::shared_ptr<const stream::StreamEntry> entry() { return test::entry_of(rig); }
  [[nodiscard]] auto &metrics() { return rig.metrics.sound; }

  StreamRig rig;
  loop::WorkPool pool{{.threads = 2}};  // ends before the loop that it answers to
  media::Codec codec;
  std::int64_t now = 0;
  std::optional<FakePublisher> publisher;
};

struct Reader : test::TapeReader {
  Reader(Camera &camera, Format in) : TapeReader(camera.rig, in) {}

  [[nodiscard]] bool starts() {
    return rig.loop.run_until([this] { return view.has_value(); });
  }
  // What a player gets that came first.
  [[nodiscard]] test::Mp4File read() {
    REQUIRE(view.has_value());
    const std::string written = bytes();
    test::Mp4File file;
    file.read(view->prefix_at(view->tail()).init + written);
    return file;
  }
  // Waits until there is sound up to that time, in milliseconds.
  [[nodiscard]] bool hears(std::int64_t ms) {
    return rig.loop.run_until([&] {
      const auto sound = sound_of(read());
      return !sound.empty() && sound.back().to_ms >= ms;
    });
  }

  struct Sound {
    std::int64_t from_ms;
    std::int64_t to_ms;
  };
  [[nodiscard]] static std::vector<Sound> sound_of(const test::Mp4File &file) {
    std::vector<Sound> sound;
    for (const auto &[id, track] : file.tracks) {
      if (track.track.codec != media::Codec::AAC) continue;
      const auto ms = [&](std::uint64_t time) {
        return static_cast<std::int64_t>(time * 1'000 / track.scale);
      };
      for (const test::Mp4Sample &sample : file.of(id))
        sound.push_back({ms(sample.time), ms(sample.time + sample.duration)});
    }
    return sound;
  }
};

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("made sound: a viewer of fMP4 hears G.711 as AAC, from the last key frame on") {
    Camera camera;
    camera.play(20);
    Reader reader(camera, Format::Fmp4);
    REQUIRE(reader.starts());
    const auto first = reader.read();
    REQUIRE(first.tracks.size() == 2);
    REQUIRE(reader.hears(650));
    CHECK(Reader::sound_of(reader.read()).front().from_ms == 0);
    camera.play(20);
    REQUIRE(reader.hears(1'450));
    CHECK(camera.metrics().transcoders.value() == 1);
    CHECK(camera.metrics().frames_in.value() >= 38);
    CHECK(camera.entry()->counters->makes_sound.load());
    CHECK(camera.entry()->counters->frames_dropped.load() == 0);
  }

  TEST_CASE("made sound: whoever comes later starts at the newest key frame, with its sound") {
    Camera camera;
    camera.play(10);
    Reader early(camera, Format::Fmp4);
    REQUIRE(early.starts());
    camera.play(30);
    REQUIRE(early.hears(1'450));
    early.leave();
    REQUIRE(camera.rig.loop.run_until([&] { return camera.rig.used_bytes() == 0; }));
    Reader late(camera, Format::Fmp4);
    REQUIRE(late.starts());
    const auto sound = Reader::sound_of(late.read());
    REQUIRE(!sound.empty());
    CHECK(sound.front().from_ms >= 1'000);
    CHECK(sound.front().from_ms < 1'040);
  }

  TEST_CASE("made sound: sound is made once for all formats, and FLV carries its own") {
    Camera camera;
    Reader flv(camera, Format::Flv);
    camera.play(5);
    REQUIRE(flv.starts());
    CHECK(camera.metrics().transcoders.value() == 0);
    Reader fmp4(camera, Format::Fmp4);
    Reader ts(camera, Format::Ts);
    REQUIRE(fmp4.starts());
    REQUIRE(ts.starts());
    camera.play(20);
    REQUIRE(fmp4.hears(900));
    CHECK(camera.metrics().transcoders.value() == 1);
    CHECK(camera.metrics().frames_in.value() <= 25);
    CHECK(test::read_from_key(*flv.view).all.size() >= 50);
  }

  TEST_CASE("made sound: nothing is transcoded for nobody") {
    Camera camera;
    camera.play(5);
    CHECK(camera.metrics().transcoders.value() == 0);
    Reader reader(camera, Format::Ts);
    REQUIRE(reader.starts());
    reader.leave();
    REQUIRE(camera.rig.loop.run_until([&] { return camera.rig.used_bytes() == 0; }));
    camera.play(1);
    CHECK(camera.metrics().transcoders.value() == 0);
    CHECK_FALSE(camera.entry()->counters->makes_sound.load());
  }

  TEST_CASE("made sound: sound of another codec goes on as the same track") {
    Camera camera;
    camera.play(5);
    Reader reader(camera, Format::Fmp4);
    REQUIRE(reader.starts());
    camera.codec = media::Codec::PCMU;
    media::Track other = alaw_track();
    other.codec = media::Codec::PCMU;
    camera.publisher->publication->set_track(other);
    camera.now = 1'000;
    // Sound begins again with the first frame after a pause.
    REQUIRE(camera.rig.loop.run_until([&] {
      camera.play(1);
      const auto sound = Reader::sound_of(reader.read());
      return !sound.empty() && sound.back().to_ms >= 1'600;
    }));
    CHECK(reader.view->prefix_at(reader.view->tail()).init ==
          reader.view->prefix_at(*reader.view->newest_key()).init);
  }

  TEST_CASE("made sound: sound that cannot be decoded is left out, and the picture plays") {
    // OpusHead that ends early: no decoder takes it.
    media::Track opus{.codec = media::Codec::Opus, .config = "OpusHead"};
    Camera camera(quick_stream_config(), opus);
    camera.play(5);
    Reader reader(camera, Format::Ts);
    REQUIRE(reader.starts());
    CHECK(camera.entry()->has_nothing_for(Format::Ts) == false);
    camera.play(5);
    CHECK(camera.metrics().transcoders.value() == 0);
  }

  TEST_CASE(
      "made sound: a publisher with more sound than time is heard in part, at a bounded cost") {
    Camera camera;
    camera.play(1);
    Reader reader(camera, Format::Fmp4);
    REQUIRE(reader.starts());
    const auto settled = [&] {
      auto &metrics = camera.metrics();
      return metrics.frames_in.value() + metrics.dropped_flood.value();
    };
    // Two minutes in no time, in frames of a second each.
    for (int second = 1; second <= 120; ++second) {
      const std::uint64_t before = settled();
      camera.publisher->video(second * 1'000, true);
      camera.sound(second * 1'000, 8'000);
      REQUIRE(camera.rig.loop.run_until([&] { return settled() > before; }));
    }
    CHECK(camera.metrics().dropped_flood.value() > 0);
  }

  TEST_CASE(
      "made sound: a track that flips all the time costs a few starts, not one for each flip") {
    Camera camera;
    camera.play(5);
    Reader reader(camera, Format::Fmp4);
    REQUIRE(reader.starts());
    media::Track track = alaw_track();
    for (int flip = 0; flip < 10'000; ++flip) {
      track.channels = 1 + static_cast<std::uint32_t>(flip % 2);
      camera.publisher->publication->set_track(track);
      camera.sound(200 + flip, 20);
    }
    camera.rig.settle();
    // A start copies the sound of the GOP, of which there are 200 kB in the end.
    CHECK(camera.rig.metrics.copied_transcode_bytes.value() < (32U << 20));
    CHECK(camera.metrics().transcoders.value() <= 1);
  }

  TEST_CASE("made sound: a stream may end while its sound is being made") {
    for (int round = 0; round < 20; ++round) {
      Camera camera;
      camera.play(25);
      Reader reader(camera, Format::Fmp4);
      camera.publisher->leave();
      camera.rig.settle();
      CHECK(camera.metrics().transcoders.value() == 0);
    }
  }

  TEST_CASE("made sound: when the pool is closed the picture goes on") {
    Camera camera;
    camera.play(5);
    camera.pool.close();
    Reader reader(camera, Format::Fmp4);
    REQUIRE(reader.starts());
    camera.play(5);
    CHECK(reader.read().of(1).size() >= 9);
  }

  TEST_CASE("made sound: a camera without sound gets silence when that is set") {
    config::Config config = quick_stream_config();
    config.sound.silent_track = true;
    StreamRig rig(config);
    FakePublisher publisher(rig);
    publisher.publish();
    publisher.publication->set_track(test::h264_track());
    for (int i = 0; i < 25; ++i)
      publisher.video(i * 40, i == 0);
    rig.settle();
    std::optional<tape::TapeView> view;
    const auto entry = rig.shelf->find("cams/gate");
    rig.shelf->subscribe(*entry, Format::Fmp4, rig.shelf->wake_list().subscribe([] {}),
                         [&](tape::TapeView given) { view.emplace(std::move(given)); });
    REQUIRE(rig.loop.run_until([&] { return view.has_value(); }));
    test::Mp4File file;
    file.read(view->prefix_at(view->tail()).init + test::read_tape(*view, view->tail()));
    const auto sound = Reader::sound_of(file);
    REQUIRE(sound.size() >= 44);
    CHECK(sound.front().from_ms == 0);
    CHECK(sound.back().from_ms >= 930);
  }

  TEST_CASE("made sound: what is made is told with the tracks") {
    const config::Sound usual;
    config::Sound browsers = usual;
    browsers.in_flv = config::SoundInFlv::Aac;
    config::Sound never = usual;
    never.transcode = config::SoundTranscode::Never;
    const auto from = [](Format format, media::Codec codec, const config::Sound &rules) {
      media::TrackSet tracks{test::h264_track(), media::Track{.codec = codec}};
      if (codec == media::Codec::AAC) tracks.audio = test::aac_track();
      tracks.audio->sample_rate = 8'000;
      const stream::Shown shown = shown_in(format, tracks, rules);
      if (!shown.tracks.audio) return std::string("nothing");
      return std::string(shown.sound == stream::SoundFrom::Stream ? "as it is" : "aac");
    };
    using enum media::Codec;
    CHECK(from(Format::Flv, PCMA, usual) == "as it is");
    CHECK(from(Format::Flv, PCMA, browsers) == "aac");
    CHECK(from(Format::Flv, MP3, browsers) == "as it is");
    CHECK(from(Format::Flv, G726, usual) == "aac");
    CHECK(from(Format::Flv, G726, never) == "nothing");
    CHECK(from(Format::Fmp4, AAC, browsers) == "as it is");
    CHECK(from(Format::Fmp4, PCMU, usual) == "aac");
    CHECK(from(Format::Fmp4, MP3, usual) == "aac");
    CHECK(from(Format::Fmp4, MP3, never) == "as it is");
    CHECK(from(Format::Fmp4, PCMA, never) == "nothing");
    CHECK(from(Format::Ts, MP3, usual) == "as it is");
    CHECK(from(Format::Ts, Opus, usual) == "aac");
    CHECK(from(Format::Ts, L16, usual) == "aac");
  }
}
