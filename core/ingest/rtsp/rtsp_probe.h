// SPDX-License-Identifier: Apache-2.0
// RtspProbe: connects to a camera as the node would, over one way of transport, and notes what the
// camera is and does. For the command line: lives on a loop of its own thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/rtsp/rtsp_client.h"
#include "loop/timer.h"

namespace sluice::ingest::rtsp {

// One track as it came.
struct ProbedTrack {
  std::string kind;      // "video", "audio"
  std::string encoding;  // as the description names it
  std::uint8_t payload_type = 0;
  std::uint32_t clock_rate = 0;
  bool described_sets = false;  // the description has parameter sets, or a configuration
  media::Track track;           // codec_string is empty while nothing came
  bool found = false;           // a usable configuration came
  ReceiverFacts facts;
  std::uint64_t bytes = 0;          // of frames
  double seconds = 0;               // between the first and the last frame, by the camera's clock
  double longest_key_interval = 0;  // in seconds; 0: fewer than two key frames
  double shortest_key_interval = 0;
  std::uint64_t configurations = 0;  // how often it was announced; more than 1: it changed
  bool reorders = false;             // B-frames
  bool has_wall_clock = false;
};

// A request or an answer, fit to be shown to others: without credentials, keys and hosts.
struct ProbedMessage {
  bool sent = false;
  std::string start;  // "DESCRIBE rtsp://camera/…" or "200 OK"
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

// The beginning of a packet, without the picture in it.
struct ProbedPacket {
  std::size_t track = 0;
  std::int64_t us = 0;  // since the first packet
  std::uint32_t size = 0;
  std::string head;  // header, and the first bytes of the payload, or all of a parameter set
};

struct ProbeReport {
  Way way = Way::Tcp;
  bool worked = false;  // media came
  stream::PullEnd end;  // why it ended, unless the time was over
  bool timed_out = false;
  std::string peer;
  std::string server;
  std::string methods;         // the value of Public
  std::string authentication;  // "none", "Basic", "Digest MD5", …
  std::string keep_alive;      // the request that would be used
  std::int64_t session_timeout_s = 0;
  std::int64_t first_media_ms = 0;  // since the start
  std::vector<ProbedTrack> tracks;
  std::vector<std::string> ignored;
  std::vector<std::string> quirks;
  std::vector<ProbedMessage> dialogue;
  std::vector<ProbedPacket> packets;
};

class RtspProbe final : RtspClientEvents {
 public:
  static constexpr std::size_t kMaxMessages = 64;
  static constexpr std::size_t kMaxPackets = 4096;

  // on_done is called once, when `duration` of media has come or the attempt has ended.
  RtspProbe(ClientContext context, ClientSettings settings, base::Millis duration,
            std::function<void()> on_done);
  ~RtspProbe();

  void start();
  [[nodiscard]] ProbeReport report() const;

 private:
  void on_described() override { client_.set_up(); }
  void on_playing() override;
  void on_client_end(const stream::PullEnd &end) override;
  void on_track(const media::Track &track) override;
  void on_frame(media::Frame &&frame) override;
  void on_ignored(const char *what) override;
  void on_quirk(const char *what) override;
  void on_sent(std::string_view text) override;
  void on_received(const wire::rtsp::Message &message) override;
  void on_rtp_seen(std::size_t track, base::Bytes packet) override;

  struct Seen {
    ProbedTrack track;
    bool started = false;
    media::Ticks first{0};
    media::Ticks last{0};
    bool key_seen = false;
    media::Ticks last_key{0};
  };
  Seen &seen(media::Kind kind) { return seen_[static_cast<std::size_t>(kind)]; }
  void finish();

  ProbeReport report_;
  std::array<Seen, 2> seen_;  // by Kind
  std::string host_;
  base::Millis duration_;
  std::function<void()> on_done_;
  base::MonoTime started_{};
  base::MonoTime first_packet_{};
  bool done_ = false;
  loop::Timer time_is_over_;
  RtspClient client_;
};

}  // namespace sluice::ingest::rtsp
