// SPDX-License-Identifier: Apache-2.0
// HlsCrowd: N players of one HLS playlist on one epoll in one thread, each with one connection that
// it keeps. Playlists are read; media is thrown away in the kernel (MSG_TRUNC).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "support/answer_head.h"
#include "support/endpoint.h"
#include "support/hls_watch.h"
#include "support/samples.h"

namespace sluice::bench {

struct HlsCrowdOptions {
  Endpoint endpoint;
  HlsStyle style = HlsStyle::LowLatency;
  std::int64_t lap_ns = 0;  // of HlsStyle::Files
  int count = 1;
  double connects_per_s = 500;
};

// In the window.
struct HlsCrowdResult {
  int alive = 0, ended = 0;
  std::uint64_t playlists = 0, media = 0;  // answered with 200
  std::uint64_t refused = 0;               // all other answers
  std::uint64_t bytes = 0;                 // heads are counted too
  std::uint64_t media_bytes = 0;
  Samples media_ms;   // from the request to the last byte
  Samples behind_ms;  // how long after the first viewer a viewer had a change of the playlist
};

class HlsCrowd {
 public:
  explicit HlsCrowd(HlsCrowdOptions options);
  ~HlsCrowd();
  HlsCrowd(const HlsCrowd &) = delete;
  HlsCrowd &operator=(const HlsCrowd &) = delete;

  // Starts the viewers that are due and handles what arrives; waits for at most 20 ms.
  void pass();
  [[nodiscard]] bool all_started() const { return started_ == options_.count; }
  void begin_window() { result_ = {}; }
  HlsCrowdResult finish();

 private:
  enum class State : std::uint8_t { Idle, Connecting, Pausing, Head, Body, Ended };
  struct Viewer {
    explicit Viewer(HlsWatch of) : watch(std::move(of)) {}
    int fd = -1;
    State state = State::Idle;
    HlsWatch watch;
    HlsRequest request;
    std::int64_t asked_ns = 0;
    AnswerHead head;
    std::uint64_t left = 0;  // of the body
    std::string text;        // of a playlist
  };

  void start_due();
  void start(Viewer &viewer);
  void resume_due();
  void ask(Viewer &viewer);
  void send_request(Viewer &viewer);
  void on_event(Viewer &viewer);
  void take_head(Viewer &viewer, base::Bytes bytes);
  void take_body(Viewer &viewer, base::Bytes bytes);
  void finish_answer(Viewer &viewer);
  void note_change(const Viewer &viewer);
  void end(Viewer &viewer);

  HlsCrowdOptions options_;
  int epoll_ = -1;
  int started_ = 0, ended_ = 0;
  std::int64_t begin_ns_ = 0, now_ns_ = 0;
  std::vector<Viewer> viewers_;
  std::multimap<std::int64_t, Viewer *> pauses_;  // by when they end
  std::vector<std::byte> memory_;
  std::unordered_map<std::string, std::int64_t> first_seen_;  // by the query that asks for it
  HlsCrowdResult result_;
};

}  // namespace sluice::bench
