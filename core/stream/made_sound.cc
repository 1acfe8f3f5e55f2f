// SPDX-License-Identifier: Apache-2.0
#include "stream/made_sound.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace sluice::stream {
namespace {

// A publisher that changes its track all the time does not make more tasks than others.
constexpr base::Millis kRestartPause{500};
// Several minutes of sound: what a GOP may have, whatever its time line.
constexpr std::size_t kMaxKeptBytes = std::size_t{4} << 20;

}  // namespace

void MadeSound::start(const media::Track *sound) {
  if (is_running() || !may_start()) return;
  started_at_ = context_.loop.now();
  if (sound == nullptr) {
    silence_.emplace(context_.buffers);
  } else {
    converter_ = std::make_unique<SoundConverter>(
        context_, stream_, allowance_, *sound,
        SoundConverter::Events{[this](auto frames) { take(std::move(frames)); },
                               [this] { owner_.on_sound_ready(); },
                               [this](const base::Error &error) { fail(error); }});
    before_ = converter_->life();
  }
  for (const media::Frame &frame : gop_.frames())
    add(frame);
  if (converter_) converter_->submit();
}

bool MadeSound::may_start() const {
  const bool is_soon = started_at_ && context_.loop.now() - *started_at_ < kRestartPause;
  return !is_soon && before_.expired();
}

void MadeSound::stop() {
  silence_.reset();
  converter_.reset();
  kept_.clear();
  held_ = 0;
}

void MadeSound::push(const media::Frame &frame) {
  add(frame);
  if (converter_) converter_->submit();
}

void MadeSound::add(const media::Frame &frame) {
  const bool is_video = frame.kind() == media::Kind::Video;
  if (silence_ && is_video) {
    const bool may_fill = !allowance_.is_spent(context_.loop.now());
    silence_->advance(frame, may_fill, [this](const media::Frame &made) {
      allowance_.spend(Silence::kFrameLength);
      give_out(made);
    });
  } else if (converter_ && !is_video) {
    converter_->add(frame);
  }
}

void MadeSound::take(std::vector<transcode::SoundFrame> frames) {
  for (const transcode::SoundFrame &made : frames) {
    media::Frame frame{.codec = media::Codec::AAC, .key = true, .dts = made.dts};
    frame.wall_us = made.wall_us;
    frame.payload = context_.buffers.copy(base::as_bytes(made.payload));
    context_.metrics.copied_transcode_bytes.add(frame.payload.size);
    if (frame.payload.size > 0) give_out(frame);
  }
}

void MadeSound::give_out(const media::Frame &frame) {
  keep(frame);
  // Made anew from the GOP, it may be on the tapes already.
  if (frame.dts <= told_) return;
  told_ = frame.dts;
  owner_.on_made_sound(frame);
}

void MadeSound::keep(const media::Frame &frame) {
  kept_.push_back(frame);
  held_ += media::held_bytes(frame);
  const media::Ticks from = gop_.empty() ? frame.dts : gop_.frames().front().dts;
  while (!kept_.empty() && (kept_.front().dts < from || held_ > kMaxKeptBytes))
    let_go_of_oldest();
}

void MadeSound::let_go_of_oldest() {
  held_ -= media::held_bytes(kept_.front());
  kept_.pop_front();
}

void MadeSound::fail(const base::Error &error) {
  base::log::warning("sound is not transcoded",
                     {{"stream", stream_}, {"why", base::describe(error)}});
  owner_.on_no_sound();
}

std::vector<media::Frame> MadeSound::gop_frames() const {
  std::vector<media::Frame> frames;
  for (const media::Frame &frame : gop_.frames()) {
    if (frame.kind() == media::Kind::Video) frames.push_back(frame);
  }
  if (gop_.empty()) return frames;
  const media::Ticks from = gop_.frames().front().dts;
  std::ranges::copy_if(kept_, std::back_inserter(frames),
                       [&](const media::Frame &made) { return made.dts >= from; });
  std::ranges::stable_sort(frames, {}, &media::Frame::dts);
  return frames;
}

}  // namespace sluice::stream
