// SPDX-License-Identifier: Apache-2.0
#include "mux/audio_units.h"

#include <algorithm>

#include "media/describe.h"

namespace sluice::mux {

void AudioUnits::set_config(std::string_view config) {
  if (has_track_ && config_ == config) return;
  config_ = config;
  set_track(media::describe(codec_, base::as_bytes(config_)));
}

void AudioUnits::set_track(const media::Track &track) {
  if (has_track_ && track_ == track) return;
  track_ = track;
  has_track_ = track_changed_ = true;
}

void AudioUnits::begin(std::uint32_t timestamp, bool after_loss) {
  if (after_loss && begun_) events_.on_damage(Damage::Loss);
  // Parts have the time stamp of their frame; with another one, the rest of that did not come.
  if (in_part() && (after_loss || timestamp != part_timestamp_)) writer_.clear();
  if (after_loss) {
    skips_ = true;
    skipped_timestamp_ = timestamp;
  } else if (timestamp != skipped_timestamp_) {
    skips_ = false;
  }
  timestamp_ = timestamp;
  index_ = 0;
}

void AudioUnits::add_whole(base::Bytes unit) {
  writer_.clear();
  part_timestamp_ = timestamp_ + index_ * timing_.unit_ticks;
  if (append(unit)) emit();
}

void AudioUnits::add_part(base::Bytes part, std::size_t whole) {
  if (skips_ || part.empty()) return;
  if (!in_part()) part_timestamp_ = timestamp_ + index_ * timing_.unit_ticks;
  part_whole_ = whole;
  if (append(part) && writer_.size() >= whole) emit();
}

void AudioUnits::continue_part(base::Bytes part) {
  if (in_part()) add_part(part, part_whole_);
}

void AudioUnits::end_part() {
  if (in_part()) emit();
}

bool AudioUnits::append(base::Bytes bytes) {
  const std::uint64_t copied = writer_.copied_bytes();
  const bool done = writer_.append(bytes);
  copied_ += writer_.copied_bytes() - copied;
  if (done) return true;
  writer_.clear();
  events_.on_damage(writer_.failure());
  return false;
}

void AudioUnits::emit() {
  ++index_;
  if (!has_track_) {
    writer_.clear();
    return events_.on_damage(Damage::NoConfig);
  }
  if (std::exchange(track_changed_, false)) events_.on_track(track_);
  begun_ = true;
  media::Frame frame{.codec = track_.codec, .key = true};
  frame.payload = writer_.take();
  events_.on_frame(std::move(frame), part_timestamp_);
}

void AudioUnits::malformed() {
  writer_.clear();
  events_.on_ignored("audio payload breaks the grammar");
  events_.on_damage(Damage::Malformed);
}

void AudioUnits::quirk(const char *what) {
  const auto known = quirks_.begin() + static_cast<std::ptrdiff_t>(quirk_count_);
  if (quirk_count_ == quirks_.size() || std::find(quirks_.begin(), known, what) != known) return;
  quirks_[quirk_count_++] = what;
  events_.on_quirk(what);
}

}  // namespace sluice::mux
