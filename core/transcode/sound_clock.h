// SPDX-License-Identifier: Apache-2.0
// SoundClock: what the time of each sample is, when samples are counted and their sender's time
// stamps jitter, drift and jump. The count is right from one frame to the next, the stamps are
// right in the long run. Pure; knows no wall clock.
#pragma once

#include <cstdint>

#include "media/frame.h"

namespace sluice::transcode {

class SoundClock {
 public:
  // Stamps may differ from the count by so much before something is done about it at once.
  static constexpr media::Ticks kTolerance = std::chrono::milliseconds(100);
  // A gap that is no longer is filled with silence: packets were lost. After a longer one sound
  // begins anew, so that nobody can ask for much work with a few bytes.
  static constexpr media::Ticks kMaxSilence = std::chrono::milliseconds(250);

  explicit SoundClock(std::uint32_t rate) : rate_(rate) {}  // samples a second, not 0

  // What is to be done before sound with a stamp is put behind what there is.
  struct Step {
    std::int64_t silence = 0;  // samples to put in
    std::int64_t excess = 0;   // samples that are too many: so much of the sound is to be left out
    bool begins_anew = false;  // set() is to be called
  };
  // next: the number of samples so far. Follows the stamp by a little, as long as it is near.
  Step step(media::Ticks stamp, std::int64_t next);
  // The sample of that number has this time.
  void set(media::Ticks stamp, std::int64_t sample);

  [[nodiscard]] media::Ticks time_of(std::int64_t sample) const;

 private:
  [[nodiscard]] std::int64_t fine_length(std::int64_t samples) const;

  std::int64_t rate_;
  bool is_set_ = false;
  std::int64_t followed_ = 0;  // the sample at which the stamps were followed last
  std::int64_t zero_ = 0;      // the time of sample 0, in 1/256 of a tick
};

}  // namespace sluice::transcode
