// SPDX-License-Identifier: Apache-2.0
#include "stream/segmenter.h"

#include <algorithm>
#include <utility>

namespace sluice::stream {
namespace {

// What two frames with the same time would make nothing of.
constexpr media::Ticks kLeastDuration = base::Millis(1);
constexpr std::size_t kLeastSegments = 2;

std::uint64_t bits_per_second(std::uint64_t bytes, media::Ticks duration) {
  return bytes * 8 * media::Ticks::period::den /
         static_cast<std::uint64_t>(std::max(duration, kLeastDuration).count());
}

// Counts the segment as one that has left the front of the list.
void count_out(SegmentList &list, const Segment &segment) {
  if (segment.discontinuity) ++list.discontinuities;
}

}  // namespace

Segmenter::Segmenter(tape::TapeView view, SegmentLog &log, const config::Live &config)
    : view_(std::move(view)), log_(log), config_(config), next_(view_.tail()), list_(*log.read()) {
  list_.ended = false;
  list_.open.reset();
  lose_thread();
}

bool Segmenter::advance() {
  view_.refresh();
  skip_what_is_lost();
  while (next_ < view_.head()) {
    const Placed frame{next_, view_.mark_at(next_), view_.prefix_at(next_)};
    next_ += frame.mark.size;
    take(frame);
  }
  if (!std::exchange(changed_, false)) return false;
  publish();
  return true;
}

void Segmenter::end() {
  advance();
  if (open_) {
    now_ += std::max(interval_, kLeastDuration);
    end_segment(view_.head());
  }
  list_.ended = true;
  publish();
}

void Segmenter::release(SegmentLog &log) {
  auto list = std::make_shared<SegmentList>(*log.read());
  // Its parts may be known by their names already, so another segment must not have its number.
  if (list->open) {
    count_out(*list, *list->open);
    ++list->next_number;
  }
  for (const auto &segment : std::exchange(list->segments, {}))
    count_out(*list, *segment);
  list->open.reset();
  list->peak_bits_per_second = list->mean_bits_per_second = 0;
  ++list->version;
  log.publish(std::move(list));
}

// The tape may have let go of frames before they were looked at, or of the part under way, when
// more was written at once than its window holds.
void Segmenter::skip_what_is_lost() {
  const std::uint64_t oldest = open_ ? part_from_ : next_;
  if (oldest >= view_.tail()) return;
  next_ = std::max(next_, view_.tail());
  if (open_) complete_segment();
  lose_thread();
}

void Segmenter::lose_thread() {
  breaks_ = list_.next_number > 0;
  needs_key_ = true;
}

void Segmenter::take(const Placed &frame) {
  // A tape's times may go back by a little where audio came without video.
  const media::Ticks time = std::max(now_, frame.mark.dts);
  if (open_) {
    if (is_hole(time - now_)) {
      end_before_hole(frame.offset);
    } else if (time > now_) {
      interval_ = time - now_;
    }
  }
  now_ = time;
  if (open_ && ends_segment(frame)) end_segment(frame.offset);
  if (frame.mark.config) return;
  if (!open_) {
    // Also one that was cut for its length, or at a hole, goes on without a key frame.
    const bool follows = !needs_key_ && frame.prefix.serial == prefix_serial_;
    if (frame.mark.key || follows) begin_segment(frame);
    return;
  }
  if (!ends_part()) return;
  end_part(frame.offset);
  begin_part(frame);
}

// Frames are missing, or the camera paused: players, which hold three parts back, have run dry. A
// camera that is always as slow has no holes.
bool Segmenter::is_hole(media::Ticks distance) const {
  constexpr int kPartsHeldBack = 3;
  constexpr int kUsualIntervals = 4;
  return interval_ > media::Ticks(0) && distance > kPartsHeldBack * config_->hls.part &&
         distance > kUsualIntervals * interval_;
}

// The last frame is given the time that a frame usually has: no part or segment, and with it no
// target, is as long as the hole.
void Segmenter::end_before_hole(std::uint64_t offset) {
  now_ += interval_;
  end_segment(offset);
  breaks_ = true;
}

bool Segmenter::ends_segment(const Placed &frame) const {
  const auto &hls = config_->hls;
  const media::Ticks elapsed = now_ - open_->start;
  // Cameras keep their distance of key frames to within a part of a frame.
  const bool is_long = elapsed + interval_ / 2 >= hls.segment;
  return frame.mark.config || frame.prefix.serial != prefix_serial_ ||
         (frame.mark.key && is_long) || elapsed >= hls.segment_max ||
         open_->parts.size() >= kMaxParts ||
         frame.offset - open_from_ >= config_->stream.tape_window / 2;
}

// A frame that would make the part longer than it may be belongs to the next one. But a part must
// have 85 % of the target duration (RFC 8216bis, EXT-X-PART-INF): where frames are so long that it
// would not, all parts are a frame longer, and the target with them.
bool Segmenter::ends_part() const {
  const media::Ticks elapsed = now_ - part_start_;
  const media::Ticks longest = config_->hls.part;
  return elapsed + interval_ > longest && elapsed >= longest * 17 / 20;
}

void Segmenter::begin_segment(const Placed &frame) {
  if (!init_ || prefix_serial_ != frame.prefix.serial) {
    breaks_ = breaks_ || init_ != nullptr;
    prefix_serial_ = frame.prefix.serial;
    init_ = std::make_shared<const Init>(Init{list_.next_init++, frame.prefix.init});
  }
  open_.emplace();
  open_->number = list_.next_number;
  open_->start = now_;
  open_->wall_us = frame.mark.wall_us;
  open_->discontinuity = std::exchange(breaks_, false);
  needs_key_ = false;
  open_->init = init_;
  open_from_ = frame.offset;
  begin_part(frame);
}

void Segmenter::begin_part(const Placed &frame) {
  part_from_ = frame.offset;
  part_start_ = now_;
  part_independent_ = frame.mark.key;
}

void Segmenter::end_part(std::uint64_t offset) {
  const media::Ticks duration = std::max(now_ - part_start_, kLeastDuration);
  open_->parts.push_back({view_.range(part_from_, offset), duration, part_independent_});
  open_->duration += duration;
  changed_ = true;
}

void Segmenter::end_segment(std::uint64_t offset) {
  end_part(offset);
  complete_segment();
}

// With the parts that it has.
void Segmenter::complete_segment() {
  Segment segment = std::move(*open_);
  open_.reset();
  if (segment.parts.empty()) {
    breaks_ = true;
    return;
  }
  for (const Part &part : segment.parts)
    segment.range = segment.range.joined_with(part.range);
  list_.segments.push_back(std::make_shared<const Segment>(std::move(segment)));
  ++list_.next_number;
  changed_ = true;
}

// Two segments stay, whatever they weigh, because players begin with no less. The size at which a
// segment is cut bounds them too.
void Segmenter::slide_window() {
  std::uint64_t bytes = open_ ? part_from_ - open_from_ : 0;
  for (const auto &segment : list_.segments)
    bytes += segment->range.size();
  auto keep = list_.segments.begin();
  auto count = list_.segments.size();
  while (count > config_->hls.window ||
         (count > kLeastSegments && bytes > 2 * config_->stream.tape_window)) {
    count_out(list_, **keep);
    bytes -= (*keep)->range.size();
    ++keep;
    --count;
  }
  list_.segments.erase(list_.segments.begin(), keep);
}

void Segmenter::publish() {
  slide_window();
  ++list_.version;
  auto list = std::make_shared<SegmentList>(list_);
  if (open_ && !open_->parts.empty()) list->open = std::make_shared<const Segment>(*open_);
  measure(*list);
  log_.publish(std::move(list));
}

// What is told of the list as a whole.
void Segmenter::measure(SegmentList &list) const {
  list.target = std::chrono::ceil<std::chrono::seconds>(config_->hls.segment);
  list.part_target = config_->hls.part;
  std::uint64_t bytes = 0;
  media::Ticks duration{0};
  auto look_at = [&](const Segment &segment) {
    list.target = std::max(list.target, segment.duration);
    for (const Part &part : segment.parts)
      list.part_target = std::max(list.part_target, part.duration);
  };
  for (const auto &segment : list.segments) {
    look_at(*segment);
    bytes += segment->range.size();
    duration += segment->duration;
    list.peak_bits_per_second = std::max(list.peak_bits_per_second,
                                         bits_per_second(segment->range.size(), segment->duration));
  }
  if (list.open) look_at(*list.open);
  list.mean_bits_per_second = bits_per_second(bytes, duration);
}

}  // namespace sluice::stream
