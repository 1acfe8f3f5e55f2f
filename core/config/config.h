// SPDX-License-Identifier: Apache-2.0
// Config: the node's whole configuration as plain values. A default-constructed Config is the
// documented default of every key. Members are named as the keys are: rtmp.stall_timeout in the
// file is config.rtmp.stall_timeout here. What each key means, its limits and whether a reload
// applies it to a running node stand in the schema table (schema.cc).
//
// Durations are base::Millis, sizes are std::uint64_t bytes, counts are std::uint32_t. A Config
// never changes after loading and may be read from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "config/stream_overrides.h"
#include "config/words.h"

namespace sluice::config {

using base::Millis;

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

struct Node {
  std::string id;  // empty: the host's name
  std::string state_dir = "/var/lib/sluice";
  std::uint32_t workers = 0;  // 0: one per processor
  Millis drain_timeout{10'000};
  std::vector<std::string> resolvers;  // literal addresses with a port; empty: the system's

  friend bool operator==(const Node &, const Node &) = default;
};

struct Log {
  base::log::Level level = base::log::Level::Info;
  base::log::Format format = base::log::Format::Text;

  friend bool operator==(const Log &, const Log &) = default;
};

// Literal addresses with a port, "127.0.0.1:8080" or "[::]:8080". An empty list listens nowhere.
struct Listen {
  std::vector<std::string> http{"[::]:8080"};
  std::vector<std::string> https;
  std::vector<std::string> rtmp{"[::]:1935"};
  std::vector<std::string> rtmps;
  std::vector<std::string> rtsp{"[::]:8554"};
  std::vector<std::string> rtsps;
  std::vector<std::string> admin{"127.0.0.1:9090"};

  friend bool operator==(const Listen &, const Listen &) = default;
};

struct Tls {
  std::vector<std::string> certificates;  // PEM files
  std::vector<std::string> keys;  // the first is of the first certificate; may be fewer or ""
  TlsMinVersion min_version = TlsMinVersion::V12;
  TlsKernel kernel = TlsKernel::Auto;

  friend bool operator==(const Tls &, const Tls &) = default;
};

struct Admin {
  std::string token;  // secret; empty: none is asked for, and admin listens on loopback only

  friend bool operator==(const Admin &, const Admin &) = default;
};

struct Rtmp {
  Millis handshake_timeout{10'000};
  Millis publish_timeout{10'000};
  Millis stall_timeout{15'000};
  std::uint64_t chunk_size_out = 4 * kKiB;
  std::uint64_t max_chunk_size = 16 * kMiB;
  std::uint32_t max_chunk_streams = 64;
  std::uint64_t max_message_size = 8 * kMiB;
  std::uint64_t max_message_size_before_publish = 64 * kKiB;
  std::uint64_t window_ack_size = 2'500'000;
  std::uint32_t max_connections = 10'000;
  std::uint32_t max_connections_per_address = 1'000;

  friend bool operator==(const Rtmp &, const Rtmp &) = default;
};

// Pushers by RTSP.
struct Rtsp {
  Millis publish_timeout{10'000};
  Millis stall_timeout{15'000};
  std::uint64_t max_sdp_size = 16 * kKiB;
  bool udp = true;
  std::uint32_t udp_port_min = 0;  // both 0: any
  std::uint32_t udp_port_max = 0;
  std::uint32_t max_connections = 10'000;
  std::uint32_t max_connections_per_address = 1'000;

  friend bool operator==(const Rtsp &, const Rtsp &) = default;
};

struct Http {
  Millis header_timeout{10'000};
  Millis idle_timeout{30'000};
  std::uint64_t max_header_bytes = 16 * kKiB;
  std::uint32_t max_headers = 64;
  std::uint32_t max_connections = 20'000;
  std::uint32_t max_connections_per_address = 5'000;
  Millis send_timeout{10'000};
  std::string cors_origin = "*";
  bool http2 = true;

  friend bool operator==(const Http &, const Http &) = default;
};

// What holds for every stream; `streams` overrides it for one.
struct Stream {
  PublishPolicy publish = PublishPolicy::Refuse;
  Millis viewer_grace{30'000};
  Millis unknown_wait{3'000};
  Millis track_wait{1'000};
  std::uint64_t gop_max_bytes = 16 * kMiB;
  Millis gop_max_duration{60'000};
  std::uint64_t tape_window = 16 * kMiB;
  Millis tape_grace{10'000};
  std::uint32_t max_streams = 5'000;
  std::uint32_t max_name_length = 128;
  H265InFlv h265_in_flv = H265InFlv::Enhanced;

  friend bool operator==(const Stream &, const Stream &) = default;
};

// What viewers hear. A stream takes a changed rule up when its tracks are found or change.
struct Sound {
  SoundTranscode transcode = SoundTranscode::Needed;
  SoundInFlv in_flv = SoundInFlv::Carried;
  std::uint32_t bit_rate = 0;  // bits a second; 0: by rate and channels
  bool silent_track = false;

  friend bool operator==(const Sound &, const Sound &) = default;
};

// How cameras are pulled; an entry of `streams` overrides most of it for one.
struct Source {
  SourceTransport transport = SourceTransport::Auto;
  bool on_demand = false;
  Millis stop_after{30'000};
  Millis start_timeout{10'000};
  Millis keep_viewers{300'000};
  Damaged damaged = Damaged::Drop;
  bool verify_tls = true;
  Millis connect_timeout{10'000};
  Millis media_timeout{10'000};
  Millis retry_min{1'000};
  Millis retry_max{60'000};
  std::uint32_t max_connecting_per_site = 4;
  std::vector<std::string> allow{"any"};  // prefixes, and words for kinds of addresses

  friend bool operator==(const Source &, const Source &) = default;
};

struct Deliver {
  Millis flush_interval_min{0};  // 0: once per video frame
  Millis flush_interval_max{350};
  std::uint64_t unsent_max = 128 * kKiB;
  Millis skip_after{3'000};
  Millis close_after{15'000};
  Millis pause_max{300'000};
  std::uint32_t max_viewers = 20'000;
  std::uint32_t max_viewers_per_stream = 20'000;

  friend bool operator==(const Deliver &, const Deliver &) = default;
};

struct Hls {
  Millis segment{2'000};
  Millis segment_max{30'000};
  Millis part{320};
  std::uint32_t window = 6;
  Millis session_timeout{30'000};
  bool low_latency = true;
  HlsSession session = HlsSession::Path;

  friend bool operator==(const Hls &, const Hls &) = default;
};

struct Snapshot {
  Millis max_age{1'000};
  std::uint32_t max_width = 1920;

  friend bool operator==(const Snapshot &, const Snapshot &) = default;
};

struct Watchdog {
  Millis warn{200};
  Millis fatal{30'000};  // 0: never

  friend bool operator==(const Watchdog &, const Watchdog &) = default;
};

struct Config {
  Node node;
  Log log;
  Listen listen;
  Tls tls;
  Admin admin;
  Rtmp rtmp;
  Rtsp rtsp;
  Http http;
  Stream stream;
  Sound sound;
  Source source;
  Deliver deliver;
  Hls hls;
  Snapshot snapshot;
  Watchdog watchdog;
  std::map<std::string, StreamOverrides, std::less<>> streams;  // by "<server>/<camera>"

  // The policy for one stream: its own, or the one for all.
  [[nodiscard]] PublishPolicy publish_policy(std::string_view stream_name) const;
  // Whether the stream is pulled from a camera.
  [[nodiscard]] bool has_source(std::string_view stream_name) const;
  // Section `source` with what the stream's own entry says.
  [[nodiscard]] Source source_settings(std::string_view stream_name) const;
  // How long viewers stay while nobody publishes.
  [[nodiscard]] Millis viewer_grace(std::string_view stream_name) const;
  // The other streams that show the same as this one; mostly none.
  [[nodiscard]] const std::vector<std::string> &renditions(std::string_view stream_name) const;
  // Whether the stream is one of several that show the same.
  [[nodiscard]] bool is_rendition(std::string_view stream_name) const;

  friend bool operator==(const Config &, const Config &) = default;
};

}  // namespace sluice::config
