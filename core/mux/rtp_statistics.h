// SPDX-License-Identifier: Apache-2.0
// RtpStatistics: what a receiver report says about one source (RFC 3550, section 6.4.1 and
// appendices A.1, A.3 and A.8). Takes packets as they arrive, before they are put in order. Pure;
// the caller brings the time.
#pragma once

#include <cstdint>

#include "wire/rtp.h"

namespace sluice::mux {

// The fields of a report block.
struct RtpReception {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;        // since the last report, of 256
  std::int32_t cumulative_lost = 0;      // within 24 bits, signed
  std::uint32_t highest_sequence = 0;    // with the count of wraps above
  std::uint32_t jitter = 0;              // in the stream's clock
  std::uint32_t last_sender_report = 0;  // the middle of its NTP time; 0: none came
  std::uint32_t delay_since = 0;         // since it came, in 1/65536 s
};

class RtpStatistics {
 public:
  explicit RtpStatistics(std::uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // A packet of another SSRC, or a sequence that makes no sense twice in a row, starts anew.
  void on_packet(const wire::rtp::Packet &packet, std::int64_t mono_us);
  void on_sender_report(std::uint64_t ntp, std::int64_t mono_us);

  // The next report; the fraction counts from the last call on.
  RtpReception report(std::int64_t mono_us);

  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] std::uint32_t ssrc() const { return ssrc_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  void start(const wire::rtp::Packet &packet);

  std::uint32_t clock_rate_;
  bool started_ = false;
  std::uint32_t ssrc_ = 0;
  std::uint16_t highest_ = 0;
  std::uint32_t cycles_ = 0;         // wraps, in units of 2^16
  std::uint32_t base_ = 0;           // the first sequence number
  std::uint32_t bad_ = kNoSequence;  // what would be the second of a new sequence
  std::uint64_t received_ = 0;
  std::uint64_t expected_prior_ = 0;
  std::uint64_t received_prior_ = 0;
  std::int64_t transit_ = 0;
  std::uint32_t jitter_ = 0;  // in 1/16
  std::uint32_t report_ntp_ = 0;
  std::int64_t report_us_ = 0;

  static constexpr std::uint32_t kNoSequence = 1U << 17;
};

}  // namespace sluice::mux
