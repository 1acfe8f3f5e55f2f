// SPDX-License-Identifier: Apache-2.0
// Publication: what one publisher sends under a name, from its grant to its end. Takes frames,
// keeps the last GOP, and muxes onto the tapes that somebody reads. Lives on its home loop, which
// is the publisher's; owned by that loop's shelf.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "loop/timer.h"
#include "media/gop_cache.h"
#include "media/metadata.h"
#include "media/timeline.h"
#include "media/track_set.h"
#include "stream/format_output.h"
#include "stream/made_sound.h"
#include "stream/publication_context.h"

namespace sluice::stream {

// What a picture of a stream is made from, copied for another thread.
struct KeyFrame {
  // False: the stream begins, and it is not known yet what it will have.
  bool decided = false;
  std::shared_ptr<const media::Track> video;  // null: the stream has none
  // The newest key frame as media::Frame has it, one copy for all who ask at a time; null when none
  // is kept.
  std::shared_ptr<const std::string> payload;
  media::Ticks dts{0};
};

// Whoever feeds a publication.
class PublicationOwner {
 public:
  // Another publisher takes the name over: release the publication soon.
  virtual void on_revoked() = 0;

 protected:
  ~PublicationOwner() = default;
};

class Publication final : private MadeSoundOwner {
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

  // A loop wants to read in a format. reply gets a view once the tracks are decided and the tape
  // runs, at once if they are; never when the publication ends before. The subscriber is woken
  // whenever there is more to read.
  using OnView = FormatOutput::OnView;
  void subscribe(Format format, std::shared_ptr<Subscriber> subscriber, OnView reply);
  void unsubscribe(Format format, const std::shared_ptr<Subscriber> &subscriber);
  // The same for whoever reads the segments in the entry's log.
  void subscribe_segments(Format format, std::shared_ptr<Subscriber> subscriber);
  void unsubscribe_segments(Format format, const std::shared_ptr<Subscriber> &subscriber);

  // The newest key frame that is kept.
  [[nodiscard]] KeyFrame key_frame();

  [[nodiscard]] const StreamEntry &entry() const { return *entry_; }
  [[nodiscard]] PublicationOwner &owner() const { return owner_; }
  // Where a publisher that comes back may go on.
  [[nodiscard]] media::Ticks resume_point() const { return timeline_.resume_point(); }

 private:
  void decide_tracks();
  bool accept(const media::Frame &frame);
  void flush_if_due(const media::Frame &frame);
  void flush();
  void answer_waiting(Format format);
  void answer_all_waiting();
  void reconfigure(media::Kind changed);
  void review_shown();
  [[nodiscard]] bool needs_made_sound() const;
  void start_sound();
  void stop_sound();
  void run_sound(const media::Frame &frame);
  void on_made_sound(const media::Frame &frame) override;
  void on_sound_ready() override { answer_all_waiting(); }
  void on_no_sound() override;
  void count_drop(metrics::Counter &reason);
  void report_facts();
  void report_held_facts();
  void update_counters(const media::Frame &frame);
  [[nodiscard]] FormatOutput &output(Format format) { return outputs_[index(format)]; }
  [[nodiscard]] const FormatOutput &output(Format format) const { return outputs_[index(format)]; }
  [[nodiscard]] const Shown &shown(Format format) const { return shown_[index(format)]; }
  [[nodiscard]] bool is_made(Format format) const {
    return shown(format).sound != SoundFrom::Stream;
  }
  [[nodiscard]] PublicationState state(Format format) const {
    return {shown(format).tracks, metadata_, timeline_.newest()};
  }

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

  std::array<Shown, kFormats> shown_;           // by Format
  std::array<FormatOutput, kFormats> outputs_;  // by Format
  MadeSound sound_;
  bool sound_failed_ = false;  // this track's cannot be transcoded
  bool is_pushing_ = false;
  media::Ticks flushed_dts_{0};
  // Shows what waits to be flushed when no further frame comes to do it.
  loop::Timer late_flush_;
  std::uint64_t corrections_seen_ = 0;
  // What key_frame() gave out last, while somebody still has it.
  std::weak_ptr<const std::string> copied_key_;
  media::Ticks copied_key_dts_{0};
  // A publisher that changes its mind with every message must not flood the main loop.
  loop::Timer facts_pause_;
  unsigned facts_told_ = 0;  // since the pause began to run
  bool facts_held_ = false;  // something is to be told when it ends
};

}  // namespace sluice::stream
