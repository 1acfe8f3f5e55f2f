// SPDX-License-Identifier: Apache-2.0
// Segments: a stream cut into HLS segments and parts, each a Range of its tape. The home loop cuts
// and publishes immutable lists; any loop reads the newest. The log of a name outlives its
// publishers, so numbers go on when one returns.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "media/frame.h"
#include "media/track_set.h"
#include "tape/range.h"

namespace sluice::stream {

struct Part {
  tape::Range range;
  media::Ticks duration{0};
  bool independent = false;  // starts with a key frame
};

// What a decoder needs before the first byte of a segment: ftyp and moov. Empty bytes for MPEG-TS,
// whose segments begin with PAT and PMT.
struct Init {
  std::uint64_t number = 0;  // counts up in its log
  std::string bytes;
};

struct Segment {
  std::uint64_t number = 0;  // media sequence number; counts up over publishers
  media::Ticks start{0};
  media::Ticks duration{0};    // of its parts so far, while it is open
  std::int64_t wall_us = 0;    // of its first frame; 0: not known
  bool discontinuity = false;  // from the one before
  std::shared_ptr<const Init> init;
  std::vector<Part> parts;
  tape::Range range;  // of the whole segment; empty while it is open
};

struct SegmentList {
  std::uint64_t version = 0;                             // another one for every list of its log
  std::vector<std::shared_ptr<const Segment>> segments;  // complete, oldest first
  std::shared_ptr<const Segment> open;                   // has the parts so far; null: none yet
  std::uint64_t discontinuities = 0;                     // that have left the front of the list
  // Never shorter than what is listed: they grow when a GOP or a frame is longer than the
  // configured times, and shrink again when it has left the list.
  media::Ticks target{0};
  media::Ticks part_target{0};
  media::TrackSet tracks;                  // as the container carries them
  std::uint64_t peak_bits_per_second = 0;  // of any complete segment listed
  std::uint64_t mean_bits_per_second = 0;
  bool ended = false;  // the publisher is gone, and nothing will follow unless another one comes

  // The number that the next segment to be completed has, or would have.
  std::uint64_t next_number = 0;
  std::uint64_t next_init = 0;
};

class SegmentLog {
 public:
  // [any thread] Never null.
  [[nodiscard]] std::shared_ptr<const SegmentList> read() const;
  // [home loop of the present publisher]
  void publish(std::shared_ptr<const SegmentList> list);

 private:
  // Protects list_. Contended by the loops that look at a new list, once per part and loop; held
  // for the copy of a pointer.
  mutable std::mutex mutex_;
  std::shared_ptr<const SegmentList> list_ = std::make_shared<SegmentList>();
};

}  // namespace sluice::stream
