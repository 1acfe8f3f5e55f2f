// SPDX-License-Identifier: Apache-2.0
// FormatOutput: what one publication does for one format: the tape, while somebody reads it or its
// segments and for a grace after that, and those who read it. Lives on the home loop, in its
// Publication.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "loop/timer.h"
#include "stream/format_tape.h"
#include "stream/publication_context.h"
#include "stream/segment_output.h"
#include "stream/wake_list.h"
#include "tape/tape_view.h"

namespace sluice::stream {

// What a publication shows in a format. Borrowed for the call.
struct PublicationState {
  const media::TrackSet &tracks;
  const media::Metadata &metadata;
  media::Ticks newest;  // time that was given to a frame
};

class FormatOutput {
 public:
  // Both must outlive it.
  FormatOutput(Format format, const PublicationContext &context, const StreamEntry &entry);
  ~FormatOutput();  // ends the tape
  FormatOutput(const FormatOutput &) = delete;
  FormatOutput &operator=(const FormatOutput &) = delete;

  // As in Publication; whoever subscribes is answered by answer_waiting().
  using OnView = std::move_only_function<void(tape::TapeView)>;
  void subscribe(std::shared_ptr<Subscriber> subscriber, OnView reply);
  void unsubscribe(const std::shared_ptr<Subscriber> &subscriber);
  // Of formats that have segments.
  void subscribe_segments(std::shared_ptr<Subscriber> subscriber);
  void unsubscribe_segments(const std::shared_ptr<Subscriber> &subscriber);
  [[nodiscard]] bool is_awaited() const;
  // Somebody waits: starts the tape, with the frames of the last GOP, unless it runs. True when it
  // was started now.
  bool answer_waiting(const PublicationState &state, std::span<const media::Frame> gop);

  [[nodiscard]] bool running() const { return tape_ != nullptr; }

  // With a tape that is running.
  void append(const media::Frame &frame);
  void reconfigure(const PublicationState &state, media::Kind changed);
  // Lets readers see what was appended.
  void flush();

 private:
  struct Reader {
    std::shared_ptr<Subscriber> subscriber;
    OnView waiting;  // empty once answered
  };

  bool start(const PublicationState &state, std::span<const media::Frame> gop);
  void note_loss(const base::Error &error);
  void count_drop(metrics::Counter &reason);
  void count_held(std::uint64_t bytes);
  void wake_readers();
  void drop_if_unread();

  const Format format_;
  const PublicationContext &context_;
  const StreamEntry &entry_;
  std::unique_ptr<FormatTape> tape_;
  bool needs_key_ = false;           // frames were lost; the tape goes on at the next key frame
  std::uint64_t counted_bytes_ = 0;  // as counters.tape_bytes has it
  std::vector<Reader> readers_;
  SegmentOutput segments_;
  loop::Timer grace_;
};

}  // namespace sluice::stream
