// SPDX-License-Identifier: Apache-2.0
// One camera's clocks as they should be, as they are, and how the tracks come together again.
#include "mux/rtp_clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "wire/rtcp.h"

using namespace sluice;
using media::Kind;
using mux::RtpArrival;
using mux::RtpClock;
using mux::RtpSession;

namespace {

constexpr std::int64_t kWallUs = 1'790'000'000'000'000;  // when sessions begin, since 1970
constexpr std::int64_t kHourUs = 3'600'000'000;

RtpArrival at_ms(std::int64_t ms) {
  // The monotonic clock begins anywhere.
  return {.mono_us = 77'000'000 + ms * 1'000, .wall_us = kWallUs + ms * 1'000};
}

std::int64_t ms_of(const media::Frame &frame) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(frame.dts - RtpSession::kStart)
      .count();
}

// A clock that is fed stamps as they are. Times are milliseconds of the session.
struct Stamps {
  explicit Stamps(Kind kind = Kind::Video, std::uint32_t rate = 90'000)
      : clock(session, kind, rate) {
    (void)session.at(at_ms(0));
  }
  std::int64_t place(std::uint32_t stamp, std::int64_t ms) {
    media::Frame frame;
    clock.place(frame, stamp, at_ms(ms));
    return ms_of(frame);
  }

  RtpSession session;
  RtpClock clock;
};

// One track of a camera: what was captured at a time is sent with that track's own stamps and
// arrives some time later.
struct Sender {
  Sender(RtpSession &session, Kind kind, std::uint32_t clock_rate)
      : rate(clock_rate), clock(session, kind, clock_rate) {}

  [[nodiscard]] std::uint32_t stamp(std::int64_t ms) const {
    const double samples = static_cast<double>(ms) * rate / 1'000 * speed;
    return static_cast<std::uint32_t>(base + std::llround(samples));
  }
  // How much later than it was captured a frame is placed.
  std::int64_t frame(std::int64_t ms) {
    clock.place(last, stamp(ms), at_ms(ms + delay_ms));
    return late_ms = ms_of(last) - ms;
  }
  void report(std::int64_t ms) {
    const std::uint64_t ntp = wire::rtcp::ntp_of_wall_us(kWallUs + ms * 1'000 + ntp_shift_us);
    clock.on_sender_report(ntp, stamp(ms), at_ms(ms + delay_ms));
  }

  double rate;
  RtpClock clock;
  std::int64_t base = 1'000'000;
  double speed = 1;
  std::int64_t delay_ms = 0;
  std::int64_t ntp_shift_us = 0;
  std::int64_t late_ms = 0;
  media::Frame last;
};

struct Camera {
  Camera() {
    (void)session.at(at_ms(0));
    audio.base = 4'000'000'000;
  }
  // Both tracks for so long, in frames of 40 ms; every 5 s a report, or none.
  void run(std::int64_t ms, bool reports = true) {
    for (const std::int64_t end = now + ms; now < end; now += 40) {
      video.frame(now);
      audio.frame(now);
      if (!reports || now % 5'000 != 0) continue;
      video.report(now);
      audio.report(now);
    }
  }
  [[nodiscard]] std::int64_t apart_ms() const { return std::abs(video.late_ms - audio.late_ms); }
  [[nodiscard]] std::uint64_t corrections() const {
    return video.clock.corrections() + audio.clock.corrections();
  }

  RtpSession session;
  Sender video{session, Kind::Video, 90'000};
  Sender audio{session, Kind::Audio, 8'000};
  std::int64_t now = 0;
};

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("rtp clock: stamps go on across 2^32, again and again") {
    Stamps stamps;
    // Half a minute apart in a stream that pauses: 2^32 is 13 hours and a quarter.
    std::uint32_t stamp = 0xffff'f000;
    for (std::int64_t ms = 0; ms < 40 * kHourUs / 1'000; ms += 30'000, stamp += 2'700'000)
      REQUIRE(stamps.place(stamp, ms) == ms);
    CHECK(stamps.clock.corrections() == 0);
  }

  TEST_CASE("rtp clock: stamps decide, not the arrivals, and pictures may be out of order") {
    Stamps stamps;
    CHECK(stamps.place(9'000, 0) == 0);
    CHECK(stamps.place(9'000 + 10'800, 95) == 120);
    CHECK(stamps.place(9'000 + 3'600, 96) == 40);
    CHECK(stamps.place(9'000 + 7'200, 130) == 80);
    CHECK(stamps.clock.corrections() == 0);
  }

  TEST_CASE("rtp clock: a pause of the stream is a pause, and no jump") {
    Stamps stamps;
    stamps.place(0, 0);
    CHECK(stamps.place(90 * 45'000, 45'000) == 45'000);
    CHECK(stamps.clock.corrections() == 0);
  }

  TEST_CASE("rtp clock: a jump of 20 s or back by 1.5 s is placed by its arrival") {
    for (std::int64_t jump : {20 * 90'000, -135'000, 90'000 * 3'600, -90'000 * 7'200}) {
      CAPTURE(jump);
      Stamps stamps;
      std::uint32_t stamp = 500;
      for (std::int64_t ms = 0; ms < 8'000; ms += 40, stamp += 3'600) {
        if (ms == 2'000) stamp += static_cast<std::uint32_t>(jump);
        REQUIRE(stamps.place(stamp, ms) == ms);
      }
      CHECK(stamps.clock.corrections() == 1);
    }
  }

  TEST_CASE("rtp clock: a clock that counts a thousand times too fast is not followed") {
    Stamps stamps;
    for (std::uint32_t i = 0; i < 500; ++i)
      REQUIRE(stamps.place(i * 3'600'000, i * 40) == i * 40);
  }

  TEST_CASE("rtp clock: while the stamps stand still, or are all 0, arrivals count") {
    for (const Kind kind : {Kind::Video, Kind::Audio}) {
      Stamps stamps(kind);
      for (std::int64_t ms = 0; ms < 60'000; ms += 40) {
        const std::int64_t placed = stamps.place(0, ms);
        if (ms >= 400) REQUIRE(placed == ms);
      }
      CHECK(stamps.clock.corrections() == 1);
    }
  }

  TEST_CASE("rtp clock: a clock that stood still and goes on is followed again") {
    Stamps stamps;
    for (std::int64_t ms = 0; ms < 1'000; ms += 40)
      stamps.place(static_cast<std::uint32_t>(ms * 90), ms);
    for (std::int64_t ms = 1'000; ms < 5'000; ms += 40)
      stamps.place(90'000, ms);
    for (std::int64_t ms = 5'000; ms < 8'000; ms += 40)
      CHECK(stamps.place(static_cast<std::uint32_t>(90'000 + (ms - 4'960) * 90), ms) == ms);
  }

  TEST_CASE("rtp clock: a clock that stands still at a picture out of order is found out too") {
    Stamps stamps;
    for (std::int64_t ms = 0; ms < 1'000; ms += 40)
      stamps.place(static_cast<std::uint32_t>(ms * 90), ms);
    std::int64_t placed = 0;
    for (std::int64_t ms = 1'000; ms < 5'000; ms += 40)
      placed = stamps.place(920 * 90, ms);
    CHECK(placed == 4'960);
  }

  TEST_CASE("rtp clock: several frames of sound under one stamp are no frozen clock") {
    Stamps stamps(Kind::Audio, 8'000);
    for (std::int64_t ms = 0; ms < 2'000; ms += 200) {
      for (int i = 0; i < 10; ++i)
        REQUIRE(stamps.place(static_cast<std::uint32_t>(ms * 8), ms) == ms);
    }
  }

  TEST_CASE("rtp clock: another source after a restart goes on where its arrival says") {
    Stamps stamps;
    for (std::int64_t ms = 0; ms < 1'000; ms += 40)
      stamps.place(static_cast<std::uint32_t>(ms * 90), ms);
    stamps.clock.restart();
    // Near enough to the former stamps to be taken for them.
    CHECK(stamps.place(960 * 90, 1'400) == 1'400);
    CHECK(stamps.place(1'000 * 90, 1'440) == 1'440);
    CHECK(stamps.clock.corrections() == 1);
  }

  TEST_CASE("rtp clock: a clock rate that is stated wrongly is found out") {
    struct Row {
      std::uint32_t stated, real;
    };
    for (const auto &[stated, real] : {Row{8'000, 16'000}, Row{48'000, 8'000}, Row{44'100, 22'050},
                                       Row{90'000, 48'000}, Row{0, 48'000}}) {
      CAPTURE(stated);
      CAPTURE(real);
      Stamps stamps(Kind::Audio, stated);
      std::int64_t last = -1;
      for (std::int64_t ms = 0; ms < 20'000; ms += 20) {
        const auto stamp = static_cast<std::uint32_t>(ms * real / 1'000);
        last = stamps.place(stamp, ms);
        if (ms > 8'000) REQUIRE(std::abs(last - ms) < 300);
      }
      CHECK(stamps.clock.corrections() < 3);
    }
  }

  TEST_CASE("rtp clock: a burst at the beginning is not taken for another rate") {
    Stamps stamps;
    for (std::int64_t i = 0; i < 75; ++i)  // three seconds at once
      REQUIRE(stamps.place(static_cast<std::uint32_t>(i * 3'600), i) == i * 40);
    for (std::int64_t i = 75; i < 1'000; ++i)
      REQUIRE(stamps.place(static_cast<std::uint32_t>(i * 3'600), i * 40 - 2'960) == i * 40);
    CHECK(stamps.clock.corrections() == 0);
  }

  TEST_CASE("rtp clock: sound that catches up after a stall is not taken for another rate") {
    Stamps stamps(Kind::Audio, 8'000);
    std::int64_t now = -10;
    for (std::int64_t ms = 0; ms < 60'000; ms += 20) {
      // A stall of eight seconds, then twice as fast as it was captured.
      now = ms == 20'000 ? 28'000 : std::max(ms, now + 10);
      REQUIRE(stamps.place(static_cast<std::uint32_t>(ms * 8), now) == ms);
    }
    CHECK(stamps.clock.corrections() == 0);
  }

  // --- Tracks among each other ---

  TEST_CASE("rtp clock: tracks of different rates begin where they arrive") {
    Camera camera;
    camera.video.frame(0);
    camera.now = 400;
    camera.run(4'000, false);
    CHECK(camera.video.late_ms == 0);
    CHECK(camera.audio.late_ms == 0);
  }

  TEST_CASE("rtp clock: RTP-Info brings tracks in line that arrive with different delays") {
    Camera camera;
    camera.video.delay_ms = 500;
    camera.video.clock.on_rtp_info(camera.video.stamp(0));
    camera.audio.clock.on_rtp_info(camera.audio.stamp(0));
    camera.run(4'000, false);
    CHECK(camera.apart_ms() <= 1);
    CHECK(camera.corrections() == 0);
    // Later ones are not looked at.
    camera.video.clock.on_rtp_info(0);
    camera.run(1'000, false);
    CHECK(camera.apart_ms() <= 1);
  }

  TEST_CASE("rtp clock: RTP-Info that contradicts the arrivals is not believed") {
    for (std::int64_t off_ms : {3'600'000, -3'600'000, 7'000, -7'000}) {
      CAPTURE(off_ms);
      Camera camera;
      camera.audio.clock.on_rtp_info(camera.audio.stamp(0));
      camera.video.clock.on_rtp_info(camera.video.stamp(off_ms));
      camera.run(4'000, false);
      CHECK(camera.apart_ms() <= 1);
      CHECK(camera.audio.late_ms == 0);
    }
  }

  TEST_CASE("rtp clock: sender reports bring the tracks in line, whichever arrives later") {
    for (std::int64_t delay_ms : {100, 400, 2'000}) {
      CAPTURE(delay_ms);
      Camera late_video;
      late_video.video.delay_ms = delay_ms;
      late_video.run(6'000);
      CHECK(late_video.apart_ms() <= 1);
      Camera late_audio;
      late_audio.audio.delay_ms = delay_ms;
      late_audio.run(6'000);
      CHECK(late_audio.apart_ms() <= 1);
    }
  }

  TEST_CASE("rtp clock: reports before the first frame count as well") {
    Camera camera;
    camera.audio.delay_ms = 300;
    camera.video.report(0);
    camera.audio.report(0);
    camera.now = 40;
    camera.run(2'000, false);
    CHECK(camera.apart_ms() <= 1);
  }

  TEST_CASE("rtp clock: reports without a time are counted and change nothing") {
    Camera camera;
    camera.run(1'000, false);
    camera.video.clock.on_sender_report(0, camera.video.stamp(990), at_ms(990));
    camera.run(1'000, false);
    CHECK(camera.video.clock.wild_reports() == 1);
    CHECK(camera.video.late_ms == 0);
    CHECK(camera.video.last.wall_us == kWallUs + 1'960'000);
  }

  TEST_CASE("rtp clock: a track whose reports are hours off stays where it arrived") {
    Camera camera;
    camera.audio.ntp_shift_us = 3 * kHourUs;
    camera.run(60'000);
    CHECK(camera.apart_ms() == 0);
    CHECK(camera.corrections() == 0);
  }

  TEST_CASE("rtp clock: a report that jumps is ignored, and a clock that was set believed again") {
    Camera camera;
    camera.audio.delay_ms = 300;
    camera.run(12'000);
    REQUIRE(camera.apart_ms() <= 1);
    const std::uint64_t corrections = camera.corrections();
    camera.video.ntp_shift_us = camera.audio.ntp_shift_us = -5 * kHourUs;
    camera.run(5'000);  // one report of each
    CHECK(camera.video.clock.wild_reports() == 1);
    CHECK(camera.apart_ms() <= 1);
    camera.run(60'000);
    CHECK(camera.video.clock.wild_reports() == 1);
    CHECK(camera.apart_ms() <= 1);
    CHECK(camera.corrections() == corrections);
    // What it says now is heeded: the clock of the sound slips by 200 ms.
    camera.audio.ntp_shift_us += 200'000;
    camera.run(60'000);
    CHECK(camera.apart_ms() > 150);
  }

  TEST_CASE("rtp clock: reports that are about other stamps than the stream's are not believed") {
    Camera camera;
    camera.run(6'000);
    for (std::int64_t ms = 6'000; ms < 60'000; ms += 5'000) {
      const std::uint64_t ntp = wire::rtcp::ntp_of_wall_us(kWallUs + ms * 1'000);
      camera.video.clock.on_sender_report(ntp, 12'345, at_ms(ms));
      camera.run(5'000, false);
    }
    CHECK(camera.video.clock.wild_reports() > 5);
    CHECK(camera.apart_ms() <= 1);
  }

  TEST_CASE("rtp clock: after a jump of one track both come together again, and stay") {
    for (std::int64_t jump_ms : {20'000, -1'500, 7'200'000}) {
      CAPTURE(jump_ms);
      Camera camera;
      camera.audio.delay_ms = 200;
      camera.run(20'000);
      REQUIRE(camera.apart_ms() <= 1);
      camera.video.base += jump_ms * 90;
      camera.video.delay_ms = 120;  // so the arrival puts it elsewhere
      camera.run(30'000);
      CHECK(camera.apart_ms() <= 31);
      const std::uint64_t corrections = camera.corrections();
      camera.run(120'000);
      CHECK(camera.apart_ms() <= 31);
      CHECK(camera.corrections() == corrections);
    }
  }

  TEST_CASE("rtp clock: after a step of half a second a report and 5 s bring the tracks together") {
    for (std::int64_t step_ms : {-500, -260, 260, 500}) {
      CAPTURE(step_ms);
      Camera camera;
      camera.run(10'040);
      camera.video.base += step_ms * 90;  // too little to be a jump of pictures
      camera.run(10'000);
      CHECK(camera.apart_ms() <= 100);
    }
  }

  TEST_CASE("rtp clock: what is a little apart is brought together without a step") {
    Camera camera;
    camera.run(10'040);
    camera.audio.base += 8 * 250;  // sound that is 250 ms late from here on
    std::int64_t last = camera.audio.late_ms + 250;
    for (int i = 0; i < 1'000; ++i) {
      camera.run(40);
      REQUIRE(std::abs(camera.audio.late_ms - last) <= 2);
      last = camera.audio.late_ms;
    }
    // The report knows the stamps, so it takes the shift out again.
    CHECK(camera.apart_ms() <= 31);
  }

  TEST_CASE("rtp clock: a camera that drifts without reports is followed for hours, evenly") {
    for (double speed : {1.0003, 0.9997}) {
      Camera camera;
      camera.video.speed = speed;
      std::int64_t last = 0;
      for (int i = 0; i < 4 * 900; ++i) {
        camera.run(4'000, false);
        REQUIRE(std::abs(camera.video.late_ms - last) <= 25);
        last = camera.video.late_ms;
        REQUIRE(camera.apart_ms() < 400);
      }
      CHECK(camera.corrections() == 0);
    }
  }

  TEST_CASE("rtp clock: tracks that drift apart are held together by reports") {
    Camera camera;
    camera.audio.speed = 1.0002;
    for (int i = 0; i < 600; ++i) {
      camera.run(10'000);
      if (i > 2) REQUIRE(camera.apart_ms() < 60);
    }
    CHECK(camera.corrections() < 3);
  }

  // --- The time of day ---

  TEST_CASE("rtp clock: frames carry the camera's time of day once a report tells it") {
    Camera camera;
    camera.video.delay_ms = 300;
    camera.run(40, false);
    CHECK(camera.video.last.wall_us == kWallUs + 300'000);
    camera.now = 1'000;
    camera.video.report(960);
    camera.run(4'000, false);
    CHECK(std::abs(camera.video.last.wall_us - (kWallUs + 4'960'000)) < 100);
  }

  TEST_CASE("rtp clock: a camera that is far off in time does not label frames") {
    Camera camera;
    camera.video.ntp_shift_us = 2 * RtpClock::kMaxWallSkewUs;
    camera.audio.ntp_shift_us = RtpClock::kMaxWallSkewUs / 2;
    camera.run(12'000);
    CHECK(camera.video.last.wall_us == kWallUs + 11'960'000);
    CHECK(std::abs(camera.audio.last.wall_us - (kWallUs + 41'960'000)) < 100);
  }

  TEST_CASE("rtp clock: times of day that cannot be are no danger") {
    Camera camera;
    camera.run(80, false);
    for (std::uint64_t ntp : {std::uint64_t{1}, UINT64_MAX, std::uint64_t{1} << 63}) {
      camera.video.clock.on_sender_report(ntp, camera.video.stamp(40), at_ms(80));
      camera.run(400, false);
      CHECK(std::abs(camera.video.last.wall_us - (kWallUs + camera.now * 1'000)) < 100'000);
    }
  }
}
