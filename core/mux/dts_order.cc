// SPDX-License-Identifier: Apache-2.0
#include "mux/dts_order.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace sluice::mux {

namespace {

constexpr std::int64_t kTicksPerMs = 90;
constexpr std::int64_t kTicksPerSecond = 90'000;
// Farther away than this from the latest time is no reordering but a clock that stepped.
constexpr std::int64_t kMaxStep = 2 * kTicksPerSecond;
// A stated frame rate may be nonsense, and what is told of the time before the first picture must
// not reach back to before the session.
constexpr std::int64_t kLongestDistance = kTicksPerSecond / 5;
// No encoder that keeps silent about its depth goes beyond this.
constexpr std::size_t kLearned = 4;

std::int64_t whole_ms(std::int64_t ticks) {
  const std::int64_t rest = ticks % kTicksPerMs;
  return ticks - (rest < 0 ? rest + kTicksPerMs : rest);
}

}  // namespace

void DtsOrder::set_track(const media::Track &track) {
  if (track.frame_rate > 0) {
    const double distance = static_cast<double>(kTicksPerSecond) / track.frame_rate;
    distance_ = std::llround(std::min(distance, static_cast<double>(kLongestDistance)));
  }
  if (track.reorder_frames < 0) return;
  const std::size_t depth = std::min(static_cast<std::size_t>(track.reorder_frames), kMaxDepth);
  if (depth != depth_) started_ = false;
  depth_ = depth;
}

void DtsOrder::place(media::Frame &frame) {
  const std::int64_t time = frame.dts.count();
  // Audio is never reordered, and its frames follow each other in fractions of milliseconds.
  if (frame.kind() == media::Kind::Audio) {
    frame.composition_offset = media::Ticks{0};
    return;
  }
  const std::int64_t step = time - newest_;
  const bool stepped = !has_last_ || step > kMaxStep || step < -kMaxStep || !learn(time);
  if (stepped) has_last_ = false;
  if (stepped || !started_) {
    start(time);
    learn(time);
  }
  const std::int64_t dts = next(time);
  frame.dts = media::Ticks{dts};
  frame.composition_offset = media::Ticks{time - dts};
}

// As many times before the first one as there will be pictures that wait for one of their turn.
void DtsOrder::start(std::int64_t time) {
  started_ = true;
  heap_size_ = 0;
  recent_size_ = recent_next_ = 0;
  newest_ = time;
  for (std::size_t i = depth_; i > 0; --i)
    heap_[heap_size_++] = time - static_cast<std::int64_t>(i) * distance_;
  std::ranges::make_heap(heap_.begin(), heap_.begin() + static_cast<std::ptrdiff_t>(heap_size_),
                         std::greater<>{});
  if (!has_last_) last_ = time - static_cast<std::int64_t>(depth_ + 1) * distance_;
  has_last_ = true;
}

// The depth is the largest number of pictures that come before one which is shown before them
// (max_num_reorder_frames, ITU-T H.264 clause E.2.1). What a sequence parameter set states is
// corrected too: some encoders state 0 and reorder. False for a picture that is too far back for
// that.
bool DtsOrder::learn(std::int64_t time) {
  std::size_t later = 0;
  for (std::size_t i = 0; i < recent_size_; ++i)
    later += recent_[i] > time ? 1 : 0;
  if (later > std::max(depth_, kLearned)) return false;
  recent_[recent_next_] = time;
  recent_next_ = (recent_next_ + 1) % recent_.size();
  recent_size_ = std::min(recent_size_ + 1, recent_.size());
  newest_ = std::max(newest_, time);
  depth_ = std::max(depth_, later);
  return true;
}

std::int64_t DtsOrder::next(std::int64_t time) {
  const auto heap = [&] { return heap_.begin() + static_cast<std::ptrdiff_t>(heap_size_); };
  heap_[heap_size_++] = time;
  std::ranges::push_heap(heap_.begin(), heap(), std::greater<>{});
  std::int64_t dts = last_ + kTicksPerMs;
  // While the depth is being learned there are too few: time goes on by as little as it can.
  if (heap_size_ > depth_) {
    std::ranges::pop_heap(heap_.begin(), heap(), std::greater<>{});
    dts = std::max(whole_ms(heap_[--heap_size_]), dts);
  }
  last_ = dts;
  return dts;
}

}  // namespace sluice::mux
