// SPDX-License-Identifier: Apache-2.0
// A publisher is played through a TimeLine: 25 pictures and 43 audio frames a second that are sent
// in the order of their true time, with whatever stamps a test makes of it.
#include "media/timeline.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <optional>
#include <random>
#include <vector>

using namespace sluice::media;
using namespace std::chrono_literals;

namespace {

using Stamp = std::function<std::int64_t(Kind, std::int64_t true_ms)>;

std::int64_t ms(Ticks time) {
  if (time.count() % 90 != 0) FAIL("a time between two milliseconds");
  return time.count() / 90;
}

class Player {
 public:
  TimeLine line;

  std::int64_t send(Kind kind, std::int64_t true_ms, std::int64_t stamp) {
    const std::int64_t out = ms(line.place(kind, static_cast<std::uint32_t>(stamp)));
    auto &last = last_[static_cast<std::size_t>(kind)];
    if (last && out <= *last) ++disorder;
    if (last) largest_step = std::max(largest_step, out - *last);
    last = out;
    delay_[static_cast<std::size_t>(kind)] = out - true_ms;
    return out;
  }

  // True time from `from` to `to`; frames that fall into it.
  void play(std::int64_t from, std::int64_t to, const Stamp &stamp) {
    for (std::int64_t now = from; now < to; ++now) {
      if (now % 40 == 0) send(Kind::Video, now, stamp(Kind::Video, now));
      if (is_audio(now)) send(Kind::Audio, now, stamp(Kind::Audio, now));
    }
  }

  // The same with audio that arrives later than its time.
  void play_late_audio(std::int64_t to, std::int64_t late, const Stamp &stamp) {
    for (std::int64_t now = 0; now < to; ++now) {
      if (now % 40 == 0) send(Kind::Video, now, stamp(Kind::Video, now));
      const std::int64_t then = now - late;
      if (then >= 0 && is_audio(then)) send(Kind::Audio, then, stamp(Kind::Audio, then));
    }
  }

  static bool is_audio(std::int64_t now) { return now * 441 / 10'240 != (now - 1) * 441 / 10'240; }

  // How far the tracks have moved against each other, by their newest frames.
  [[nodiscard]] std::int64_t out_of_sync() const { return delay(Kind::Video) - delay(Kind::Audio); }
  [[nodiscard]] std::int64_t delay(Kind kind) const {
    return delay_[static_cast<std::size_t>(kind)];
  }

  int disorder = 0;  // frames that were not after the one before on their track
  std::int64_t largest_step = 0;

 private:
  std::array<std::optional<std::int64_t>, 2> last_{};
  std::array<std::int64_t, 2> delay_{};
};

}  // namespace

TEST_SUITE("media") {
  TEST_CASE("time line: a sane clock is followed to the millisecond from the base on") {
    Player player;
    player.line.start_at(5s);
    CHECK(player.line.newest() == 5s);
    player.play(0, 10'000, [](Kind, std::int64_t now) { return now + 123'456; });
    CHECK(player.delay(Kind::Video) == 5000);
    CHECK(player.delay(Kind::Audio) == 5000);
    CHECK(player.line.corrections() == 0);
    CHECK(player.line.nudges() == 0);
    CHECK(player.disorder == 0);
  }

  TEST_CASE("time line: the clock may wrap at 2^32 without anybody noticing") {
    Player player;
    player.play(0, 10'000, [](Kind, std::int64_t now) { return now + 0xffff'f000LL; });
    CHECK(player.line.corrections() == 0);
    CHECK(player.delay(Kind::Video) == 0);
    CHECK(player.delay(Kind::Audio) == 0);
    CHECK(player.disorder == 0);
  }

  TEST_CASE("time line: weeks of stamps stay exact across many wraps") {
    TimeLine line;
    std::uint32_t stamp = 0;
    std::int64_t expected = 0;
    int wrong = 0;
    for (int i = 0; i < 3'000'000; ++i) {
      if (line.place(Kind::Video, stamp) != Ticks{expected * 90}) ++wrong;
      stamp += 4'000;
      expected += 4'000;
    }
    CHECK(wrong == 0);
    CHECK(line.corrections() == 0);
    CHECK(expected > 2LL << 32);
  }

  TEST_CASE("time line: clocks that wrap at 2^24 or 2^31 go on, in sync") {
    for (std::int64_t wrap : {1LL << 24, 1LL << 31}) {
      CAPTURE(wrap);
      Player player;
      player.play(0, 20'000, [&](Kind, std::int64_t now) { return (now + wrap - 10'000) % wrap; });
      CHECK(player.line.corrections() == 1);
      CHECK(player.disorder == 0);
      CHECK(player.out_of_sync() == 0);
      CHECK(std::abs(player.delay(Kind::Video)) <= 40);
      CHECK(player.largest_step <= 90);
    }
  }

  TEST_CASE(
      "time line: after a step both tracks move by the same amount and the clock is followed "
      "again") {
    for (std::int64_t by :
         {20'000LL, 1'000'000'000LL, -1'500LL, -400LL, -10'000LL, 6'000LL, -2'000'000'000LL}) {
      CAPTURE(by);
      Player player;
      const Stamp stamp = [&](Kind, std::int64_t now) {
        return 3'000'000 + now + (now >= 5'010 ? by : 0);
      };
      player.play(0, 5'200, stamp);
      const std::int64_t after_step = player.delay(Kind::Video);
      player.play(5'200, 60'000, stamp);
      CHECK(player.line.corrections() == 1);
      CHECK(player.disorder == 0);
      CHECK(player.out_of_sync() == 0);
      CHECK(player.delay(Kind::Video) == after_step);
      CHECK(std::abs(after_step) <= 40);
      CHECK(player.largest_step <= 90);
    }
  }

  TEST_CASE("time line: frames of the old clock between those of the new one do no harm") {
    for (std::int64_t by : {-1'500LL, 20'000LL, -100'000LL}) {
      CAPTURE(by);
      Player player;
      // The audio clock steps 200 ms after the video clock.
      const Stamp stamp = [&](Kind kind, std::int64_t now) {
        return 1'000'000 + now + (now >= (kind == Kind::Video ? 5'000 : 5'200) ? by : 0);
      };
      player.play(0, 30'000, stamp);
      CHECK(player.line.corrections() == 1);
      CHECK(player.disorder == 0);
      CHECK(player.out_of_sync() == 0);
      CHECK(std::abs(player.delay(Kind::Video)) <= 40);
      CHECK(player.largest_step <= 90);
    }
  }

  TEST_CASE("time line: a hundred steps in a row leave the tracks in sync") {
    Player player;
    std::mt19937 random(7);
    std::int64_t shift = 0;
    player.play(0, 100 * 2'000, [&](Kind, std::int64_t now) {
      if (now % 2'000 == 0) shift = static_cast<std::int64_t>(random());
      return now + shift;
    });
    CHECK(player.disorder == 0);
    CHECK(player.out_of_sync() == 0);
    CHECK(player.largest_step <= 150);
    CHECK(std::abs(player.delay(Kind::Video)) < 100 * 60);
  }

  TEST_CASE("time line: one stray stamp is undone by the next good one") {
    for (std::int64_t by : {-5'000LL, -700LL, 7'000LL, 1'000'000LL}) {
      for (Kind kind : {Kind::Video, Kind::Audio}) {
        CAPTURE(by);
        Player player;
        int strays = 0;
        player.play(0, 20'000, [&](Kind k, std::int64_t now) {
          const bool stray = k == kind && now >= 5'000 && strays == 0;
          if (stray) ++strays;
          return 500'000 + now + (stray ? by : 0);
        });
        CHECK(player.line.corrections() == 1);
        CHECK(player.disorder == 0);
        CHECK(player.delay(Kind::Video) == 0);
        CHECK(player.delay(Kind::Audio) == 0);
      }
    }
  }

  TEST_CASE("time line: steps and stray stamps keep tracks in sync when audio arrives late") {
    for (std::int64_t late : {200LL, 700LL, 1'500LL}) {
      for (std::int64_t by : {-1'500LL, 8'000LL, -300'000LL}) {
        for (bool stray : {false, true}) {
          CAPTURE(late);
          CAPTURE(by);
          CAPTURE(stray);
          Player player;
          player.play_late_audio(30'000, late, [&](Kind kind, std::int64_t now) {
            const bool off =
                stray ? kind == Kind::Audio && now >= 9'000 && now < 9'020 : now >= 9'000;
            return 1'000'000 + now + (off ? by : 0);
          });
          CHECK(player.disorder == 0);
          CHECK(player.out_of_sync() == 0);
          CHECK(player.line.corrections() <= 2);
          CHECK(std::abs(player.delay(Kind::Video)) <= late + 100);
        }
      }
    }
  }

  TEST_CASE("time line: small steps back are pressed together until the stamps have caught up") {
    TimeLine line;
    std::vector<std::int64_t> out;
    // Presentation times of B-frames where decoding times should be.
    for (std::uint32_t stamp : {0U, 120U, 40U, 80U, 240U, 160U, 200U, 360U}) {
      out.push_back(ms(line.place(Kind::Video, stamp)));
    }
    CHECK(out == std::vector<std::int64_t>{0, 120, 121, 122, 240, 241, 242, 360});
    CHECK(line.corrections() == 0);
    CHECK(line.nudges() == 4);
  }

  TEST_CASE("time line: frames that share a stamp never share a millisecond") {
    TimeLine line;
    std::vector<std::int64_t> out;
    for (std::uint32_t stamp : {0U, 0U, 0U, 0U, 93U, 93U, 93U, 93U, 186U}) {
      out.push_back(ms(line.place(Kind::Audio, stamp)));
    }
    CHECK(out == std::vector<std::int64_t>{0, 1, 2, 3, 93, 94, 95, 96, 186});
  }

  TEST_CASE("time line: large batches under one stamp keep the pace of the clock") {
    Player player;
    for (std::int64_t batch = 0; batch < 60; ++batch) {
      for (int i = 0; i < 43; ++i)
        player.send(Kind::Audio, batch * 1000, batch * 1000);
    }
    CHECK(player.disorder == 0);
    CHECK(player.delay(Kind::Audio) >= 0);
    CHECK(player.delay(Kind::Audio) <= 1'000);
    CHECK(player.largest_step <= 1'000);
  }

  TEST_CASE(
      "time line: both tracks may share a millisecond, and audio may be a little earlier than "
      "video") {
    TimeLine line;
    CHECK(line.place(Kind::Video, 1000) == 0ms);
    CHECK(line.place(Kind::Audio, 1000) == 0ms);
    CHECK(line.place(Kind::Video, 1040) == 40ms);
    CHECK(line.place(Kind::Video, 1080) == 80ms);
    CHECK(line.place(Kind::Audio, 1023) == 23ms);
    CHECK(line.place(Kind::Audio, 1046) == 46ms);
    CHECK(line.nudges() == 0);
  }

  TEST_CASE(
      "time line: a second track that begins before the first one's start keeps its place against "
      "it") {
    Player player;
    player.line.start_at(100s);
    CHECK(player.send(Kind::Video, 500, 500) == 100'000);
    CHECK(player.send(Kind::Audio, 300, 300) == 100'000);
    player.play(520, 2'000, [](Kind, std::int64_t now) { return now; });
    CHECK(player.out_of_sync() == 0);
    CHECK(player.line.corrections() == 0);
    CHECK(player.disorder == 0);
  }

  TEST_CASE("time line: a second track that starts late falls into place") {
    Player player;
    player.play(0, 5'000, [](Kind, std::int64_t now) { return now; });
    TimeLine line;
    for (std::uint32_t i = 0; i < 250; ++i)
      line.place(Kind::Audio, i * 20);
    CHECK(line.place(Kind::Video, 5'000) == 5'000ms);
    CHECK(line.corrections() == 0);
  }

  TEST_CASE("time line: tracks with clocks of their own are put side by side") {
    Player player;
    player.play(0, 20'000, [](Kind kind, std::int64_t now) {
      return kind == Kind::Video ? 5'000'000 + now : now;
    });
    CHECK(player.line.corrections() == 1);
    CHECK(player.disorder == 0);
    CHECK(std::abs(player.out_of_sync()) <= 40);
    CHECK(player.delay(Kind::Video) == 0);
  }

  TEST_CASE("time line: a track that was silent for minutes comes back in line") {
    Player player;
    const Stamp stamp = [](Kind, std::int64_t now) { return now; };
    player.play(0, 2'000, stamp);
    for (std::int64_t now = 2'000; now < 200'000; now += 40)
      player.send(Kind::Video, now, now);
    player.play(200'000, 210'000, stamp);
    CHECK(player.line.corrections() == 0);
    CHECK(player.out_of_sync() == 0);
    CHECK(player.delay(Kind::Audio) == 0);
  }

  TEST_CASE("time line: a silent track finds the clock that stepped while it was away") {
    Player player;
    const Stamp stamp = [](Kind, std::int64_t now) { return now < 50'000 ? now : now + 777'777; };
    player.play(0, 2'000, stamp);
    for (std::int64_t now = 2'000; now < 100'000; now += 40) {
      player.send(Kind::Video, now, stamp(Kind::Video, now));
    }
    player.play(100'000, 110'000, stamp);
    CHECK(player.line.corrections() == 1);
    CHECK(player.out_of_sync() == 0);
  }

  TEST_CASE("time line: a pause is shown as it is, a long one is not") {
    TimeLine line;
    CHECK(line.place(Kind::Video, 0) == 0ms);
    CHECK(line.place(Kind::Video, 40) == 40ms);
    CHECK(line.place(Kind::Video, 4'040) == 4'040ms);
    CHECK(line.place(Kind::Video, 4'080) == 4'080ms);
    const Ticks after = line.place(Kind::Video, 64'080);
    CHECK(after > 4'080ms);
    CHECK(after < 4'200ms);
    CHECK(line.place(Kind::Video, 64'120) == after + Ticks(40ms));
    CHECK(line.corrections() == 1);
  }

  TEST_CASE("time line: one picture in four seconds is a slow camera, not a jump") {
    TimeLine line;
    for (std::uint32_t i = 0; i < 100; ++i)
      CHECK(line.place(Kind::Video, i * 4'000) == i * Ticks(4s));
    CHECK(line.corrections() == 0);
  }

  TEST_CASE("time line: stamps that stand still are replaced, and taken up again when they move") {
    Player player;
    const Stamp stamp = [](Kind, std::int64_t now) {
      return now < 5'000 || now > 65'000 ? now : 5'000;
    };
    player.play(0, 60'000, stamp);
    CHECK(player.disorder == 0);
    CHECK(std::abs(player.delay(Kind::Video)) < 2'000);
    CHECK(std::abs(player.out_of_sync()) < 1'100);
    player.play(60'000, 80'000, stamp);
    CHECK(player.disorder == 0);
    CHECK(player.out_of_sync() == 0);
    CHECK(std::abs(player.delay(Kind::Video)) < 2'000);
    CHECK(player.largest_step < 2'000);
  }

  TEST_CASE("time line: a video clock that never moves follows the audio clock") {
    Player player;
    player.play(0, 60'000,
                [](Kind kind, std::int64_t now) { return kind == Kind::Video ? 0 : now; });
    CHECK(player.disorder == 0);
    CHECK(player.delay(Kind::Audio) == 0);
    CHECK(std::abs(player.delay(Kind::Video)) < 1'500);
  }

  TEST_CASE("time line: stamps a thousand times too fast play at a natural pace") {
    Player player;
    player.play(0, 60'000, [](Kind, std::int64_t now) { return now * 1000; });
    CHECK(player.disorder == 0);
    CHECK(std::abs(player.delay(Kind::Video)) < 2'000);
    CHECK(std::abs(player.out_of_sync()) < 1'100);
    CHECK(player.largest_step < 1'100);
  }

  TEST_CASE("time line: a publisher that returns goes on behind the old one") {
    Player player;
    player.play(0, 10'000, [](Kind, std::int64_t now) { return now + 5'000; });
    const Ticks newest = player.line.newest();
    const Ticks resume = player.line.resume_point();
    CHECK(resume > newest);
    CHECK(resume <= newest + Ticks(60ms));
    player.line.start_at(resume);
    CHECK(player.line.newest() == resume);
    CHECK(player.line.resume_point() == resume);
    player.play(10'000, 20'000, [](Kind, std::int64_t now) { return now - 10'000; });
    CHECK(player.disorder == 0);
    CHECK(player.out_of_sync() == 0);
    CHECK(player.line.corrections() == 0);
    CHECK(player.largest_step <= 110);
  }

  TEST_CASE("time line: a base between two milliseconds is rounded up") {
    TimeLine line;
    line.start_at(Ticks{91});
    CHECK(line.place(Kind::Video, 7) == Ticks{180});
  }

  TEST_CASE("time line: place takes a frame's stamp and gives it its time") {
    TimeLine line;
    line.start_at(1s);
    Frame frame{.codec = Codec::AAC, .dts = std::chrono::milliseconds(0xffff'ffff)};
    line.place(frame);
    CHECK(frame.dts == 1s);
    frame.dts = std::chrono::milliseconds(22);
    line.place(frame);
    CHECK(frame.dts == 1023ms);
  }

  TEST_CASE(
      "time line: whatever comes in, each track is strictly increasing and no step is beyond "
      "bounds") {
    std::mt19937 engine(1);
    const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
    for (int round = 0; round < 300; ++round) {
      Player player;
      int leaps = 0;
      std::uint32_t stamp = random();
      for (int i = 0; i < 2'000; ++i) {
        switch (random() % 12) {
          case 0:
            stamp = random();
            break;
          case 1:
            stamp -= random() % 5'000;
            break;
          case 2:
            stamp += random() % 20'000;
            break;
          case 3:
            break;
          default:
            stamp += random() % 50;
            break;
        }
        const Kind kind = random() % 3 == 0 ? Kind::Video : Kind::Audio;
        const Ticks newest = player.line.newest();
        const std::int64_t out = player.send(kind, 0, stamp);
        if (out > newest.count() / 90 + 10'000) ++leaps;
      }
      REQUIRE(leaps == 0);
      REQUIRE(player.disorder == 0);
      // And then the clock becomes sane: it is followed, in sync, within a second.
      std::int64_t base = stamp;
      player.play(0, 4'000, [&](Kind, std::int64_t now) { return base + now; });
      const std::uint64_t corrections = player.line.corrections();
      const std::int64_t delay = player.delay(Kind::Video);
      player.play(4'000, 8'000, [&](Kind, std::int64_t now) { return base + now; });
      REQUIRE(player.disorder == 0);
      REQUIRE(player.line.corrections() == corrections);
      REQUIRE(player.delay(Kind::Video) == delay);
      REQUIRE(player.out_of_sync() == 0);
    }
  }
}
