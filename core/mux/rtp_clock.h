// SPDX-License-Identifier: Apache-2.0
// RtpClock: one track's RTP time stamps (RFC 3550, section 5.1) to ticks on the clock that all
// tracks of a session share, RtpSession. Every stream starts from its arrival; RTP-Info and sender
// reports then bring the tracks in line. It follows a camera's clock as long as that makes sense. A
// stamp that jumps, a clock that stands still or runs at another rate than stated are put where
// their arrival says, and sender reports with a wild time are ignored; whatever happens, the tracks
// come back together. What is left of small steps is media::TimeLine's business. Pure; the caller
// brings the time. Loop of its connection.
#pragma once

#include <cstdint>

#include "media/frame.h"

namespace sluice::mux {

// When a packet arrived, in microseconds: by the monotonic clock, and since 1970.
struct RtpArrival {
  std::int64_t mono_us = 0;
  std::int64_t wall_us = 0;
};

// The clock of one session, in ticks. Starts at kStart when the first packet arrives, so that
// nothing is ever before 0.
class RtpSession {
 public:
  static constexpr media::Ticks kStart = std::chrono::seconds(10);

  // The session time at which a packet arrives.
  [[nodiscard]] media::Ticks at(const RtpArrival &arrival);

 private:
  friend class RtpClock;

  bool started_ = false;
  std::int64_t start_us_ = 0;
  // The session time of RTP-Info's moment, which is the same for all tracks.
  bool has_origin_ = false;
  std::int64_t origin_ = 0;
  // Session time minus NTP time, once a sender report was believed. Each new belief is a
  // generation; within one, a track that cannot go back moves all others on.
  std::uint32_t generation_ = 0;
  std::uint32_t moves_ = 0;
  std::int64_t ntp_offset_ = 0;
};

class RtpClock {
 public:
  // A camera whose wall clock is farther from ours than this does not label frames.
  static constexpr std::int64_t kMaxWallSkewUs = 60'000'000;

  // `session` must outlive it. clock_rate 0 is taken for 90000.
  RtpClock(RtpSession &session, media::Kind kind, std::uint32_t clock_rate);

  // rtptime of the answer to PLAY; before the first frame, else it is ignored.
  void on_rtp_info(std::uint32_t rtp_timestamp);
  // ntp: 32.32 fixed point seconds since 1900, as in the report.
  void on_sender_report(std::uint64_t ntp, std::uint32_t rtp_timestamp, const RtpArrival &arrival);
  // The source changed (another SSRC, a new PLAY): stamps have nothing to do with the former ones.
  void restart();

  // Sets frame.dts to the time of presentation, which a DtsOrder makes the decoding time of, and
  // frame.wall_us. `arrival` is that of the frame's last packet.
  void place(media::Frame &frame, std::uint32_t rtp_timestamp, const RtpArrival &arrival);

  // How often the clock had to be set anew, and how many sender reports were not believed.
  [[nodiscard]] std::uint64_t corrections() const { return corrections_; }
  [[nodiscard]] std::uint64_t wild_reports() const { return wild_reports_; }

 private:
  // All times are ticks of the session, all stamps ("source") are unwrapped.
  struct Report {
    std::int64_t source = 0;
    std::int64_t ntp = 0;  // in ticks since 1900
    std::int64_t now = 0;  // when it came
  };

  [[nodiscard]] std::int64_t ticks_of(std::int64_t samples) const;
  [[nodiscard]] std::int64_t unwrap(std::uint32_t rtp_timestamp) const;
  [[nodiscard]] std::int64_t time_of(std::int64_t source) const {
    return offset_ + ticks_of(source - base_);
  }
  [[nodiscard]] std::int64_t wall_us(std::int64_t source, const RtpArrival &arrival) const;

  void begin(std::int64_t source, std::int64_t now);
  void follow(std::int64_t source, std::int64_t now);
  [[nodiscard]] bool jumped(std::int64_t source, std::int64_t now) const;
  void rebase(std::int64_t source, std::int64_t now);
  void measure_rate(std::int64_t source, std::int64_t now);
  void watch_drift(std::int64_t source, std::int64_t now);
  [[nodiscard]] bool believable(const Report &report) const;
  void align(const Report &report);
  void adjust(std::int64_t now);
  void move(std::int64_t by);

  RtpSession &session_;
  media::Kind kind_;
  std::uint32_t clock_rate_;

  bool started_ = false;
  bool resync_ = false;      // the next stamp has nothing to do with the one before
  std::int64_t base_ = 0;    // this stamp
  std::int64_t offset_ = 0;  // is this time
  std::int64_t newest_ = 0;  // the latest stamp, its time, and when it came
  std::int64_t newest_time_ = 0;
  std::int64_t newest_now_ = 0;
  std::int64_t last_ = 0;  // the latest to come, which need not be the newest
  unsigned repeats_ = 0;   // how often the stamp has been the same in a row
  std::int64_t repeats_since_ = 0;
  bool frozen_ = false;

  bool has_rtp_info_ = false;
  std::uint32_t rtp_info_ = 0;

  bool has_report_ = false;  // the newest one, believed or not
  Report report_;
  bool trusted_ = false;       // report_ is believed
  bool early_report_ = false;  // it came before the first frame, so its stamp is not unwrapped
  std::uint32_t generation_ = 0;
  std::uint32_t moves_ = 0;
  std::int64_t pending_ = 0;  // what the time is still to be moved by
  bool at_once_ = false;      // in one step
  std::int64_t adjusted_now_ = 0;

  // What the stamps count by the look of it, measured from here on.
  std::int64_t measured_from_ = 0;
  std::int64_t measured_now_ = 0;
  std::uint32_t other_rate_ = 0;  // of the measurement before, if it was not the stated one
  // How early the most punctual frame was, now and when the stream began; for streams without
  // reports.
  std::int64_t punctual_ = 0;
  std::int64_t punctual_since_ = 0;
  bool has_usual_ = false;
  std::int64_t usual_ = 0;

  std::uint64_t corrections_ = 0;
  std::uint64_t wild_reports_ = 0;
};

}  // namespace sluice::mux
