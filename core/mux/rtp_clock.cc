// SPDX-License-Identifier: Apache-2.0
#include "mux/rtp_clock.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "wire/rtcp.h"

namespace sluice::mux {

namespace {

constexpr std::int64_t kSecond = 90'000;
constexpr std::int64_t kMs = 90;

// A stamp that is ahead of the one before by more than this is a jump, unless the stream did pause
// for so long.
constexpr std::int64_t kForward = 2 * kSecond;
constexpr std::int64_t kPauseSlack = kSecond;
// Pictures may go back as far as reordering takes them, sound never does.
constexpr std::int64_t kBackward[] = {kSecond, 200 * kMs};  // by Kind
constexpr std::int64_t kLongestPause = 60 * kSecond;
// Several frames under one stamp are usual for audio; more than these, for longer than this, mean
// that the clock stands still.
constexpr unsigned kFrozenAfter = 8;
constexpr std::int64_t kFrozenFor = 300 * kMs;
// RTP-Info and reports are believed when they do not contradict the arrivals by more than this.
constexpr std::int64_t kMaxEarly = kSecond;
constexpr std::int64_t kMaxLate = 10 * kSecond;
constexpr std::int64_t kMaxApart = 3 * kSecond;
constexpr std::int64_t kMaxReportApart = 10 * kSecond;
constexpr std::int64_t kReportSlack = 2 * kSecond;
constexpr std::int64_t kReportJitter = 500 * kMs;
// Tracks that are closer together than this are left alone; farther than that they are brought
// together in one step instead of by and by. Less than that is below 100 ms in 5 s.
constexpr std::int64_t kAligned = 30 * kMs;
constexpr std::int64_t kStep = 250 * kMs;
constexpr std::int64_t kSlew = 32;       // one tick in so many, to follow reports
constexpr std::int64_t kSlowSlew = 200;  // to follow arrivals
constexpr std::int64_t kMeasureFor = 2 * kSecond;
constexpr std::int64_t kPunctualFor = 10 * kSecond;
constexpr std::int64_t kMaxDrift = 200 * kMs;

constexpr std::array<std::uint32_t, 11> kRates = {8'000,  11'025, 12'000, 16'000, 22'050, 24'000,
                                                  32'000, 44'100, 48'000, 90'000, 96'000};

std::int64_t ticks_of_ntp(std::uint64_t ntp) {
  return static_cast<std::int64_t>((ntp >> 32) * kSecond + ((ntp & 0xffff'ffff) * kSecond >> 32));
}

// The usual rate next to a measured one; 0 when none is near.
std::uint32_t usual_rate(double measured) {
  for (std::uint32_t rate : kRates) {
    if (measured > rate * 0.95 && measured < rate * 1.05) return rate;
  }
  return 0;
}

}  // namespace

media::Ticks RtpSession::at(const RtpArrival &arrival) {
  if (!started_) {
    started_ = true;
    start_us_ = arrival.mono_us;
  }
  return kStart + media::Ticks{(arrival.mono_us - start_us_) * kMs / 1'000};
}

RtpClock::RtpClock(RtpSession &session, media::Kind kind, std::uint32_t clock_rate)
    : session_(session), kind_(kind), clock_rate_(clock_rate == 0 ? 90'000 : clock_rate) {}

// Rounded down the same way on both sides of 0, so that the distance of two stamps does not depend
// on where they are.
std::int64_t RtpClock::ticks_of(std::int64_t samples) const {
  const std::int64_t scaled = samples * kSecond;
  const std::int64_t rate = clock_rate_;
  return scaled / rate - (scaled % rate < 0 ? 1 : 0);
}

// The stamp nearest to the newest one that is the same modulo 2^32.
std::int64_t RtpClock::unwrap(std::uint32_t rtp_timestamp) const {
  return newest_ + static_cast<std::int32_t>(rtp_timestamp - static_cast<std::uint32_t>(newest_));
}

void RtpClock::on_rtp_info(std::uint32_t rtp_timestamp) {
  if (started_) return;
  has_rtp_info_ = true;
  rtp_info_ = rtp_timestamp;
}

void RtpClock::restart() {
  resync_ = started_;
  has_rtp_info_ = false;
  has_report_ = trusted_ = early_report_ = false;
  pending_ = 0;
}

void RtpClock::place(media::Frame &frame, std::uint32_t rtp_timestamp, const RtpArrival &arrival) {
  const std::int64_t now = session_.at(arrival).count();
  if (!started_) begin(rtp_timestamp, now);
  const std::int64_t source = unwrap(rtp_timestamp);
  follow(source, now);
  adjust(now);
  const std::int64_t time = time_of(source);
  if (source > newest_) {
    newest_ = source;
    newest_time_ = time;
    newest_now_ = now;
  }
  frame.dts = media::Ticks{time};
  frame.wall_us = wall_us(source, arrival);
}

// A stream begins when it arrives. Where RTP-Info names the same moment for all tracks, they begin
// in line, unless that would contradict the arrivals.
void RtpClock::begin(std::int64_t source, std::int64_t now) {
  started_ = true;
  base_ = newest_ = last_ = source;
  offset_ = newest_time_ = now;
  newest_now_ = adjusted_now_ = repeats_since_ = measured_now_ = punctual_since_ = now;
  measured_from_ = source;
  punctual_ = 0;
  if (has_rtp_info_) {
    const std::int64_t since = ticks_of(source - unwrap(rtp_info_));
    const bool makes_sense = since >= -kMaxEarly && since <= kMaxLate;
    if (makes_sense && !session_.has_origin_) {
      session_.has_origin_ = true;
      session_.origin_ = now - since;
    } else if (makes_sense && std::abs(session_.origin_ + since - now) <= kMaxApart) {
      offset_ = newest_time_ = session_.origin_ + since;
    }
  }
  if (early_report_) {
    early_report_ = false;
    report_.source = unwrap(static_cast<std::uint32_t>(report_.source));
    trusted_ = believable(report_);
    if (trusted_) align(report_);
  }
}

void RtpClock::follow(std::int64_t source, std::int64_t now) {
  const bool repeated = source == last_;
  last_ = source;
  if (!repeated) {
    repeats_ = 0;
    repeats_since_ = now;
  } else if (++repeats_ == kFrozenAfter) {
    ++corrections_;
  }
  const bool stands = repeats_ >= kFrozenAfter && now - repeats_since_ >= kFrozenFor;
  const bool thawed = frozen_ && !repeated;
  if (stands || thawed || resync_ || jumped(source, now)) {
    if (!stands) ++corrections_;
    rebase(source, now);
    frozen_ = stands;
    return;
  }
  measure_rate(source, now);
  watch_drift(source, now);
}

bool RtpClock::jumped(std::int64_t source, std::int64_t now) const {
  const std::int64_t step = ticks_of(source - newest_);
  const std::int64_t elapsed = now - newest_now_;
  if (step < -kBackward[static_cast<std::size_t>(kind_)]) return true;
  return step > kForward && step > elapsed + kPauseSlack;
}

// The stamp is as much later than the newest one as it arrived later.
void RtpClock::rebase(std::int64_t source, std::int64_t now) {
  const std::int64_t elapsed = std::clamp(now - newest_now_, kMs, kLongestPause);
  base_ = source;
  offset_ = newest_time_ + elapsed;
  newest_ = source;  // also when it is before the one that is no more
  newest_time_ = offset_;
  newest_now_ = now;
  resync_ = false;
  trusted_ = has_report_ = false;
  pending_ = 0;
  measured_from_ = source;
  measured_now_ = punctual_since_ = now;
  punctual_ = offset_ - now;
  other_rate_ = 0;
}

// A session description that states a wrong clock rate is found out after two measurements that say
// the same: a burst at the beginning is not taken for one.
void RtpClock::measure_rate(std::int64_t source, std::int64_t now) {
  const std::int64_t elapsed = now - measured_now_;
  if (elapsed < kMeasureFor) return;
  const double measured =
      static_cast<double>(source - measured_from_) * kSecond / static_cast<double>(elapsed);
  measured_from_ = source;
  measured_now_ = now;
  const bool as_stated = measured > clock_rate_ * 0.8 && measured < clock_rate_ * 1.25;
  // What is only as early as usual is not too fast: it catches up after a stall.
  const bool early = time_of(source) - now > (has_usual_ ? usual_ : 0) + kMaxDrift;
  const bool catches_up = measured > clock_rate_ && !early;
  const std::uint32_t rate = as_stated || catches_up ? 0 : usual_rate(measured);
  if (rate != 0 && rate == other_rate_) {
    ++corrections_;
    clock_rate_ = rate;
    rebase(source, now);
    // It has run away or stayed behind for as long as it was measured.
    offset_ = newest_time_ = now + (has_usual_ ? usual_ : 0);
  }
  other_rate_ = rate;
}

// A camera's clock that runs a little fast or slow against the arrivals would take the tracks apart
// in the course of hours. Reports are better; without them the most punctual frames of each while
// tell.
void RtpClock::watch_drift(std::int64_t source, std::int64_t now) {
  punctual_ = std::max(punctual_, time_of(source) - now);
  if (now - punctual_since_ < kPunctualFor) return;
  if (!has_usual_ || trusted_) {
    has_usual_ = true;
    usual_ = punctual_;
  } else {
    const std::int64_t drift = punctual_ - usual_;
    pending_ = std::abs(drift) > kMaxDrift ? -drift : 0;
    at_once_ = false;
  }
  punctual_since_ = now;
  punctual_ = time_of(source) - now;
}

void RtpClock::on_sender_report(std::uint64_t ntp, std::uint32_t rtp_timestamp,
                                const RtpArrival &arrival) {
  if (ntp == 0) {
    ++wild_reports_;
    return;
  }
  const std::int64_t now = session_.at(arrival).count();
  Report report{.ntp = ticks_of_ntp(ntp), .now = now};
  if (!started_) {
    report.source = rtp_timestamp;
    report_ = report;
    has_report_ = early_report_ = true;
    return;
  }
  report.source = unwrap(rtp_timestamp);
  const bool believed = !frozen_ && believable(report);
  if (!believed) ++wild_reports_;
  report_ = report;
  has_report_ = true;
  trusted_ = believed;
  if (believed) align(report);
}

// A report must fit the stream, and the report before it: that one need not have been believed, so
// a clock that was set is believed again with the second report.
bool RtpClock::believable(const Report &report) const {
  const std::int64_t expected = newest_time_ + (report.now - newest_now_);
  if (std::abs(time_of(report.source) - expected) > kMaxLate) return false;
  if (!has_report_ || report.now == report_.now) return true;
  const std::int64_t by_ntp = report.ntp - report_.ntp;
  const std::int64_t by_arrival = report.now - report_.now;
  const std::int64_t by_stamp = ticks_of(report.source - report_.source);
  return std::abs(by_ntp - by_arrival) <= kReportSlack + by_arrival / 10 &&
         std::abs(by_ntp - by_stamp) <= kReportJitter + by_arrival / 20;
}

void RtpClock::align(const Report &report) {
  const std::int64_t time = time_of(report.source);
  const std::int64_t apart = report.ntp + session_.ntp_offset_ - time;
  if (session_.generation_ == 0 || std::abs(apart) > kMaxReportApart) {
    session_.ntp_offset_ = time - report.ntp;
    generation_ = ++session_.generation_;
    pending_ = 0;
    return;
  }
  const bool first = generation_ != session_.generation_;
  generation_ = session_.generation_;
  moves_ = session_.moves_;
  pending_ = std::abs(apart) > kAligned ? apart : 0;
  at_once_ = first || std::abs(apart) > kStep;
}

// Moves the time by what is pending. A track that is too far ahead stays where it is, and the
// others come on: a gap once is better than a track that goes back.
void RtpClock::adjust(std::int64_t now) {
  const std::int64_t elapsed = std::clamp<std::int64_t>(now - adjusted_now_, 0, kSecond);
  adjusted_now_ = now;
  if (trusted_ && generation_ == session_.generation_ && moves_ != session_.moves_) {
    align(report_);
    at_once_ = true;
  }
  if (pending_ == 0) return;
  if (!at_once_) {
    const std::int64_t most = elapsed / (trusted_ ? kSlew : kSlowSlew);
    return move(std::clamp(pending_, -most, most));
  }
  ++corrections_;
  if (pending_ > 0) return move(pending_);
  session_.ntp_offset_ -= pending_;
  moves_ = ++session_.moves_;
  pending_ = 0;
}

void RtpClock::move(std::int64_t by) {
  offset_ += by;
  newest_time_ += by;
  pending_ -= by;
}

std::int64_t RtpClock::wall_us(std::int64_t source, const RtpArrival &arrival) const {
  if (!trusted_) return arrival.wall_us;
  const std::int64_t ntp = report_.ntp + ticks_of(source - report_.source);
  const auto whole = static_cast<std::uint64_t>(ntp / kSecond);
  const auto rest = static_cast<std::uint64_t>(ntp % kSecond);
  const std::int64_t wall = wire::rtcp::wall_us_of_ntp(whole << 32 | (rest << 32) / kSecond);
  return std::abs(wall - arrival.wall_us) <= kMaxWallSkewUs ? wall : arrival.wall_us;
}

}  // namespace sluice::mux
