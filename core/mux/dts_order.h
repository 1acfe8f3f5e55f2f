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
  bool learn(std::int64_t time);
  void start(std::int64_t time);
  std::int64_t next(std::int64_t time);

  std::size_t depth_ = 0;
  bool stated_ = false;           // by the track, so that it is not learned
  std::int64_t distance_ = 3600;  // between pictures, in ticks: as stated, or as seen
  bool started_ = false;
  bool has_last_ = false;
  std::int64_t last_ = 0;    // the newest decoding time
  std::int64_t newest_ = 0;  // the latest time of presentation
  // The times of presentation that are not yet given out as decoding times; a heap.
  std::array<std::int64_t, kMaxDepth + 1> heap_{};
  std::size_t heap_size_ = 0;
  // The newest ones in the order of decoding, from which the depth is learned.
  std::array<std::int64_t, kMaxDepth> recent_{};
  std::size_t recent_size_ = 0;
  std::size_t recent_next_ = 0;
};

}  // namespace sluice::mux
