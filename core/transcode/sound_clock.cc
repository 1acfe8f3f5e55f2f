// SPDX-License-Identifier: Apache-2.0
#include "transcode/sound_clock.h"

#include <algorithm>

namespace sluice::transcode {
namespace {

using media::Ticks;

constexpr std::int64_t kFine = 256;
// The part of a deviation that each frame makes good. Jitter is evened out over some seconds, and a
// drift of one in a thousand leaves a deviation of a few milliseconds.
constexpr std::int64_t kPatience = 64;
// No crystal is worse than one in this many.
constexpr std::int64_t kLeastDrift = 200;

std::int64_t samples_in(std::int64_t fine, std::int64_t rate) {
  return fine * rate / (kFine * Ticks::period::den);
}

}  // namespace

// In two steps, since the product would not fit after some months.
std::int64_t SoundClock::fine_length(std::int64_t samples) const {
  constexpr std::int64_t kSecond = kFine * Ticks::period::den;
  return samples / rate_ * kSecond + samples % rate_ * kSecond / rate_;
}

SoundClock::Step SoundClock::step(Ticks stamp, std::int64_t next) {
  if (!is_set_) return {.begins_anew = true};
  const std::int64_t late = stamp.count() * kFine - zero_ - fine_length(next);
  const std::int64_t tolerance = kTolerance.count() * kFine;
  if (late > kMaxSilence.count() * kFine) return {.begins_anew = true};
  if (late > tolerance) return {.silence = samples_in(late, rate_)};
  if (late < -tolerance) return {.excess = samples_in(-late, rate_)};
  const std::int64_t most = fine_length(next - followed_) / kLeastDrift;
  zero_ += std::clamp(late / kPatience, -most, most);
  followed_ = next;
  return {};
}

void SoundClock::set(Ticks stamp, std::int64_t sample) {
  is_set_ = true;
  followed_ = sample;
  zero_ = stamp.count() * kFine - fine_length(sample);
}

Ticks SoundClock::time_of(std::int64_t sample) const {
  return Ticks((zero_ + fine_length(sample)) / kFine);
}

}  // namespace sluice::transcode
