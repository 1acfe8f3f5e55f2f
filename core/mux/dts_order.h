// SPDX-License-Identifier: Apache-2.0
// DtsOrder: decoding times from presentation times, since RTP carries only the latter. The n-th
// frame is decoded when the n-th smallest time of presentation is due, earlier by the depth of
// reordering: that takes no look ahead, so no frame is delayed. The depth comes from the sequence
// parameter set, else it is learned when a picture first goes back. Pure; one for each track.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "media/codec.h"
#include "media/frame.h"

namespace sluice::mux {

class DtsOrder {
 public:
  static constexpr std::size_t kMaxDepth = 16;

  // A track was announced or changed.
  void set_track(const media::Track &track);

  // frame.dts comes in as the time of presentation and goes out as the time of decoding, in whole
  // milliseconds and strictly increasing unless the time of presentation itself jumps back;
  // composition_offset is set. Frames come in the order of decoding.
  void place(media::Frame &frame);

  [[nodiscard]] std::size_t depth() const { return depth_; }

 private:
  std::size_t depth_ = 0;
  bool stated_ = false;  // by the track, so that it is not learned
};

}  // namespace sluice::mux
