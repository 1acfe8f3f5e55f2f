// SPDX-License-Identifier: Apache-2.0
// SegmentOutput: cuts the tape of one format of a publication into segments, while somebody reads
// them and for a grace after that. Lives on the home loop, in its FormatOutput.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "loop/timer.h"
#include "stream/publication_context.h"
#include "stream/segmenter.h"
#include "stream/wake_list.h"

namespace sluice::stream {

class SegmentOutput {
 public:
  // All must outlive it. on_unread is called when the tape is not needed any more.
  SegmentOutput(const PublicationContext &context, SegmentLog &log,
                std::function<void()> on_unread);
  ~SegmentOutput();  // after end()
  SegmentOutput(const SegmentOutput &) = delete;
  SegmentOutput &operator=(const SegmentOutput &) = delete;

  void subscribe(std::shared_ptr<Subscriber> subscriber);
  void unsubscribe(const std::shared_ptr<Subscriber> &subscriber);

  // Wants a tape to be started on.
  [[nodiscard]] bool waits() const { return !readers_.empty() && !segmenter_; }
  [[nodiscard]] bool needs_tape() const { return !readers_.empty() || segmenter_; }

  void start(tape::TapeView view, const media::TrackSet &carried);
  void set_tracks(const media::TrackSet &carried);
  // After the tape has published.
  void advance();
  // The publisher is gone.
  void end();

 private:
  void release_if_unread();
  void wake_readers();

  const PublicationContext &context_;
  SegmentLog &log_;
  const std::function<void()> on_unread_;
  std::vector<std::shared_ptr<Subscriber>> readers_;
  std::optional<Segmenter> segmenter_;
  loop::Timer grace_;
};

}  // namespace sluice::stream
