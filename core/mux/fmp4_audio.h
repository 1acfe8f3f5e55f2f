// SPDX-License-Identifier: Apache-2.0
// The time of audio in fMP4: how many samples a frame has, and a clock that counts them. Pure;
// takes hostile tracks and frames.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "media/frame.h"

namespace sluice::mux {

// A track's time scale, and the duration of its frames in it. Scale 0: cannot be told.
struct AudioScale {
  std::uint32_t scale = 0;
  std::uint32_t usual = 0;  // duration of a frame

  [[nodiscard]] static AudioScale of(const media::Track &track);
};

// From the frame itself, where it tells.
std::uint32_t audio_duration(const media::Track &track, AudioScale scale, base::Bytes payload);

// Times of 90 kHz in another scale, however large they are; before 0 there is nothing.
std::uint64_t scaled_time(media::Ticks time, std::uint32_t scale);

// AudioClock: the stream's times are whole milliseconds, so those of audio jitter. The clock goes
// on by the duration of each frame while that is near enough to the frame's own time. When the
// stream is ahead, the clock jumps there; when it is behind, frames are shortened until the clock
// is right: it never goes back, so no two frames overlap.
class AudioClock {
 public:
  struct Place {
    std::uint64_t time = 0;
    std::uint32_t duration = 0;
  };

  AudioClock() = default;
  explicit AudioClock(std::uint32_t scale) : scale_(scale) {}

  Place place(media::Ticks dts, std::uint32_t duration);

 private:
  std::uint32_t scale_ = 90'000;
  bool started_ = false;
  std::uint64_t next_ = 0;
};

}  // namespace sluice::mux
