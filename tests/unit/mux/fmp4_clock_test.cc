// SPDX-License-Identifier: Apache-2.0
#include "mux/fmp4_clock.h"

#include <doctest/doctest.h>

#include <limits>

#include "media/describe.h"
#include "support/records.h"

using namespace sluice;
using namespace std::chrono_literals;
using media::Codec;
using media::Ticks;
using mux::AudioClock;
using mux::AudioScale;
using mux::PictureClock;
using test::unhex;

namespace {

AudioScale scale_of(Codec codec, std::string_view config) {
  return AudioScale::of(media::describe(codec, base::as_bytes(unhex(config))));
}

AudioScale mp3_scale(std::uint32_t rate) {
  media::Track track = media::describe(Codec::MP3, {});
  track.sample_rate = rate;
  return AudioScale::of(track);
}

std::uint32_t opus_duration(std::string_view hex) {
  const media::Track track{.codec = Codec::Opus};
  const std::string payload = unhex(hex);
  return mux::audio_duration(track, {48'000, 960}, base::as_bytes(payload));
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("fmp4 clock: AAC counts the samples of its core") {
    CHECK(scale_of(Codec::AAC, "1210").scale == 44'100);
    CHECK(scale_of(Codec::AAC, "1210").usual == 1'024);
    CHECK(scale_of(Codec::AAC, "1214").usual == 960);
    const AudioScale with_sbr = scale_of(Codec::AAC, "2b8a0800");
    CHECK(with_sbr.scale == 22'050);
    CHECK(with_sbr.usual == 1'024);
  }

  TEST_CASE("fmp4 clock: a rate that no encoder has is none") {
    CHECK(scale_of(Codec::AAC, "").scale == 0);
    CHECK(scale_of(Codec::AAC, "1780000090").scale == 0);  // 1 Hz
    CHECK(mp3_scale(0).scale == 0);
    CHECK(mp3_scale(0xffff'ffff).scale == 0);
  }

  TEST_CASE("fmp4 clock: MP3 has 1152 samples, and half as many at low rates") {
    CHECK(mp3_scale(44'100).usual == 1'152);
    CHECK(mp3_scale(22'050).usual == 576);
    // The frame itself knows better than the track.
    media::Track track = media::describe(Codec::MP3, {});
    const std::string frame = unhex("fff34464 00000000");
    CHECK(mux::audio_duration(track, {44'100, 1'152}, base::as_bytes(frame)) == 576);
  }

  TEST_CASE("fmp4 clock: the first bytes of an Opus packet tell how long it is") {
    CHECK(opus_duration("00") == 480);      // SILK, 10 ms
    CHECK(opus_duration("18") == 2'880);    // 60 ms
    CHECK(opus_duration("68") == 960);      // hybrid, 20 ms
    CHECK(opus_duration("80") == 120);      // CELT, 2.5 ms
    CHECK(opus_duration("f8") == 960);      // 20 ms
    CHECK(opus_duration("f9") == 1'920);    // two of the same size
    CHECK(opus_duration("fa") == 1'920);    // two
    CHECK(opus_duration("fb83") == 2'880);  // three, of varying size
  }

  TEST_CASE("fmp4 clock: an Opus packet is never of no length, nor of more than 120 ms") {
    CHECK(opus_duration("") == 960);
    CHECK(opus_duration("fb") == 960);
    CHECK(opus_duration("fb00") == 960);
    CHECK(opus_duration("1bff") == 5'760);
  }

  TEST_CASE("fmp4 clock: times of 90 kHz are exact in other scales, for ever") {
    CHECK(mux::scaled_time(10ms, 44'100) == 441);
    CHECK(mux::scaled_time(1'000'000'000s, 48'000) == 48'000'000'000'000);
    CHECK(mux::scaled_time(-1s, 48'000) == 0);
    CHECK(mux::scaled_time(Ticks::max(), 90'000) == std::uint64_t{1} << 58);
  }

  TEST_CASE("fmp4 clock: rounded times do not shake the audio, and it does not drift") {
    AudioClock clock(44'100);
    std::uint64_t expected = 44'100;
    for (std::int64_t i = 0; i < 200'000; ++i) {
      // Whole milliseconds, a little early or late as from a network.
      const std::int64_t ms = 1'000 + i * 1'024 * 1'000 / 44'100 + (i * 7 % 11) - 5;
      const auto place = clock.place(std::chrono::milliseconds(i == 0 ? 1'000 : ms), 1'024);
      REQUIRE(place.time == expected);
      REQUIRE(place.duration == 1'024);
      expected += 1'024;
    }
  }

  TEST_CASE("fmp4 clock: where audio is missing, the frame after it lasts longer") {
    AudioClock clock(48'000);
    CHECK(clock.place(0ms, 960).time == 0);
    const auto after = clock.place(41ms, 960);
    CHECK(after.time == 960);
    CHECK(after.duration == 2 * 960);
    CHECK(clock.place(60ms, 960).time == 2'880);
    CHECK(clock.place(10'001ms, 960).time == 3'840);
    CHECK(clock.place(10'020ms, 960).time == 480'960);
  }

  TEST_CASE("fmp4 clock: audio that is behind is caught up by shortening, never by going back") {
    AudioClock clock(48'000);
    std::uint64_t end = 0;
    // Frames state 20 ms and come every 15.
    for (std::int64_t i = 0; i < 1'000; ++i) {
      const auto place = clock.place(std::chrono::milliseconds(i * 15), 960);
      REQUIRE(place.time == end);
      REQUIRE(place.duration > 0);
      end = place.time + place.duration;
      REQUIRE(end <= static_cast<std::uint64_t>(i * 15 * 48 + 960 + 960 + 960));
    }
    // Times that run back, and frames that claim to be long.
    for (int i = 0; i < 1'000; ++i) {
      const auto place = clock.place(0ms, 5'760);
      REQUIRE(place.time == end);
      REQUIRE(place.duration > 0);
      end += place.duration;
    }
    CHECK(end < 16 * 48'000);
  }

  TEST_CASE("fmp4 clock: no time overflows") {
    AudioClock clock(384'000);
    clock.place(Ticks::min(), 5'760);
    const auto far = clock.place(Ticks::max(), 5'760);
    CHECK(far.time > std::uint64_t{1} << 60);
    CHECK(far.duration == 5'760);
    CHECK(clock.place(Ticks::max(), 5'760).time == far.time + 5'760);
    CHECK(clock.place(Ticks::min(), 5'760).time == far.time + 2 * 5'760);
  }

  TEST_CASE("fmp4 clock: a picture is as long as stated, then as those before it") {
    PictureClock clock(50);
    CHECK(clock.place(0ms).duration == 1'800);
    CHECK(clock.place(20ms).duration == 1'800);
    PictureClock unstated;
    CHECK(unstated.place(0ms).duration == 3'600);
    CHECK(unstated.place(60ms).duration == 5'400);
  }

  TEST_CASE("fmp4 clock: pictures at uneven times last as long as their mean") {
    PictureClock clock;
    std::int64_t sum = 0;
    Ticks at = 0ms;
    for (int i = 0; i < 1'000; ++i) {
      sum += clock.place(at).duration;
      at += i % 2 == 0 ? 25ms : 55ms;
    }
    CHECK(sum > at.count() * 95 / 100);
    CHECK(sum < at.count() * 105 / 100);
  }

  TEST_CASE("fmp4 clock: one gap changes little, a new rate is followed at once") {
    PictureClock clock;
    Ticks at = 0ms;
    for (int i = 0; i < 10; ++i)
      clock.place(at += 40ms);
    clock.place(at += 5s);
    CHECK(clock.place(at += 40ms).duration <= 3'600 * 9 / 8);
    clock.place(at += 1s);
    clock.place(at += 1s);
    CHECK(clock.place(at += 1s).duration == 90'000);
    clock.place(at += 40ms);
    CHECK(clock.place(at += 40ms).duration == 3'600);
  }

  TEST_CASE("fmp4 clock: no picture comes later than twice the duration of the last") {
    PictureClock clock;
    Ticks at = 0ms;
    auto last = clock.place(at);
    for (std::int64_t i = 1; i < 1'000; ++i) {
      at += Ticks((i * i * 7 % 50) * (i * i % 13) * (i % 29 == 0 ? 1'000 : 30) + 90);
      const auto placed = clock.place(at);
      REQUIRE(placed.time > last.time);
      REQUIRE(placed.time <= static_cast<std::uint64_t>(at.count()));
      REQUIRE(placed.time + placed.duration > static_cast<std::uint64_t>(at.count()));
      REQUIRE(placed.time - last.time <= 2 * std::uint64_t{last.duration});
      last = placed;
    }
  }

  TEST_CASE("fmp4 clock: a picture lasts between a millisecond and twenty seconds") {
    for (double rate : {1e300, 1e-300, std::numeric_limits<double>::infinity(), -1.0,
                        std::numeric_limits<double>::quiet_NaN()}) {
      PictureClock clock(rate);
      for (Ticks at : {Ticks::min(), Ticks(0), Ticks(1), Ticks::max(), Ticks(5), Ticks::max()}) {
        const std::uint32_t duration = clock.place(at).duration;
        CHECK(duration >= 90);
        CHECK(duration <= 1'800'000);
      }
    }
  }
}
