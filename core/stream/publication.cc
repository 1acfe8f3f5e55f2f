// SPDX-License-Identifier: Apache-2.0
#include "stream/publication.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "mux/flv_writer.h"

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
  if (!mux::flv_can_carry(track)) {
    note_ignored(media::kind_of(track.codec) == media::Kind::Video ? "video is not carried by FLV"
                                                                   : "audio is not carried by FLV");
  }
  if (decodes_anew) gop_.clear();  // Frames of the old configuration need the old one.
  if (decided_) {
    note_uncarried();
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
  bool appended = false;
  for (FormatOutput &output : outputs_) {
    if (output.running()) {
      output.append(frame);
      appended = true;
    } else {
      answer_waiting(output);  // There was no memory for the tape before.
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
  counters.gop_bytes.store(gop_.held_bytes(), std::memory_order_relaxed);
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
  note_uncarried();
  report_facts();
  for (FormatOutput &output : outputs_)
    answer_waiting(output);
}

void Publication::note_uncarried() {
  for (Format format : kAllFormats) {
    const bool nothing = !tracks_.empty() && carried_by(format, tracks_).empty();
    entry_->counters->nothing_for[index(format)].store(nothing, std::memory_order_relaxed);
  }
}

void Publication::reconfigure(media::Kind changed) {
  for (FormatOutput &output : outputs_) {
    if (output.running()) output.reconfigure(state(), changed);
  }
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
  StreamFacts facts{tracks_, metadata_.encoder, {}};
  for (const char *what : ignored_)
    facts.ignored.emplace_back(what);
  context_.on_facts(std::move(facts));
}

void Publication::report_held_facts() {
  if (std::exchange(facts_held_, false)) report_facts();
}

void Publication::subscribe(Format format, std::shared_ptr<Subscriber> subscriber, OnView reply) {
  output(format).subscribe(std::move(subscriber), std::move(reply));
  if (decided_) answer_waiting(output(format));
}

void Publication::unsubscribe(Format format, const std::shared_ptr<Subscriber> &subscriber) {
  output(format).unsubscribe(subscriber);
}

void Publication::subscribe_segments(Format format, std::shared_ptr<Subscriber> subscriber) {
  output(format).subscribe_segments(std::move(subscriber));
  if (decided_) answer_waiting(output(format));
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

void Publication::answer_waiting(FormatOutput &output) {
  if (output.answer_waiting(state())) flushed_dts_ = timeline_.newest();
}

}  // namespace sluice::stream
