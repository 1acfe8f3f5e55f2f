// SPDX-License-Identifier: Apache-2.0
#include "stream/publication.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace sluice::stream {
namespace {

// A stream with video is flushed with each video frame. Audio that gets no video for this long is
// flushed by itself.
constexpr media::Ticks kAudioPatience = base::Millis(200);
// What no later frame flushes waits for this long.
constexpr base::Millis kLateFlush{200};
// A stream without video is flushed at most 25 times a second, as one with video usually is.
constexpr media::Ticks kAudioOnlyInterval = base::Millis(40);
// Different reasons for dropping something that one publication may list.
constexpr std::size_t kMaxIgnored = 16;
// So many changes of what is known are told at once; further ones when the pause is over.
constexpr unsigned kFactsAtOnce = 16;
constexpr base::Millis kFactsPause{500};

}  // namespace

Publication::Publication(PublicationContext context, std::shared_ptr<const StreamEntry> entry,
                         media::Ticks start_at, PublicationOwner &owner)
    : context_(std::move(context)),
      entry_(std::move(entry)),
      owner_(owner),
      gop_({context_.config->stream.gop_max_bytes, context_.config->stream.gop_max_duration}),
      track_wait_(context_.loop, [this] { decide_tracks(); }),
      outputs_{FormatOutput(Format::Flv, context_, *entry_),
               FormatOutput(Format::Fmp4, context_, *entry_),
               FormatOutput(Format::Ts, context_, *entry_),
               FormatOutput(Format::Fmp4Flussonic, context_, *entry_),
               FormatOutput(Format::Fmp4Ivideon, context_, *entry_)},
      sound_(context_, entry_->name, gop_, *this),
      late_flush_(context_.loop, [this] { flush(); }),
      facts_pause_(context_.loop, [this] { report_held_facts(); }) {
  timeline_.start_at(start_at);
  context_.metrics.publishers.add(1);
}

Publication::~Publication() {
  context_.metrics.publishers.add(-1);
  auto &counters = *entry_->counters;
  for (auto &nothing : counters.nothing_for)
    nothing.store(false, std::memory_order_relaxed);
  counters.gop_bytes.store(0, std::memory_order_relaxed);
  counters.gop_frames.store(0, std::memory_order_relaxed);
  counters.makes_sound.store(false, std::memory_order_relaxed);
}

void Publication::set_track(const media::Track &track) {
  auto &slot = tracks_.of(media::kind_of(track.codec));
  if (slot == track) return;
  bool changed = slot.has_value();
  bool decodes_anew = changed && (slot->codec != track.codec || slot->config != track.config);
  slot = track;
  static base::log::Limiter limiter;
  if (auto held = changed ? limiter.admit() : base::log::Limiter::Admission{true}) {
    base::log::info(changed ? "track changed" : "track found",
                    {{"stream", entry_->name},
                     {"codec", media::codec_name(track.codec)},
                     {"detail", track.codec_string},
                     {"suppressed", *held}});
  }
  if (decodes_anew) gop_.clear();  // Frames of the old configuration need the old one.
  if (media::kind_of(track.codec) == media::Kind::Audio) {
    stop_sound();
    sound_failed_ = false;
  }
  review_shown();
  if (decided_) {
    reconfigure(media::kind_of(track.codec));
  } else if (tracks_.video && tracks_.audio && !gop_.empty()) {
    decide_tracks();
  }
  report_facts();
}

void Publication::set_metadata(const media::Metadata &metadata) {
  if (metadata_ == metadata) return;
  metadata_ = metadata;
  report_facts();
}

void Publication::note_ignored(const char *what) {
  if (ignored_.size() >= kMaxIgnored) return;
  if (std::ranges::find(ignored_, what) != ignored_.end()) return;
  ignored_.push_back(what);
  base::log::warning("not passed on", {{"stream", entry_->name}, {"what", what}});
  report_facts();
}

void Publication::push(media::Frame &&frame) {
  update_counters(frame);
  if (!accept(frame)) return;
  if (frame.wall_us == 0) frame.wall_us = base::wall_us();  // its protocol tells no time of day
  timeline_.place(frame);
  auto added = gop_.add(frame);
  if (added == media::GopCache::Added::Overflowed) context_.metrics.dropped_gop_limit.add();
  if (!decided_) {
    bool both = tracks_.video && tracks_.audio;
    if (both) return decide_tracks();
    if (!track_wait_.active()) track_wait_.start(context_.config->stream.track_wait);
    return;
  }
  // Silence that comes with a picture is shown with it.
  is_pushing_ = true;
  run_sound(frame);
  is_pushing_ = false;
  bool appended = false;
  for (Format format : kAllFormats) {
    if (!output(format).running()) {
      answer_waiting(format);  // There was no memory for the tape before.
    } else if (frame.kind() == media::Kind::Video || !is_made(format)) {
      output(format).append(frame);
      appended = true;
    }
  }
  if (appended) flush_if_due(frame);
}

// Frames that no decoder could take are dropped here, once for all viewers.
bool Publication::accept(const media::Frame &frame) {
  const auto &track = tracks_.of(frame.kind());
  bool usable = track && track->codec == frame.codec &&
                (!media::needs_config(frame.codec) || !track->config.empty());
  if (!usable) count_drop(context_.metrics.dropped_no_config);
  return usable;
}

void Publication::count_drop(metrics::Counter &reason) {
  reason.add();
  entry_->counters->frames_dropped.fetch_add(1, std::memory_order_relaxed);
}

void Publication::update_counters(const media::Frame &frame) {
  auto &metrics = context_.metrics;
  (frame.kind() == media::Kind::Video ? metrics.video_frames : metrics.audio_frames).add();
  metrics.payload_bytes.add(frame.payload.size);
  auto &counters = *entry_->counters;
  counters.bytes_in.fetch_add(frame.payload.size, std::memory_order_relaxed);
  counters.frames_in.fetch_add(1, std::memory_order_relaxed);
  counters.gop_bytes.store(gop_.held_bytes() + sound_.held_bytes(), std::memory_order_relaxed);
  counters.gop_frames.store(gop_.frames().size(), std::memory_order_relaxed);
  if (auto corrections = timeline_.corrections(); corrections != corrections_seen_) {
    metrics.corrections.add(corrections - corrections_seen_);
    counters.corrections.fetch_add(corrections - corrections_seen_, std::memory_order_relaxed);
    corrections_seen_ = corrections;
  }
}

void Publication::flush_if_due(const media::Frame &frame) {
  auto patience = tracks_.video ? kAudioPatience : kAudioOnlyInterval;
  if (frame.kind() == media::Kind::Video || frame.dts - flushed_dts_ >= patience) {
    flushed_dts_ = frame.dts;
    flush();
  } else if (!late_flush_.active()) {
    late_flush_.start(kLateFlush);
  }
}

void Publication::flush() {
  late_flush_.stop();
  for (FormatOutput &output : outputs_) {
    if (output.running()) output.flush();
  }
}

void Publication::decide_tracks() {
  if (decided_) return;
  decided_ = true;
  track_wait_.stop();
  review_shown();
  report_facts();
  answer_all_waiting();
}

// What each format shows, and that a format has nothing to show.
void Publication::review_shown() {
  config::Sound rules = context_.config->sound;
  if (context_.work == nullptr || sound_failed_) rules.transcode = config::SoundTranscode::Never;
  rules.silent_track = rules.silent_track && decided_;  // the stream's own may still come
  for (Format format : kAllFormats) {
    shown_[index(format)] = shown_in(format, tracks_, rules);
    const bool nothing = decided_ && !tracks_.empty() && shown(format).tracks.empty();
    entry_->counters->nothing_for[index(format)].store(nothing, std::memory_order_relaxed);
  }
  const auto &flv = shown(Format::Flv).tracks;
  if (tracks_.video && !flv.video) note_ignored("video is not carried by FLV");
  if (tracks_.audio && !flv.audio) note_ignored("audio is not carried by FLV");
}

void Publication::reconfigure(media::Kind changed) {
  for (Format format : kAllFormats) {
    if (output(format).running()) output(format).reconfigure(state(format), changed);
  }
}

bool Publication::needs_made_sound() const {
  return std::ranges::any_of(kAllFormats, [this](Format format) {
    return is_made(format) && (output(format).running() || output(format).is_awaited());
  });
}

void Publication::start_sound() {
  sound_.start(tracks_.audio ? &*tracks_.audio : nullptr);
  entry_->counters->makes_sound.store(sound_.is_running(), std::memory_order_relaxed);
}

void Publication::stop_sound() {
  sound_.stop();
  entry_->counters->makes_sound.store(false, std::memory_order_relaxed);
}

void Publication::run_sound(const media::Frame &frame) {
  if (needs_made_sound()) {
    if (sound_.is_running()) return sound_.push(frame);
    return start_sound();  // with the frame, which the GOP has
  }
  if (sound_.is_running()) stop_sound();
}

void Publication::on_made_sound(const media::Frame &frame) {
  bool appended = false;
  for (Format format : kAllFormats) {
    if (!is_made(format) || !output(format).running()) continue;
    output(format).append(frame);
    appended = true;
  }
  if (appended && !is_pushing_) flush_if_due(frame);
}

void Publication::on_no_sound() {
  sound_failed_ = true;
  review_shown();
  reconfigure(media::Kind::Audio);
  report_facts();
  answer_all_waiting();
}

void Publication::report_facts() {
  if (!facts_pause_.active()) {
    facts_told_ = 0;
    facts_pause_.start(kFactsPause);
  }
  if (++facts_told_ > kFactsAtOnce) {
    facts_held_ = true;
    return;
  }
  StreamFacts facts{tracks_, metadata_.encoder, {}, shown_};
  for (const char *what : ignored_)
    facts.ignored.emplace_back(what);
  context_.on_facts(std::move(facts));
}

void Publication::report_held_facts() {
  if (std::exchange(facts_held_, false)) report_facts();
}

void Publication::subscribe(Format format, std::shared_ptr<Subscriber> subscriber, OnView reply) {
  output(format).subscribe(std::move(subscriber), std::move(reply));
  answer_waiting(format);
}

void Publication::unsubscribe(Format format, const std::shared_ptr<Subscriber> &subscriber) {
  output(format).unsubscribe(subscriber);
}

void Publication::subscribe_segments(Format format, std::shared_ptr<Subscriber> subscriber) {
  output(format).subscribe_segments(std::move(subscriber));
  answer_waiting(format);
}

void Publication::unsubscribe_segments(Format format,
                                       const std::shared_ptr<Subscriber> &subscriber) {
  output(format).unsubscribe_segments(subscriber);
}

KeyFrame Publication::key_frame() {
  KeyFrame key;
  key.decided = decided_;
  if (tracks_.video) key.video = std::make_shared<const media::Track>(*tracks_.video);
  if (gop_.starts_with_key()) {
    const media::Frame &frame = gop_.frames().front();
    key.dts = frame.dts;
    if (copied_key_dts_ == frame.dts) key.payload = copied_key_.lock();
    if (!key.payload) {
      key.payload = std::make_shared<const std::string>(base::as_text(frame.payload.bytes()));
    }
    copied_key_ = key.payload;
    copied_key_dts_ = frame.dts;
  }
  return key;
}

void Publication::answer_all_waiting() {
  for (Format format : kAllFormats)
    answer_waiting(format);
}

void Publication::answer_waiting(Format format) {
  FormatOutput &awaited = output(format);
  if (!decided_ || !awaited.is_awaited()) return;
  std::vector<media::Frame> gop;
  if (!awaited.running()) {
    if (is_made(format)) {
      start_sound();
      if (!sound_.is_ready()) return;  // on_sound_ready() comes
      gop = sound_.gop_frames();
    } else {
      gop.assign(gop_.frames().begin(), gop_.frames().end());
    }
  }
  if (awaited.answer_waiting(state(format), gop)) flushed_dts_ = timeline_.newest();
}

}  // namespace sluice::stream
