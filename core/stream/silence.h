// SPDX-License-Identifier: Apache-2.0
// Silence: the sound of a stream that has none, for players that wait for some. One AAC frame, over
// and over, as far as the pictures have come.
#pragma once

#include <functional>
#include <optional>

#include "media/frame.h"

namespace sluice::stream {

// What the frames are of.
[[nodiscard]] media::Track silent_track();

class Silence {
 public:
  using OnFrame = std::function<void(const media::Frame &)>;
  explicit Silence(media::BufferPool &pool);

  // 1024 samples at 48 kHz, which is a whole number of ticks.
  static constexpr media::Ticks kFrameLength{1'920};

  // A picture comes: the frames up to it. Where pictures are far apart, and where nothing may be
  // filled up, the sound begins anew.
  void advance(const media::Frame &picture, bool may_fill, const OnFrame &on_frame);

 private:
  media::Slice frame_;
  std::optional<media::Ticks> next_;
};

}  // namespace sluice::stream
