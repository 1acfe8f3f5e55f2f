// SPDX-License-Identifier: Apache-2.0
// TimeLine: turns a publisher's time stamps into times fit for viewers. What comes out is, for each
// track, strictly increasing in whole milliseconds, whatever comes in. It follows the publisher's
// clock exactly as long as that clock makes sense; where it steps (a restarted encoder, a wrap at
// 2^24 or 2^31, a jump), the frame is put right behind what was there, both tracks move by the same
// amount so that they stay in sync, and from then on the clock is followed again. One TimeLine
// belongs to one publication after another of a stream, on the stream's home loop. It knows no wall
// clock.
#pragma once

#include <array>
#include <cstdint>

#include "media/frame.h"

namespace sluice::media {

class TimeLine {
 public:
  TimeLine() { start_at(Ticks{0}); }

  // A new publication begins: nothing that it sends will be earlier than `base`. Its first frame is
  // there. A publisher that returns goes on with start_at(resume_point()), and viewers see one
  // stream.
  void start_at(Ticks base);

  // frame.dts comes in as the publisher's own stamp (32-bit milliseconds, as Ticks) and goes out as
  // the stream's time. Call it for frames only: stamps of sequence headers and metadata are often
  // nonsense.
  void place(Frame &frame) { frame.dts = place(frame.kind(), stamp_of(frame.dts)); }
  Ticks place(Kind kind, std::uint32_t stamp_ms);

  // One frame distance after the newest frame; where the next publication may start.
  [[nodiscard]] Ticks resume_point() const;
  // The newest time that was given out, on any track. The base before the first frame.
  [[nodiscard]] Ticks newest() const;

  // Frames whose stamp was unusable, so that the clock was set anew; since construction.
  [[nodiscard]] std::uint64_t corrections() const { return corrections_; }
  // Frames that were moved by a little because two would have shared a millisecond, or run
  // backwards.
  [[nodiscard]] std::uint64_t nudges() const { return nudges_; }

  static std::uint32_t stamp_of(Ticks time) {
    return static_cast<std::uint32_t>(time.count() / 90);
  }

 private:
  // All times are milliseconds.
  struct Line {
    bool seen = false;
    bool lost = false;         // the newest frame was a step
    unsigned repeats = 0;      // how often the stamp has been the same in a row
    std::int64_t source = 0;   // the newest stamp, unwrapped
    std::int64_t out = -1;     // the newest time given out; just before the base until there is one
    std::int64_t offset = 0;   // out - source while the clock makes sense
    std::int64_t earlier = 0;  // the offset before the last step
    std::int64_t apart = -1;   // since when the offset is behind the other track's; -1: it is not
    std::int64_t distance = 0;  // between frames, smoothed, in 1/16 ms
    std::int64_t usual = 0;     // what the distance is taken for when no stamp can tell

    [[nodiscard]] bool frozen() const;
    [[nodiscard]] std::int64_t next() const { return out + distance / 16; }
  };

  [[nodiscard]] std::int64_t newest_ms() const;
  [[nodiscard]] std::int64_t deviation(const Line &own, std::int64_t time) const;
  bool join(Line &own, Line &peer, std::int64_t source) const;
  void first(Line &own, Line &peer, std::int64_t source);
  void reunite(Line &own, const Line &peer) const;
  void recover(Line &own, const Line &peer, std::int64_t source, bool thawed) const;
  void step(Line &own, Line &peer, std::int64_t source);
  Ticks emit(Line &own, std::int64_t source);

  std::array<Line, 2> lines_{};  // by Kind
  std::int64_t base_ = 0;
  std::int64_t source_ = 0;  // the newest stamp of either track: both are unwrapped against one
  std::uint64_t corrections_ = 0;
  std::uint64_t nudges_ = 0;
};

}  // namespace sluice::media
