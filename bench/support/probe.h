// SPDX-License-Identifier: Apache-2.0
// Probe: one viewer in a thread of its own that parses everything it gets. From the stamps in the
// frames it knows each frame's age when its last byte arrived, whether one is missing or comes
// twice, and whether time ever stands still or goes back.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "support/endpoint.h"
#include "support/samples.h"
#include "support/viewer_stream.h"

namespace sluice::bench {

enum class Phase : std::uint8_t { WarmUp, Window, End };

struct ProbeResult {
  std::uint64_t frames = 0, missing = 0, repeated = 0, steps_back = 0;
  std::uint64_t reads = 0, bytes = 0;  // in the window; a read is what one flush delivered
  double join_age_ms = 0;              // age of the first key frame when it was complete
  bool alive = false;
  Samples latency_ms;
};

class Probe final : FrameSink {
 public:
  Probe(const Endpoint &endpoint, std::string request, bool websocket)
      : endpoint_(endpoint),
        request_(std::move(request)),
        stream_(*this, container_of(endpoint.path), websocket) {}

  // The phase is read by the probe's thread; it ends by itself in Phase::End.
  void start(const std::atomic<Phase> &phase);
  ProbeResult finish();  // joins the thread

 private:
  void run(const std::atomic<Phase> &phase);
  void on_frame(const SeenFrame &frame) override;

  Endpoint endpoint_;
  std::string request_;
  ViewerStream stream_;
  std::thread thread_;
  ProbeResult result_;
  std::int64_t arrived_ns_ = 0;  // time of the read that is being parsed
  std::uint32_t next_number_ = 0;
  std::uint64_t last_time_[2] = {};  // by track: audio, video
  bool seen_frame_ = false, in_window_ = false;
};

}  // namespace sluice::bench
