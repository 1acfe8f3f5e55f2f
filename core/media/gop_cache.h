// SPDX-License-Identifier: Apache-2.0
// GopCache: the frames from which a tape is started: everything since the newest video key frame,
// or the newest second of a stream without video. Bounded in bytes and in time: a GOP that outgrows
// its limits is let go as a whole, since half a GOP is of no use to anybody, and the next key frame
// starts anew. Home loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "media/frame.h"

namespace sluice::media {

// What a frame keeps from being used otherwise. Frames of one message share a buffer and count it
// each: limits err on the safe side.
[[nodiscard]] std::size_t held_bytes(const Frame &frame);

class GopCache {
 public:
  struct Limits {
    std::size_t max_bytes = 16 << 20;  // memory that is held, which may be more than the payload
    Ticks max_duration = std::chrono::seconds(60);
  };

  GopCache() = default;
  explicit GopCache(Limits limits) : limits_(limits) {}

  enum class Added : std::uint8_t {
    Kept,
    Started,     // kept, as a key frame that begins a new GOP
    NotKept,     // a video frame without the key frame that it needs
    Overflowed,  // the GOP outgrew a limit with this frame; it was let go
  };
  Added add(const Frame &frame);
  void clear();
  // Applies from the next frame on.
  void set_limits(Limits limits) { limits_ = limits; }

  // In the order of arrival. A decoder of video can start at the front when starts_with_key().
  [[nodiscard]] const std::deque<Frame> &frames() const { return frames_; }
  [[nodiscard]] bool empty() const { return frames_.empty(); }
  [[nodiscard]] bool starts_with_key() const { return has_key_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }      // of payload
  [[nodiscard]] std::size_t held_bytes() const { return held_; }  // of memory
  [[nodiscard]] Ticks duration() const;
  [[nodiscard]] std::uint64_t overflows() const { return overflows_; }

 private:
  void push(const Frame &frame);
  void keep_newest_audio();

  Limits limits_;
  std::deque<Frame> frames_;
  std::size_t bytes_ = 0;
  std::size_t held_ = 0;
  std::uint64_t overflows_ = 0;
  bool has_key_ = false;
};

}  // namespace sluice::media
