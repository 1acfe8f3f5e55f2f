// SPDX-License-Identifier: Apache-2.0
// HlsProbe: one player in a thread of its own that reads all media that it gets. From the stamps in
// the frames it knows how old the newest frame of a part or segment is when its last byte is there,
// and whether a frame is missing.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "support/answer_head.h"
#include "support/container.h"
#include "support/endpoint.h"
#include "support/hls_watch.h"
#include "support/probe.h"
#include "support/samples.h"

namespace sluice::bench {

struct HlsProbeResult {
  bool alive = false;
  std::uint64_t changes = 0;  // of the playlist, since the probe began
  std::uint64_t frames = 0, missing = 0;
  Samples newest_ms, oldest_ms;  // age of the newest and the oldest frame in what came
};

class HlsProbe final : FrameSink {
 public:
  HlsProbe(const Endpoint &endpoint, HlsStyle style)
      : endpoint_(endpoint), watch_(style, endpoint.path, 0) {}

  // The phase is read by the probe's thread; it ends by itself in Phase::End.
  void start(const std::atomic<Phase> &phase);
  HlsProbeResult finish();  // joins the thread

 private:
  void run();
  bool step();
  bool send_request(const std::string &path);
  bool read_answer();
  // The bytes that came, at least one; empty when the connection or the run is over.
  base::Bytes read_some();
  bool take_media(const std::string &path);
  void on_frame(const SeenFrame &frame) override;
  [[nodiscard]] bool over() const { return phase_->load() == Phase::End; }

  Endpoint endpoint_;
  HlsWatch watch_;
  const std::atomic<Phase> *phase_ = nullptr;
  int fd_ = -1;
  std::thread thread_;
  std::vector<std::byte> memory_;
  AnswerHead head_;
  std::string body_;
  HlsProbeResult result_;
  std::int64_t arrived_ns_ = 0;
  std::int64_t oldest_ns_ = 0, newest_ns_ = 0;  // times of sending in what is being read
  std::uint32_t next_number_ = 0;
};

}  // namespace sluice::bench
