// SPDX-License-Identifier: Apache-2.0
// SoundAllowance: how much sound is made for one publisher: four times the time that goes by, and a
// head start for publishers that hurry and for the last GOP. What is not used is not saved up.
// Lives on the home loop.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "media/frame.h"

namespace sluice::stream {

class SoundAllowance {
 public:
  void spend(media::Ticks sound) { owed_ += sound; }

  [[nodiscard]] bool is_spent(base::MonoTime now) {
    const auto elapsed = std::chrono::duration_cast<media::Ticks>(now - paid_at_);
    owed_ = elapsed > owed_ / kSpeed ? media::Ticks(0) : owed_ - elapsed * kSpeed;
    paid_at_ = now;
    return owed_ > kHeadStart;
  }

 private:
  static constexpr int kSpeed = 4;
  static constexpr media::Ticks kHeadStart = std::chrono::seconds(15);

  media::Ticks owed_{0};
  base::MonoTime paid_at_{};
};

}  // namespace sluice::stream
