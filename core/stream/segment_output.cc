// SPDX-License-Identifier: Apache-2.0
#include "stream/segment_output.h"

#include <utility>

namespace sluice::stream {

SegmentOutput::SegmentOutput(const PublicationContext &context, SegmentLog &log,
                             std::function<void()> on_unread)
    : context_(context),
      log_(log),
      on_unread_(std::move(on_unread)),
      grace_(context.loop, [this] { release_if_unread(); }) {
  // What the publisher before has left is let go of when nobody comes to read on.
  if (!log_.read()->segments.empty()) grace_.start(context_.config->stream.tape_grace);
}

SegmentOutput::~SegmentOutput() = default;

void SegmentOutput::subscribe(std::shared_ptr<Subscriber> subscriber) {
  grace_.stop();
  if (segmenter_) subscriber->wake();
  readers_.push_back(std::move(subscriber));
}

void SegmentOutput::unsubscribe(const std::shared_ptr<Subscriber> &subscriber) {
  if (std::erase(readers_, subscriber) == 0 || !readers_.empty()) return;
  grace_.start(context_.config->stream.tape_grace);
}

void SegmentOutput::start(tape::TapeView view, const media::TrackSet &carried) {
  segmenter_.emplace(std::move(view), log_, context_.config);
  segmenter_->set_tracks(carried);
  advance();
}

void SegmentOutput::set_tracks(const media::TrackSet &carried) {
  if (segmenter_) segmenter_->set_tracks(carried);
}

void SegmentOutput::advance() {
  if (segmenter_ && segmenter_->advance()) wake_readers();
}

void SegmentOutput::end() {
  if (!segmenter_) return;
  segmenter_->end();
  segmenter_.reset();
  if (readers_.empty()) Segmenter::release(log_);
  wake_readers();
}

void SegmentOutput::release_if_unread() {
  if (!readers_.empty()) return;
  segmenter_.reset();
  Segmenter::release(log_);
  on_unread_();
}

void SegmentOutput::wake_readers() {
  for (const auto &reader : readers_)
    reader->wake();
}

}  // namespace sluice::stream
