// SPDX-License-Identifier: Apache-2.0
#include "deliver/flush_pacer.h"

#include <algorithm>

namespace sluice::deliver {
namespace {

// Above the first share the loop has no time to spare for bursts; below the second it has plenty.
// The gap between them keeps the interval from swinging, because a longer interval lowers the share
// by itself.
constexpr double kBusy = 0.75;
constexpr double kIdle = 0.45;
// One video frame at 25 per second: a shorter interval would not save a single write.
constexpr base::Millis kShortest{40};

}  // namespace

void FlushPacer::set_limits(Limits limits) {
  limits.most = std::max(limits.most, limits.least);
  limits_ = limits;
  interval_ = std::clamp(interval_, limits_.least, limits_.most);
}

void FlushPacer::adapt(double busy_share) {
  if (busy_share > kBusy) {
    interval_ = std::max(kShortest, interval_ + interval_ / 2);
  } else if (busy_share < kIdle) {
    interval_ -= interval_ / 4;
    if (interval_ < kShortest) interval_ = base::Millis(0);
  }
  interval_ = std::clamp(interval_, limits_.least, limits_.most);
}

}  // namespace sluice::deliver
