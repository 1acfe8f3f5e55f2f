// SPDX-License-Identifier: Apache-2.0
// MadeSound: the AAC that a stream gets for the formats that cannot show its own sound: transcoded,
// or silence. Made once, however many formats and viewers, and only while it runs. Keeps the frames
// that belong to the last GOP, for tapes that are started. Lives on the home loop, in its
// Publication.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/gop_cache.h"
#include "media/track_set.h"
#include "stream/publication_context.h"
#include "stream/silence.h"
#include "stream/sound_converter.h"

namespace sluice::stream {

class MadeSoundOwner {
 public:
  // The next frame. Its time may be before those of pictures that are there already.
  virtual void on_made_sound(const media::Frame &frame) = 0;
  // Tapes may be started: the sound of the last GOP is there.
  virtual void on_sound_ready() = 0;
  // There will be none: the track cannot be decoded.
  virtual void on_no_sound() = 0;

 protected:
  ~MadeSoundOwner() = default;
};

class MadeSound {
 public:
  // All must outlive it. gop: the stream's, whose frames come here too.
  MadeSound(const PublicationContext &context, const std::string &stream,
            const media::GopCache &gop, MadeSoundOwner &owner)
      : context_(context), stream_(stream), gop_(gop), owner_(owner) {}

  // Starts with the frames of the GOP, unless it runs, or has been started a moment ago: then the
  // next frame may try again. sound: null for silence.
  void start(const media::Track *sound);
  void stop();  // also forgets what was kept
  [[nodiscard]] bool is_running() const { return silence_ || converter_; }
  [[nodiscard]] bool is_ready() const { return silence_ || (converter_ && converter_->is_ready()); }

  // Memory that the kept frames hold.
  [[nodiscard]] std::size_t held_bytes() const { return held_; }

  // A frame of the stream, while it runs.
  void push(const media::Frame &frame);

  // The pictures of the GOP with the sound that was made, in the order of their times.
  [[nodiscard]] std::vector<media::Frame> gop_frames() const;

 private:
  [[nodiscard]] bool may_start() const;
  void keep(const media::Frame &frame);
  void let_go_of_oldest();
  void add(const media::Frame &frame);
  void take(std::vector<transcode::SoundFrame> frames);
  void give_out(const media::Frame &frame);
  void fail(const base::Error &error);

  const PublicationContext &context_;
  const std::string &stream_;
  const media::GopCache &gop_;
  MadeSoundOwner &owner_;
  SoundAllowance allowance_;
  std::optional<base::MonoTime> started_at_;
  std::weak_ptr<const void> before_;  // the converter that was started last
  std::optional<Silence> silence_;
  std::unique_ptr<SoundConverter> converter_;
  std::deque<media::Frame> kept_;
  std::size_t held_ = 0;
  media::Ticks told_{-1};  // time of the newest frame that the owner got, over all starts
};

}  // namespace sluice::stream
