// SPDX-License-Identifier: Apache-2.0
#include "stream/publication.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "mux/flv_writer.h"
#include "stream/flv_tape.h"

namespace sluice::stream {
namespace {

// A stream with video is flushed with each video frame. Audio that gets no video for this long is
// flushed by itself.
constexpr media::Ticks kAudioPatience = base::Millis(200);
// What no later frame flushes waits for this long.
constexpr base::Millis kLateFlush{200};
// A stream without video is flushed at most 25 times a second, as one with video usually is.
constexpr media::Ticks kAudioOnlyInterval = base::Millis(40);
// A tape keeps a little more than the lag after which a viewer skips.
constexpr base::Millis kWindowSlack{3000};
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
      late_flush_(context_.loop, [this] { flush(); }),
      tape_grace_(context_.loop, [this] { drop_tape_if_unread(); }),
      facts_pause_(context_.loop, [this] { report_held_facts(); }) {
  timeline_.start_at(start_at);
  context_.metrics.publishers.add(1);
}

Publication::~Publication() {
  context_.metrics.publishers.add(-1);
  auto &counters = *entry_->counters;
  counters.nothing_for_flv.store(false, std::memory_order_relaxed);
  counters.gop_bytes.store(0, std::memory_order_relaxed);
  counters.gop_frames.store(0, std::memory_order_relaxed);
  counters.tape_bytes.store(0, std::memory_order_relaxed);
  if (!tape_) return;
  tape_->tape().end();
  for (const Reader &reader : readers_)
    reader.subscriber->wake();
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
  timeline_.place(frame);
  auto added = gop_.add(frame);
  if (added == media::GopCache::Added::Overflowed) context_.metrics.dropped_gop_limit.add();
  if (!decided_) {
    bool both = tracks_.video && tracks_.audio;
    if (both) return decide_tracks();
    if (!track_wait_.active()) track_wait_.start(context_.config->stream.track_wait);
    return;
  }
  if (!tape_) return answer_waiting();  // There was no memory for the tape before.
  append(frame);
  flush_if_due(frame);
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

void Publication::append(const media::Frame &frame) {
  if (!tape_->carries(frame.kind())) return;
  bool is_video = frame.kind() == media::Kind::Video;
  if (tape_needs_key_ && tape_->carries(media::Kind::Video) && !(is_video && frame.key)) {
    return count_drop(context_.metrics.dropped_no_key);
  }
  tape_needs_key_ = false;
  if (auto appended = tape_->append(frame); !appended) {
    static base::log::Limiter limiter;
    if (auto held = limiter.admit()) {
      base::log::error("frame lost", {{"stream", entry_->name},
                                      {"why", base::describe(appended.error())},
                                      {"suppressed", *held}});
    }
    tape_needs_key_ = true;
    return count_drop(context_.metrics.dropped_no_memory);
  }
  context_.metrics.copied_tape_bytes.add(frame.payload.size);
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
  if (!tape_) return;
  tape_->tape().publish();
  entry_->counters->tape_bytes.store(tape_->tape().held_bytes(), std::memory_order_relaxed);
  for (const Reader &reader : readers_)
    reader.subscriber->wake();
}

void Publication::decide_tracks() {
  if (decided_) return;
  decided_ = true;
  track_wait_.stop();
  note_uncarried();
  report_facts();
  answer_waiting();
}

void Publication::note_uncarried() {
  const bool nothing = !tracks_.empty() && mux::flv_tracks(tracks_).empty();
  entry_->counters->nothing_for_flv.store(nothing, std::memory_order_relaxed);
}

void Publication::reconfigure(media::Kind changed) {
  if (!tape_) return;
  if (!tape_->configure(tracks_, metadata_, timeline_.newest())) tape_needs_key_ = true;
  // Video of a new configuration starts with its own key frame.
  if (changed == media::Kind::Video) tape_needs_key_ = true;
  // A new configuration takes a new block, and only publishing lets old ones go.
  flush();
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
  (void)format;  // FLV is the only one so far.
  tape_grace_.stop();
  readers_.push_back({std::move(subscriber), std::move(reply)});
  if (decided_) answer_waiting();
}

void Publication::unsubscribe(const std::shared_ptr<Subscriber> &subscriber) {
  std::erase_if(readers_, [&](const Reader &reader) { return reader.subscriber == subscriber; });
  if (readers_.empty() && tape_) tape_grace_.start(context_.config->stream.tape_grace);
}

void Publication::answer_waiting() {
  bool anybody = std::ranges::any_of(readers_, [](const Reader &r) { return bool(r.waiting); });
  if (!anybody || (!tape_ && !start_tape())) return;
  for (Reader &reader : readers_) {
    if (!reader.waiting) continue;
    auto reply = std::exchange(reader.waiting, nullptr);
    reply(tape_->tape().make_view());
  }
}

// Muxes the last GOP, so that the tape's first reader starts at once.
bool Publication::start_tape() {
  const auto &config = *context_.config;
  tape::Tape::Limits limits{config.stream.tape_window, config.deliver.skip_after + kWindowSlack};
  auto tape = tape::Tape::create(context_.blocks, limits);
  if (!tape) return false;
  tape_ = std::make_unique<FlvTape>(std::move(*tape), config.stream.h265_in_flv);
  tape_needs_key_ = true;
  media::Ticks start = gop_.empty() ? timeline_.newest() : gop_.frames().front().dts;
  if (!tape_->configure(tracks_, metadata_, start)) return false;
  for (const media::Frame &frame : gop_.frames())
    append(frame);
  flushed_dts_ = timeline_.newest();
  flush();
  return true;
}

void Publication::drop_tape_if_unread() {
  if (!readers_.empty()) return;
  tape_.reset();
  entry_->counters->tape_bytes.store(0, std::memory_order_relaxed);
}

}  // namespace sluice::stream
