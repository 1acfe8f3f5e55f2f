// SPDX-License-Identifier: Apache-2.0
// SoundTranscoder: sound of any codec to AAC-LC, for players that do not take it as it is. Pure
// work on bytes that may be hostile; a second of sound takes about a millisecond, so it is nothing
// for a loop's thread. One object is used by one thread at a time, whichever that is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/frame.h"

namespace sluice::transcode {

// A frame of sound with bytes of its own, since those of media::Frame belong to a loop.
struct SoundFrame {
  media::Ticks dts{0};
  std::int64_t wall_us = 0;
  std::string payload;
};

inline constexpr std::size_t kMaxSoundFrame = 64 << 10;
// Of one frame; a longer one is cut off.
inline constexpr media::Ticks kMaxSoundLength = std::chrono::seconds(1);

// Whether sound of that codec can be decoded, with the libraries that are installed.
[[nodiscard]] bool can_decode_sound(media::Codec codec);

// The AAC track that comes out of a track of sound. It follows from what the track states, and
// stays so when its frames turn out to be otherwise. The rate is that of the input where frames of
// 1024 samples are short then, else a multiple of it: at 8 kHz they would last 128 ms.
[[nodiscard]] media::Track aac_track_of(const media::Track &sound);

class SoundTranscoder {
 public:
  struct Options {
    std::uint32_t bit_rate = 0;  // bits a second; 0: by rate and channels
  };
  // Unsupported: the codec. Malformed: the configuration. System: no memory.
  static base::Result<std::unique_ptr<SoundTranscoder>> open(const media::Track &sound,
                                                             const Options &options);
  virtual ~SoundTranscoder() = default;

  struct Made {
    std::vector<SoundFrame> frames;  // of AAC, as aac_track_of() describes it; times only grow
    media::Ticks length{0};          // of the sound in them
    std::size_t refused = 0;         // frames of the input that could not be decoded
  };
  // Frames in order, with the times of the stream. About two AAC frames are kept back for those to
  // come. What comes out keeps the input's times: it follows them slowly, fills short gaps with
  // silence and leaves out what there is too much of.
  virtual Made take(std::span<const SoundFrame> frames) = 0;
};

}  // namespace sluice::transcode
