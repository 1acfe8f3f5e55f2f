// SPDX-License-Identifier: Apache-2.0
#include "mux/rtp_statistics.h"

#include <algorithm>
#include <cstdlib>

namespace sluice::mux {

namespace {

constexpr unsigned kMaxDropout = 3000;
constexpr unsigned kMaxMisorder = 100;
constexpr std::int64_t kSecondUs = 1'000'000;
// A transit time that differs by more than this is a jump of a clock, not the network's jitter.
constexpr std::int64_t kMaxJitterSeconds = 10;

}  // namespace

void RtpStatistics::start(const wire::rtp::Packet &packet) {
  RtpStatistics anew(clock_rate_);
  // The sender's reports go on when its count starts anew, and may come before its first packet.
  if (!started_ || packet.ssrc == ssrc_) {
    anew.report_ntp_ = report_ntp_;
    anew.report_us_ = report_us_;
  }
  *this = anew;
  started_ = true;
  ssrc_ = packet.ssrc;
  highest_ = packet.sequence;
  base_ = packet.sequence;
}

void RtpStatistics::on_packet(const wire::rtp::Packet &packet, std::int64_t mono_us) {
  const bool is_first = !started_ || packet.ssrc != ssrc_;
  if (is_first) start(packet);
  const auto ahead = static_cast<std::uint16_t>(packet.sequence - highest_);
  if (ahead <= kMaxDropout) {
    if (packet.sequence < highest_) cycles_ += 1U << 16;
    highest_ = packet.sequence;
  } else if (ahead <= 0x1'0000U - kMaxMisorder) {
    if (packet.sequence != bad_) {
      bad_ = static_cast<std::uint16_t>(packet.sequence + 1);
      return;
    }
    start(packet);
  }
  ++received_;
  const std::int64_t arrived =
      mono_us / kSecondUs * clock_rate_ + mono_us % kSecondUs * clock_rate_ / kSecondUs;
  const std::int64_t transit = arrived - static_cast<std::int64_t>(packet.timestamp);
  const std::int64_t difference =
      std::abs(std::int64_t{static_cast<std::int32_t>(transit - transit_)});
  transit_ = transit;
  if (received_ == 1 || difference > kMaxJitterSeconds * clock_rate_) return;
  jitter_ = static_cast<std::uint32_t>(jitter_ + difference - ((jitter_ + 8) >> 4));
}

void RtpStatistics::on_sender_report(std::uint64_t ntp, std::int64_t mono_us) {
  report_ntp_ = static_cast<std::uint32_t>(ntp >> 16);
  report_us_ = mono_us;
}

RtpReception RtpStatistics::report(std::int64_t mono_us) {
  const std::uint32_t highest = cycles_ + highest_;
  const std::uint64_t expected = started_ ? std::uint64_t{highest - base_} + 1 : 0;
  const auto lost = static_cast<std::int64_t>(expected) - static_cast<std::int64_t>(received_);
  const std::int64_t expected_now = static_cast<std::int64_t>(expected - expected_prior_);
  const std::int64_t lost_now =
      expected_now - static_cast<std::int64_t>(received_ - received_prior_);
  expected_prior_ = expected;
  received_prior_ = received_;
  RtpReception report{.ssrc = ssrc_, .highest_sequence = highest, .jitter = jitter_ >> 4};
  if (expected_now > 0 && lost_now > 0) {
    report.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(lost_now * 256 / expected_now, 255));
  }
  report.cumulative_lost =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(lost, -0x80'0000, 0x7f'ffff));
  if (report_ntp_ != 0) {
    report.last_sender_report = report_ntp_;
    report.delay_since = static_cast<std::uint32_t>(
        std::max<std::int64_t>(mono_us - report_us_, 0) * 65'536 / 1'000'000);
  }
  return report;
}

}  // namespace sluice::mux
