// SPDX-License-Identifier: Apache-2.0
// The times of fMP4: how many samples an audio frame has and a clock that counts them, and how long
// a picture will last. Pure; takes hostile tracks and frames.
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

// When a sample is decoded, and how long it lasts, in a track's time scale.
struct SamplePlace {
  std::uint64_t time = 0;
  std::uint32_t duration = 0;
};

// Samples of a track follow each other without a gap, also where frames are missing: MediaSource
// takes one that comes after more than twice the duration of the last for a new beginning, waits
// for a key frame on all tracks, and stops playing at the gap.

// AudioClock: the stream's times are whole milliseconds, so those of audio jitter. The clock goes
// on by the duration of each frame while that is near enough to the frame's own time. When the
// stream is ahead, frames are missing, and this one lasts longer by as many; when it is behind,
// frames are shortened until the clock is right: it never goes back, so no two frames overlap.
class AudioClock {
 public:
  AudioClock() = default;
  explicit AudioClock(std::uint32_t scale) : scale_(scale) {}

  SamplePlace place(media::Ticks dts, std::uint32_t duration);

 private:
  std::uint32_t scale_ = 90'000;
  bool started_ = false;
  std::uint64_t next_ = 0;
};

// PictureClock: foresees the duration of a picture, which is known for sure only when the next one
// comes. Players add durations up, so it is the mean distance of late, in which one that is out of
// line counts little. A picture that comes much later than foreseen is decoded early; the time at
// which it is shown is told apart from that.
class PictureClock {
 public:
  PictureClock() : PictureClock(0) {}
  explicit PictureClock(double frame_rate);  // 0: not known

  // In 90 kHz.
  SamplePlace place(media::Ticks dts);

 private:
  void learn(std::int64_t distance);

  std::int64_t mean_;       // in 1/16 of a tick
  bool known_;              // stated or measured; or else it is only usual
  int out_of_line_ = 0;     // -1, 1: the last distance was, and on which side
  std::int64_t last_ = -1;  // own time of the last picture; -1: there was none
  std::int64_t start_ = 0;  // where it was placed
  std::int64_t end_ = 0;
};

}  // namespace sluice::mux
