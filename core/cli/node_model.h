// SPDX-License-Identifier: Apache-2.0
// What the admin API answers, as plain values. Decoding is tolerant: a member that is missing or of
// another type than expected is empty or zero, so that an older command can read a newer node.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::cli {

struct NodeView {
  std::string id, version, state, started_at;
  std::uint64_t uptime_s = 0, workers = 0, streams = 0, publishers = 0, viewers = 0;
  std::uint64_t tape_bytes = 0, frame_bytes = 0;
  std::vector<std::pair<std::string, std::string>> listen;  // "http", "127.0.0.1:8080, [::1]:8080"
};

struct TrackView {
  std::string kind, codec;
  std::uint64_t width = 0, height = 0, sample_rate = 0, channels = 0;
};

struct SourceView {
  std::string name, origin, state, url, transport, server, peer;
  std::string error_reason, error_message, error_at;  // empty: nothing has gone wrong yet
  std::uint64_t attempts = 0, reconnects = 0, packets = 0, packets_lost = 0, frames_damaged = 0;
  std::optional<std::uint64_t> next_try_in_s, stops_in_s;
  bool on_demand = false, is_wanted = false;
};

struct StreamView {
  std::string name, state, since, last_error;
  std::string publisher_session, publisher_peer, publisher_protocol, encoder;  // empty: nobody
  std::uint64_t uptime_s = 0, home_loop = 0, viewers = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t frames_in = 0, dropped_frames = 0, corrections = 0, gop_bytes = 0, gop_frames = 0;
  std::uint64_t tape_bytes = 0, grace_left_s = 0;
  std::vector<std::string> ignored, renditions;
  std::vector<TrackView> tracks;
  std::optional<SourceView> source;  // nothing: it is published
};

struct SessionView {
  std::string id, kind, protocol, stream, peer;
  std::uint64_t duration_s = 0, bytes_in = 0, bytes_out = 0, skips = 0, lag_ms = 0;
};

// Nothing when the text is not the JSON object that the call answers with.
std::optional<NodeView> decode_node(std::string_view text);
std::optional<std::vector<StreamView>> decode_streams(std::string_view text);  // by name
std::optional<std::vector<SourceView>> decode_sources(std::string_view text);  // by name
std::optional<std::vector<SessionView>> decode_sessions(
    std::string_view text);  // by stream, kind, id

// The "message" of an error answer, or empty.
std::string decode_error_message(std::string_view text);

// An answer as indented JSON that ends with a newline. With a list ("streams"), only its elements
// whose members equal all the given texts are kept.
struct MemberIs {
  std::string_view member;
  std::string text;
};
std::string indent_json(std::string_view text, std::string_view list = {},
                        const std::vector<MemberIs> &keep = {});

}  // namespace sluice::cli
