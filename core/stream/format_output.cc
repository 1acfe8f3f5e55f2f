// SPDX-License-Identifier: Apache-2.0
#include "stream/format_output.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace sluice::stream {
namespace {

// A tape keeps a little more than the lag after which a viewer skips.
constexpr base::Millis kWindowSlack{3000};

}  // namespace

FormatOutput::FormatOutput(Format format, const PublicationContext &context,
                           const StreamEntry &entry)
    : format_(format),
      context_(context),
      entry_(entry),
      segments_(context, entry.segments_in(format), [this] { drop_if_unread(); }),
      grace_(context.loop, [this] { drop_if_unread(); }) {}

FormatOutput::~FormatOutput() {
  count_held(0);
  if (!tape_) return;
  // What is lost here has no reader who could wait for it.
  (void)tape_->close_unit();
  context_.metrics.copied_tape_bytes.add(tape_->take_copied());
  tape_->tape().end();
  segments_.end();
  wake_readers();
}

void FormatOutput::subscribe(std::shared_ptr<Subscriber> subscriber, OnView reply) {
  grace_.stop();
  readers_.push_back({std::move(subscriber), std::move(reply)});
}

void FormatOutput::unsubscribe(const std::shared_ptr<Subscriber> &subscriber) {
  std::erase_if(readers_, [&](const Reader &reader) { return reader.subscriber == subscriber; });
  if (readers_.empty() && tape_) grace_.start(context_.config->stream.tape_grace);
}

void FormatOutput::subscribe_segments(std::shared_ptr<Subscriber> subscriber) {
  if (has_segments(format_)) segments_.subscribe(std::move(subscriber));
}

void FormatOutput::unsubscribe_segments(const std::shared_ptr<Subscriber> &subscriber) {
  segments_.unsubscribe(subscriber);
}

bool FormatOutput::is_awaited() const {
  return segments_.waits() ||
         std::ranges::any_of(readers_, [](const Reader &r) { return bool(r.waiting); });
}

bool FormatOutput::answer_waiting(const PublicationState &state,
                                  std::span<const media::Frame> gop) {
  const bool starts = !tape_;
  if (starts && !start(state, gop)) return false;
  for (Reader &reader : readers_) {
    if (!reader.waiting) continue;
    auto reply = std::exchange(reader.waiting, nullptr);
    reply(tape_->tape().make_view());
  }
  if (segments_.waits()) {
    segments_.start(tape_->tape().make_view(), state.tracks);
  }
  return starts;
}

// Muxes the last GOP, so that the tape's first reader starts at once.
bool FormatOutput::start(const PublicationState &state, std::span<const media::Frame> gop) {
  const auto &config = *context_.config;
  tape::Tape::Limits limits{config.stream.tape_window, config.deliver.skip_after + kWindowSlack};
  auto tape = tape::Tape::create(context_.blocks, limits);
  if (!tape) return false;
  auto started = FormatTape::create(format_, std::move(*tape), config);
  media::Ticks from = gop.empty() ? state.newest : gop.front().dts;
  if (!started->configure(state.tracks, state.metadata, from)) return false;
  tape_ = std::move(started);
  needs_key_ = true;
  for (const media::Frame &frame : gop)
    append(frame);
  flush();
  return true;
}

void FormatOutput::append(const media::Frame &frame) {
  if (!tape_->carries(frame.kind())) return;
  bool is_video = frame.kind() == media::Kind::Video;
  if (needs_key_ && tape_->carries(media::Kind::Video) && !(is_video && frame.key)) {
    return count_drop(context_.metrics.dropped_no_key);
  }
  needs_key_ = false;
  if (auto appended = tape_->append(frame); !appended) note_loss(appended.error());
  context_.metrics.copied_tape_bytes.add(tape_->take_copied());
}

void FormatOutput::note_loss(const base::Error &error) {
  static base::log::Limiter limiter;
  if (auto held = limiter.admit()) {
    base::log::error(
        "frame lost",
        {{"stream", entry_.name}, {"why", base::describe(error)}, {"suppressed", *held}});
  }
  needs_key_ = true;
  count_drop(context_.metrics.dropped_no_memory);
}

void FormatOutput::reconfigure(const PublicationState &state, media::Kind changed) {
  auto waits = tape_->configure(state.tracks, state.metadata, state.newest);
  // Video of a new configuration starts with its own key frame.
  if (!waits || *waits || changed == media::Kind::Video) needs_key_ = true;
  segments_.set_tracks(state.tracks);
  // A new configuration takes a new block, and only publishing lets old ones go.
  flush();
}

void FormatOutput::flush() {
  if (auto closed = tape_->close_unit(); !closed) note_loss(closed.error());
  context_.metrics.copied_tape_bytes.add(tape_->take_copied());
  tape_->tape().publish();
  count_held(tape_->tape().held_bytes());
  segments_.advance();
  wake_readers();
}

void FormatOutput::wake_readers() {
  for (const Reader &reader : readers_)
    reader.subscriber->wake();
}

void FormatOutput::count_drop(metrics::Counter &reason) {
  reason.add();
  entry_.counters->frames_dropped.fetch_add(1, std::memory_order_relaxed);
}

void FormatOutput::count_held(std::uint64_t bytes) {
  // Below zero it wraps, and comes out right.
  entry_.counters->tape_bytes.fetch_add(bytes - std::exchange(counted_bytes_, bytes),
                                        std::memory_order_relaxed);
}

void FormatOutput::drop_if_unread() {
  if (!readers_.empty() || segments_.needs_tape() || grace_.active()) return;
  tape_.reset();
  count_held(0);
}

}  // namespace sluice::stream
