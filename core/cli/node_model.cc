// SPDX-License-Identifier: Apache-2.0
#include "cli/node_model.h"

#include <algorithm>
#include <tuple>

#include "base/json.h"

namespace sluice::cli {
namespace {

using base::Json;

Json parse(std::string_view text) { return Json::parse(text, nullptr, false); }

const Json &member(const Json &object, std::string_view name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

std::string text_of(const Json &object, std::string_view name) {
  const Json &value = member(object, name);
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : base::dump(value);
}

std::uint64_t number_of(const Json &object, std::string_view name) {
  const Json &value = member(object, name);
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_number_float()) return 0;
  double number = value.get<double>();
  return number > 0 && number < 9e18 ? static_cast<std::uint64_t>(number) : 0;
}

std::vector<std::string> texts_of(const Json &array) {
  std::vector<std::string> texts;
  if (!array.is_array()) return texts;
  for (const Json &item : array) {
    texts.push_back(item.is_string() ? item.get<std::string>() : base::dump(item));
  }
  return texts;
}

std::string join(const std::vector<std::string> &texts) {
  std::string joined;
  for (const std::string &text : texts)
    joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

TrackView track_from(const Json &json) {
  TrackView track;
  track.kind = text_of(json, "kind");
  track.codec = text_of(json, "codec");
  track.width = number_of(json, "width");
  track.height = number_of(json, "height");
  track.sample_rate = number_of(json, "sample_rate");
  track.channels = number_of(json, "channels");
  return track;
}

// Rounded up, so that what is about to happen is not shown as done.
std::optional<std::uint64_t> seconds_of(const Json &object, std::string_view name) {
  const Json &value = member(object, name);
  if (!value.is_number()) return std::nullopt;
  double number = value.get<double>();
  return number > 0 && number < 9e18 ? static_cast<std::uint64_t>(number + 0.999) : 0;
}

SourceView source_from(const Json &json) {
  SourceView source;
  source.name = text_of(json, "name");
  source.origin = text_of(json, "origin");
  source.state = text_of(json, "state");
  source.url = text_of(json, "url");
  source.transport = text_of(json, "transport");
  source.server = text_of(json, "server");
  source.peer = text_of(json, "peer");
  const Json &error = member(json, "last_error");
  source.error_reason = text_of(error, "reason");
  source.error_message = text_of(error, "message");
  source.error_at = text_of(error, "at");
  source.attempts = number_of(json, "attempts");
  source.reconnects = number_of(json, "reconnects");
  source.packets = number_of(json, "packets");
  source.packets_lost = number_of(json, "packets_lost");
  source.frames_damaged = number_of(json, "frames_damaged");
  source.next_try_in_s = seconds_of(json, "next_try_in_s");
  source.stops_in_s = seconds_of(json, "stops_in_s");
  source.on_demand = text_of(json, "on_demand") == "true";
  source.is_wanted = text_of(json, "wanted") == "true";
  return source;
}

StreamView stream_from(const Json &json) {
  StreamView stream;
  stream.name = text_of(json, "name");
  stream.state = text_of(json, "state");
  stream.since = text_of(json, "since");
  stream.last_error = text_of(json, "last_error");
  const Json &publisher = member(json, "publisher");
  stream.publisher_session = text_of(publisher, "session");
  stream.publisher_peer = text_of(publisher, "peer");
  stream.publisher_protocol = text_of(publisher, "protocol");
  stream.encoder = text_of(publisher, "encoder");
  stream.uptime_s = number_of(json, "uptime_s");
  stream.home_loop = number_of(json, "home_loop");
  stream.viewers = number_of(json, "viewers");
  stream.bytes_in = number_of(json, "bytes_in");
  stream.bytes_out = number_of(json, "bytes_out");
  stream.frames_in = number_of(json, "frames_in");
  stream.dropped_frames = number_of(json, "dropped_frames");
  stream.corrections = number_of(json, "corrections");
  stream.gop_bytes = number_of(json, "gop_bytes");
  stream.gop_frames = number_of(json, "gop_frames");
  stream.tape_bytes = number_of(json, "tape_bytes");
  stream.grace_left_s = number_of(json, "grace_left_s");
  stream.ignored = texts_of(member(json, "ignored"));
  stream.renditions = texts_of(member(json, "renditions"));
  const Json &tracks = member(json, "tracks");
  if (tracks.is_array()) {
    for (const Json &track : tracks)
      stream.tracks.push_back(track_from(track));
  }
  const Json &source = member(json, "source");
  if (source.is_object()) stream.source = source_from(source);
  return stream;
}

SessionView session_from(const Json &json) {
  SessionView session;
  session.id = text_of(json, "id");
  session.kind = text_of(json, "kind");
  session.protocol = text_of(json, "protocol");
  session.stream = text_of(json, "stream");
  session.peer = text_of(json, "peer");
  session.duration_s = number_of(json, "duration_s");
  session.bytes_in = number_of(json, "bytes_in");
  session.bytes_out = number_of(json, "bytes_out");
  session.skips = number_of(json, "skips");
  session.lag_ms = number_of(json, "lag_ms");
  return session;
}

bool keeps(const Json &item, const std::vector<MemberIs> &keep) {
  return std::ranges::all_of(
      keep, [&](const MemberIs &rule) { return text_of(item, rule.member) == rule.text; });
}

}  // namespace

std::optional<NodeView> decode_node(std::string_view text) {
  const Json json = parse(text);
  if (!json.is_object()) return std::nullopt;
  NodeView node;
  node.id = text_of(json, "id");
  node.version = text_of(json, "version");
  node.state = text_of(json, "state");
  node.started_at = text_of(json, "started_at");
  node.uptime_s = number_of(json, "uptime_s");
  node.workers = number_of(json, "workers");
  node.streams = number_of(json, "streams");
  node.publishers = number_of(json, "publishers");
  node.viewers = number_of(json, "viewers");
  const Json &memory = member(json, "memory");
  node.tape_bytes = number_of(memory, "tape_bytes");
  node.frame_bytes = number_of(memory, "frame_bytes");
  const Json &listen = member(json, "listen");
  if (listen.is_object()) {
    for (const auto &[name, addresses] : listen.items()) {
      node.listen.emplace_back(name, join(texts_of(addresses)));
    }
  }
  return node;
}

std::optional<std::vector<StreamView>> decode_streams(std::string_view text) {
  const Json json = parse(text);
  const Json &list = member(json, "streams");
  if (!list.is_array()) return std::nullopt;
  std::vector<StreamView> streams;
  for (const Json &item : list)
    streams.push_back(stream_from(item));
  std::ranges::sort(streams, {}, &StreamView::name);
  return streams;
}

std::optional<std::vector<SourceView>> decode_sources(std::string_view text) {
  const Json json = parse(text);
  const Json &list = member(json, "sources");
  if (!list.is_array()) return std::nullopt;
  std::vector<SourceView> sources;
  for (const Json &item : list)
    sources.push_back(source_from(item));
  std::ranges::sort(sources, {}, &SourceView::name);
  return sources;
}

std::optional<std::vector<SessionView>> decode_sessions(std::string_view text) {
  const Json json = parse(text);
  const Json &list = member(json, "sessions");
  if (!list.is_array()) return std::nullopt;
  std::vector<SessionView> sessions;
  for (const Json &item : list)
    sessions.push_back(session_from(item));
  std::ranges::sort(sessions, {}, [](const SessionView &session) {
    return std::tie(session.stream, session.kind, session.id);
  });
  return sessions;
}

std::string decode_error_message(std::string_view text) { return text_of(parse(text), "message"); }

std::string indent_json(std::string_view text, std::string_view list,
                        const std::vector<MemberIs> &keep) {
  Json json = parse(text);
  if (!keep.empty() && json.is_object() && json.contains(list) && json[list].is_array()) {
    Json kept = Json::array();
    for (const Json &item : json[list]) {
      if (keeps(item, keep)) kept.push_back(item);
    }
    json[list] = std::move(kept);
  }
  return base::dump(json, 2) + '\n';
}

}  // namespace sluice::cli
