// SPDX-License-Identifier: Apache-2.0
// Segmenter: cuts one tape of fMP4 or MPEG-TS into segments and parts and publishes them in the
// stream's log. It copies nothing: what it makes are ranges of the tape. Knows no loop and no
// clock; lives on the stream's home loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "config/live.h"
#include "media/track_set.h"
#include "stream/segments.h"
#include "tape/tape_view.h"

namespace sluice::stream {

class Segmenter {
 public:
  // A segment that has so many parts is cut, whatever else.
  static constexpr std::size_t kMaxParts = 1024;

  // Goes on from the last list of the log, which must outlive it, as must config. Begins with the
  // first key frame that the view has.
  Segmenter(tape::TapeView view, SegmentLog &log, const config::Live &config);

  // The tracks as the container carries them from now on.
  void set_tracks(const media::TrackSet &tracks) { list_.tracks = tracks; }

  // Looks at what the tape has published since. True when there is a new list.
  bool advance();
  // The publisher is gone: what is open is completed.
  void end();

  // Nobody reads any more: the log lets go of all segments, and keeps their numbers.
  static void release(SegmentLog &log);

 private:
  // A frame, or a change of configuration, where it lies on the tape.
  struct Placed {
    std::uint64_t offset;
    const tape::Mark &mark;
    const tape::Prefix &prefix;
  };

  void take(const Placed &frame);
  void skip_what_is_lost();
  void lose_thread();
  [[nodiscard]] bool is_hole(media::Ticks distance) const;
  void end_before_hole(std::uint64_t offset);
  void begin_segment(const Placed &frame);
  void begin_part(const Placed &frame);
  void end_part(std::uint64_t offset);
  void end_segment(std::uint64_t offset);
  void complete_segment();
  [[nodiscard]] bool ends_segment(const Placed &frame) const;
  [[nodiscard]] bool ends_part() const;
  void slide_window();
  void publish();
  void measure(SegmentList &list) const;

  tape::TapeView view_;
  SegmentLog &log_;
  const config::Live &config_;

  std::uint64_t next_;        // offset of the next frame to look at
  media::Ticks now_{0};       // time of the newest frame, which never goes back
  media::Ticks interval_{0};  // between the newest times that no hole is between

  SegmentList list_;  // as it will be published next; `open` and what is measured are made then
  std::uint64_t prefix_serial_ = 0;   // of the segment under way
  std::shared_ptr<const Init> init_;  // likewise
  bool breaks_ = false;               // the next segment does not follow from the last one
  bool needs_key_ = true;             // and begins with a key frame, whatever came before
  std::optional<Segment> open_;       // the segment under way
  std::uint64_t open_from_ = 0;
  std::uint64_t part_from_ = 0;  // the part under way
  media::Ticks part_start_{0};
  bool part_independent_ = false;
  bool changed_ = false;  // since the last list
};

}  // namespace sluice::stream
