// SPDX-License-Identifier: Apache-2.0
#include "media/gop_cache.h"

#include <algorithm>

namespace sluice::media {
namespace {

constexpr Ticks kAudioWindow = std::chrono::seconds(1);

}  // namespace

std::size_t held_bytes(const Frame &frame) {
  return sizeof(Frame) + std::max<std::size_t>(frame.payload.buffer.capacity(), frame.payload.size);
}

GopCache::Added GopCache::add(const Frame &frame) {
  const bool video = frame.kind() == Kind::Video;
  if (video && frame.key) {
    clear();
    has_key_ = true;
  } else if (video && !has_key_) {
    return Added::NotKept;
  }
  push(frame);
  if (!has_key_) keep_newest_audio();
  if (held_ > limits_.max_bytes || duration() > limits_.max_duration) {
    clear();
    ++overflows_;
    return Added::Overflowed;
  }
  return video && frame.key ? Added::Started : Added::Kept;
}

void GopCache::clear() {
  frames_.clear();
  bytes_ = 0;
  held_ = 0;
  has_key_ = false;
}

Ticks GopCache::duration() const {
  return frames_.empty() ? Ticks{0} : frames_.back().dts - frames_.front().dts;
}

void GopCache::push(const Frame &frame) {
  frames_.push_back(frame);
  bytes_ += frame.payload.size;
  held_ += sluice::media::held_bytes(frame);
}

void GopCache::keep_newest_audio() {
  while (frames_.size() > 1 && duration() > kAudioWindow) {
    bytes_ -= frames_.front().payload.size;
    held_ -= sluice::media::held_bytes(frames_.front());
    frames_.pop_front();
  }
}

}  // namespace sluice::media
