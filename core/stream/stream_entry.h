// SPDX-License-Identifier: Apache-2.0
// StreamEntry: what every loop knows about a stream. Immutable; the directory makes a new one at
// every change and hands it to all loops. The counters in it are shared and only ever added to.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "media/track_set.h"
#include "stream/format.h"
#include "stream/segments.h"

namespace sluice::stream {

class Shelf;

// Live for as long as the name is known, across publishers. Relaxed order: these are figures, not
// signals. Written once per frame by the home loop and once per pass by a reading loop, never per
// viewer.
struct StreamCounters {
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> frames_in{0};
  std::atomic<std::uint64_t> frames_dropped{0};
  std::atomic<std::uint64_t> corrections{0};
  std::atomic<std::uint64_t> skips{0};
  std::atomic<std::uint64_t> gop_bytes{0};
  std::atomic<std::uint64_t> gop_frames{0};
  std::atomic<std::uint64_t> tape_bytes{0};
  std::atomic<bool> makes_sound{false};   // now: in place of the publisher's
  std::atomic<std::uint32_t> viewers{0};  // also the seats that max_viewers_per_stream limits
  // By Format. The tracks are known, and the container can carry none of them: there is nothing to
  // wait for.
  std::array<std::atomic<bool>, kFormats> nothing_for{};
};

struct Publisher {
  base::SessionId session;
  std::string peer;  // address and port
  std::string host;  // address only: the identity that policy same-address looks at
  const char *protocol = "";
  bool is_source = false;  // the stream's own camera, pulled by the node
};

// By Format. Live for as long as the name is known, as the counters are.
using SegmentLogs = std::array<std::shared_ptr<SegmentLog>, kFormats>;
SegmentLogs make_segment_logs();

struct StreamEntry {
  std::string name;
  std::uint64_t epoch = 0;  // a new one for every publisher, unique in the node
  bool live = false;        // false: the publisher is gone and its viewers wait
  Publisher publisher;      // the present one, or the last
  Shelf *home = nullptr;    // the publisher's loop; while live
  std::int64_t since_wall_us = 0;
  base::MonoTime since{};  // of the present state
  std::shared_ptr<StreamCounters> counters;
  SegmentLogs segments = make_segment_logs();

  [[nodiscard]] SegmentLog &segments_in(Format format) const { return *segments[index(format)]; }
  [[nodiscard]] bool has_nothing_for(Format format) const {
    return counters->nothing_for[index(format)].load(std::memory_order_relaxed);
  }
};

// What a publisher turned out to send, for the API.
struct StreamFacts {
  media::TrackSet tracks;
  std::string encoder;
  std::vector<std::string> ignored;   // tracks and messages that are not passed on, each named once
  std::array<Shown, kFormats> shown;  // by Format
};

}  // namespace sluice::stream
