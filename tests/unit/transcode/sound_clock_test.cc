// SPDX-License-Identifier: Apache-2.0
#include "transcode/sound_clock.h"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace sluice;
using media::Ticks;
using transcode::SoundClock;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kRate = 32'000;
constexpr std::int64_t kFrame = 640;  // 20 ms

// Puts frames behind each other as the clock says, and measures how far the time of the next sample
// is from its stamp.
struct Tape {
  SoundClock clock{kRate};
  std::int64_t next = 0;
  std::int64_t silence = 0;
  std::int64_t excess = 0;
  int begun = 0;

  Ticks add(Ticks stamp, std::int64_t samples = kFrame) {
    const SoundClock::Step step = clock.step(stamp, next);
    if (step.begins_anew) clock.set(stamp, next);
    begun += step.begins_anew ? 1 : 0;
    silence += step.silence;
    excess += std::min(step.excess, samples);
    next += step.silence;
    const Ticks off = clock.time_of(next) - stamp;
    next += std::max<std::int64_t>(samples - step.excess, 0);
    return off < Ticks(0) ? -off : off;
  }
};

}  // namespace

TEST_SUITE("transcode") {
  TEST_CASE("sound clock: stamps that are right are kept to the tick, for three hours") {
    Tape tape;
    const Ticks start = 77s;
    Ticks worst{0};
    for (int i = 0; i < 3 * 3'600 * 50; ++i)
      worst = std::max(worst, tape.add(start + i * 20ms));
    CHECK(worst <= Ticks(1));
    CHECK(tape.begun == 1);
    CHECK(tape.silence + tape.excess == 0);
  }

  TEST_CASE("sound clock: a camera whose crystal is off does not drift, in three hours") {
    for (const std::int64_t ppm : {-500, 200, 500}) {
      CAPTURE(ppm);
      Tape tape;
      Ticks worst{0};
      for (std::int64_t i = 0; i < std::int64_t{3} * 3'600 * 50; ++i)
        worst = std::max(worst, tape.add(Ticks(i * 1'800 * (1'000'000 + ppm) / 1'000'000)));
      CHECK(worst <= 1ms);
      CHECK(tape.silence + tape.excess == 0);
    }
  }

  TEST_CASE("sound clock: jitter is evened out") {
    Tape tape;
    for (int i = 0; i < 10'000; ++i) {
      const Ticks jitter = Ticks(std::rand() % (60 * 90));
      tape.add(i * 20ms + jitter);
    }
    CHECK(tape.silence + tape.excess == 0);
    CHECK(tape.begun == 1);
    const Ticks expected = 10'000 * 20ms + 30ms;
    const Ticks off = tape.clock.time_of(tape.next) - expected;
    CHECK(std::abs(off.count()) < Ticks(10ms).count());
  }

  TEST_CASE("sound clock: a short gap is filled, a long one is a new beginning") {
    Tape tape;
    tape.add(0ms);
    CHECK(tape.add(220ms) == Ticks(0));
    CHECK(tape.silence == 200 * kRate / 1'000);
    CHECK(tape.add(10s) == Ticks(0));
    CHECK(tape.silence == 200 * kRate / 1'000);
    CHECK(tape.begun == 2);
  }

  TEST_CASE("sound clock: of sound that is more than its time, what is too much is left out") {
    Tape tape;
    Ticks worst{0};
    for (int i = 0; i < 1'000; ++i)
      worst = std::max(worst, tape.add(i * 20ms, 2 * kFrame));
    CHECK(worst <= SoundClock::kTolerance + Ticks(40ms));
    CHECK(tape.next <= 1'000 * kFrame + 1'000 * kFrame / 100 + kRate / 5);
  }
}
