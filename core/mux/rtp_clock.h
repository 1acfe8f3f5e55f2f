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
  media::Ticks origin_{0};
  // Session time minus NTP time, once a sender report was believed; each new belief is a
  // generation.
  std::uint32_t generation_ = 0;
  media::Ticks ntp_offset_{0};
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
  RtpSession &session_;
  media::Kind kind_;
  std::uint32_t clock_rate_;
  std::uint64_t corrections_ = 0;
  std::uint64_t wild_reports_ = 0;
};

}  // namespace sluice::mux
