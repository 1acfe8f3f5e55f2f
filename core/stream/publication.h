// SPDX-License-Identifier: Apache-2.0
// Publication: what one publisher sends under a name, from its grant to its end. Takes frames,
// keeps the last GOP, and muxes onto the tapes that somebody reads. Lives on its home loop, which
// is the publisher's; owned by that loop's shelf.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/live.h"
#include "loop/timer.h"
#include "media/gop_cache.h"
#include "media/metadata.h"
#include "media/timeline.h"
#include "media/track_set.h"
#include "stream/format_tape.h"
#include "stream/stream_entry.h"
#include "stream/stream_metrics.h"
#include "stream/wake_list.h"

namespace sluice::stream {

// What a publication needs of its surroundings; all borrowed, all of its loop.
struct PublicationContext {
  loop::Loop &loop;
  const config::Live &config;
  StreamMetrics &metrics;
  std::shared_ptr<tape::BlockPool> blocks;
  std::function<void(StreamFacts)> on_facts;  // called when the tracks are known or change
};

// Whoever feeds a publication.
class PublicationOwner {
 public:
  // Another publisher takes the name over: release the publication soon.
  virtual void on_revoked() = 0;

 protected:
  ~PublicationOwner() = default;
};

class Publication {
 public:
  Publication(PublicationContext context, std::shared_ptr<const StreamEntry> entry,
              media::Ticks start_at, PublicationOwner &owner);
  ~Publication();  // ends the tapes
  Publication(const Publication &) = delete;
  Publication &operator=(const Publication &) = delete;

  // From the publisher. A frame's dts is the publisher's own stamp; it is placed on the stream's
  // time line here.
  void set_track(const media::Track &track);
  void set_metadata(const media::Metadata &metadata);
  void push(media::Frame &&frame);
  // Something was dropped; `what` is a literal and is listed once.
  void note_ignored(const char *what);

  // A loop wants to read. reply gets a view once the tracks are decided and the tape runs, at once
  // if they are; never when the publication ends before. The subscriber is woken whenever there is
  // more to read.
  using OnView = std::move_only_function<void(tape::TapeView)>;
  void subscribe(Format format, std::shared_ptr<Subscriber> subscriber, OnView reply);
  void unsubscribe(const std::shared_ptr<Subscriber> &subscriber);

  [[nodiscard]] const StreamEntry &entry() const { return *entry_; }
  [[nodiscard]] PublicationOwner &owner() const { return owner_; }
  // Where a publisher that comes back may go on.
  [[nodiscard]] media::Ticks resume_point() const { return timeline_.resume_point(); }

 private:
  struct Reader {
    std::shared_ptr<Subscriber> subscriber;
    OnView waiting;  // empty once answered
  };

  void decide_tracks();
  bool accept(const media::Frame &frame);
  void append(const media::Frame &frame);
  void flush_if_due(const media::Frame &frame);
  void flush();
  bool start_tape();
  void drop_tape_if_unread();
  void answer_waiting();
  void reconfigure(media::Kind changed);
  void count_drop(metrics::Counter &reason);
  void note_uncarried();
  void report_facts();
  void report_held_facts();
  void update_counters(const media::Frame &frame);

  PublicationContext context_;
  std::shared_ptr<const StreamEntry> entry_;
  PublicationOwner &owner_;

  media::TimeLine timeline_;
  media::GopCache gop_;
  media::TrackSet tracks_;
  media::Metadata metadata_;
  std::vector<const char *> ignored_;
  // Viewers are let in only when the tracks are decided: both are there, or the wait for a second
  // one is over. Until then the frames gather in the GOP cache.
  bool decided_ = false;
  loop::Timer track_wait_;

  std::unique_ptr<FormatTape> tape_;
  bool tape_needs_key_ = false;  // frames were lost; the tape goes on at the next key frame
  media::Ticks flushed_dts_{0};
  // Shows what waits to be flushed when no further frame comes to do it.
  loop::Timer late_flush_;
  std::vector<Reader> readers_;
  loop::Timer tape_grace_;
  std::uint64_t corrections_seen_ = 0;
  // A publisher that changes its mind with every message must not flood the main loop.
  loop::Timer facts_pause_;
  unsigned facts_told_ = 0;  // since the pause began to run
  bool facts_held_ = false;  // something is to be told when it ends
};

}  // namespace sluice::stream
