// SPDX-License-Identifier: Apache-2.0
// Crowd: N viewers on one epoll in one thread. Each is parsed until its first key frame is
// complete; from then on its bytes are thrown away in the kernel (MSG_TRUNC), so that the load
// takes as little of the machine as it can.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/endpoint.h"
#include "support/samples.h"
#include "support/viewer_stream.h"

namespace sluice::bench {

struct CrowdOptions {
  Endpoint endpoint;
  std::string request;
  int count = 1;
  double connects_per_s = 500;
  std::int64_t stall_ns = 2'000'000'000;
  bool websocket = false;
  bool raw = false;  // the body is no container: drain it from its first byte on
};

struct CrowdResult {
  int established = 0, failed = 0, refused = 0, dropped = 0, without_data = 0, alive = 0;
  std::uint64_t window_bytes = 0, window_reads = 0;
  std::uint64_t viewer_bytes_min = 0, viewer_bytes_p50 = 0, viewer_bytes_max = 0;
  std::uint64_t stalls = 0;
  int stalled_viewers = 0;
  double longest_gap_ms = 0, longest_pass_ms = 0;
  Samples first_byte_ms, key_frame_ms;  // since connect()
};

class Crowd final : FrameSink {
 public:
  explicit Crowd(CrowdOptions options);
  ~Crowd();
  Crowd(const Crowd &) = delete;
  Crowd &operator=(const Crowd &) = delete;

  // Starts the viewers that are due and handles what arrives; waits for at most 20 ms.
  void pass();
  [[nodiscard]] bool all_started() const { return started_ == options_.count; }
  // Counting of bytes, gaps and stalls begins here.
  void begin_window();
  CrowdResult finish();

 private:
  enum class State : std::uint8_t { Idle, Connecting, Joining, Draining, Ended };
  struct Viewer {
    int fd = -1;
    State state = State::Idle;
    bool first_byte = false;
    std::uint32_t stalls = 0;
    std::int64_t connect_ns = 0, last_ns = 0, longest_gap_ns = 0;
    std::uint64_t bytes = 0;
    std::unique_ptr<ViewerStream> stream;  // until the first key frame
  };

  void start_due();
  void start(Viewer &viewer);
  void on_event(Viewer &viewer);
  void on_connected(Viewer &viewer);
  void on_joining_bytes(Viewer &viewer, std::size_t size);
  void note_arrival(Viewer &viewer);
  void end(Viewer &viewer, int &counter);
  void on_frame(const SeenFrame &frame) override { key_seen_ = key_seen_ || frame.key; }

  CrowdOptions options_;
  int epoll_ = -1;
  int started_ = 0;
  bool key_seen_ = false;  // by the stream that is being fed
  std::int64_t begin_ns_ = 0, now_ns_ = 0, longest_pass_ns_ = 0;
  std::vector<Viewer> viewers_;
  std::vector<std::byte> memory_;
  CrowdResult result_;
};

}  // namespace sluice::bench
