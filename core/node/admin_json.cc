// SPDX-License-Identifier: Apache-2.0
#include "node/admin_json.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>

#include "base/json.h"
#include "config/source_url.h"
#include "node/node.h"
#include "stream/format.h"

namespace sluice::node {
namespace {

using base::Json;

const char *state_name(State state) {
  switch (state) {
    case State::Starting:
      return "starting";
    case State::Ready:
      return "ready";
    case State::Draining:
      return "draining";
  }
  return "";
}

using ShownByFormat = std::array<stream::Shown, stream::kFormats>;

template <class Predicate>
Json containers_json(const ShownByFormat &shown, Predicate shows) {
  constexpr std::array<const char *, stream::kContainers> kNames{"flv", "fmp4", "ts"};
  Json names = Json::array();
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (shows(shown[i])) names.push_back(kNames[i]);
  }
  return names;
}

Json sound_json(const media::Track &track) {
  Json json{{"codec", media::codec_name(track.codec)},
            {"sample_rate", track.sample_rate},
            {"channels", track.channels}};
  if (!track.codec_string.empty()) json["codec_string"] = track.codec_string;
  return json;
}

Json video_json(const media::Track &track, const ShownByFormat &shown) {
  Json json{{"kind", "video"}, {"codec", media::codec_name(track.codec)}};
  if (!track.codec_string.empty()) json["codec_string"] = track.codec_string;
  json["width"] = track.width;
  json["height"] = track.height;
  json["containers"] =
      containers_json(shown, [](const auto &s) { return s.tracks.video.has_value(); });
  return json;
}

Json audio_json(const media::Track &track, const ShownByFormat &shown) {
  Json json = sound_json(track);
  json["kind"] = "audio";
  json["containers"] = containers_json(
      shown, [](const auto &s) { return s.tracks.audio && s.sound == stream::SoundFrom::Stream; });
  return json;
}

Json tracks_json(const stream::StreamFacts &facts) {
  Json json = Json::array();
  if (facts.tracks.video) json.push_back(video_json(*facts.tracks.video, facts.shown));
  if (facts.tracks.audio) json.push_back(audio_json(*facts.tracks.audio, facts.shown));
  return json;
}

// What some formats show in place of the stream's own sound.
Json made_sound_json(const stream::Directory::Listed &listed) {
  const auto &shown = listed.facts.shown;
  const auto is_made = [](const stream::Shown &s) { return s.sound != stream::SoundFrom::Stream; };
  const auto *const made = std::ranges::find_if(shown, is_made);
  if (made == shown.end() || !made->tracks.audio) return nullptr;
  Json json = sound_json(*made->tracks.audio);
  json["from"] = made->sound == stream::SoundFrom::Silence ? "silence" : "transcoder";
  json["containers"] = containers_json(shown, is_made);
  json["active"] = listed.entry->counters->makes_sound.load();
  return json;
}

Json publisher_json(const stream::Directory::Listed &listed) {
  const auto &entry = *listed.entry;
  if (!entry.live) return nullptr;
  return {{"session", base::to_string(entry.publisher.session)},
          {"peer", entry.publisher.peer},
          {"protocol", entry.publisher.protocol},
          {"encoder", listed.facts.encoder}};
}

Json seconds_until(const std::optional<base::MonoTime> &when) {
  if (!when) return nullptr;
  auto left = std::chrono::duration_cast<base::Millis>(*when - base::mono_now());
  return static_cast<double>(std::max<std::int64_t>(left.count(), 0)) / 1000;
}

std::string shown_url(const stream::SourceSpec &spec, std::size_t index) {
  return index < spec.urls.size() ? config::redact_url(spec.urls[index]) : std::string();
}

Json failure_json(const stream::SourceSpec &spec,
                  const std::optional<stream::SourceStatus::Failure> &failure) {
  if (!failure) return nullptr;
  std::string message = stream::sentence(failure->reason);
  if (std::string detail = base::describe(failure->error); !detail.empty())
    message += ": " + detail;
  return {{"reason", stream::word(failure->reason)},
          {"message", message},
          {"url", shown_url(spec, failure->url_index)},
          {"at", base::rfc3339(failure->at_wall_us)}};
}

// added: through the API, not by the configuration.
Json source_json(const stream::SourceDirectory::Listed &source, bool added) {
  const auto &[name, spec, status] = source;
  Json urls = Json::array();
  for (std::size_t i = 0; i < spec.urls.size(); ++i)
    urls.push_back(shown_url(spec, i));
  return {{"name", name},
          {"origin", added ? "api" : "config"},
          {"state", stream::word(status.state)},
          {"since", base::rfc3339(status.since_wall_us)},
          {"url", shown_url(spec, status.url_index)},
          {"urls", std::move(urls)},
          {"on_demand", spec.settings.on_demand},
          {"wanted", status.is_wanted},
          {"attempts", status.attempts},
          {"reconnects", status.reconnects},
          {"last_error", failure_json(spec, status.last_failure)},
          {"next_try_in_s", seconds_until(status.next_try_at)},
          {"stops_in_s", seconds_until(status.stops_at)},
          {"transport", status.facts.transport},
          {"peer", status.facts.peer},
          {"server", status.facts.server},
          {"packets", status.facts.packets},
          {"packets_lost", status.facts.packets_lost},
          {"packets_reordered", status.facts.packets_reordered},
          {"frames_damaged", status.facts.frames_damaged}};
}

// A stream whose source has never played.
stream::Directory::Listed unborn_stream(const stream::SourceDirectory::Listed &source) {
  auto entry = std::make_shared<stream::StreamEntry>();
  entry->name = source.name;
  entry->since_wall_us = source.status.since_wall_us;
  entry->since = base::mono_now() - base::Micros(base::wall_us() - source.status.since_wall_us);
  entry->counters = std::make_shared<stream::StreamCounters>();
  return {std::move(entry), {}, 0};
}

const char *state_of_absent(stream::SourceState state) {
  return state == stream::SourceState::Idle ? "idle" : "waiting";
}

Json tls_json(const Node &node) {
  Json list = Json::array();
  bool kernel = false;
  if (node.tls() != nullptr) {
    for (const net::TlsCertificateInfo &info : node.tls()->certificates()) {
      list.push_back({{"file", info.file},
                      {"names", info.names},
                      {"key", info.kind},
                      {"not_before", base::rfc3339(info.not_before_s * 1'000'000)},
                      {"not_after", base::rfc3339(info.not_after_s * 1'000'000)}});
    }
    kernel = node.tls()->kernel();
  }
  return {{"kernel", kernel}, {"certificates", std::move(list)}};
}

Json listen_json(const config::Listen &bound) {
  Json json = Json::object();
  for (const Entrance &entrance : kEntrances)
    json[entrance.name] = bound.*entrance.addresses;
  json["admin"] = bound.admin;
  return json;
}

std::int64_t seconds_since(base::MonoTime then) {
  return std::chrono::duration_cast<std::chrono::seconds>(base::mono_now() - then).count();
}

Json stream_json(const stream::Directory::Listed &listed) {
  const auto &entry = *listed.entry;
  const auto &counters = *entry.counters;
  return {{"name", entry.name},
          {"state", entry.live ? "live" : "waiting"},
          {"publisher", publisher_json(listed)},
          {"since", base::rfc3339(entry.since_wall_us)},
          {"uptime_s", seconds_since(entry.since)},
          {"home_loop", entry.live ? Json(entry.publisher.session.loop) : Json(nullptr)},
          {"tracks", tracks_json(listed.facts)},
          {"made_sound", made_sound_json(listed)},
          {"viewers", counters.viewers.load()},
          {"bytes_in", counters.bytes_in.load()},
          {"bytes_out", counters.bytes_out.load()},
          {"frames_in", counters.frames_in.load()},
          {"dropped_frames", counters.frames_dropped.load()},
          {"skips", counters.skips.load()},
          {"corrections", counters.corrections.load()},
          {"ignored", listed.facts.ignored},
          {"gop_bytes", counters.gop_bytes.load()},
          {"gop_frames", counters.gop_frames.load()},
          {"tape_bytes", counters.tape_bytes.load()},
          {"grace_left_s", static_cast<double>(listed.grace_left_ms) / 1000}};
}

Json session_json(const stream::SessionInfo &session) {
  return {{"id", base::to_string(session.id)},
          {"kind", session.kind},
          {"protocol", session.protocol},
          {"stream", session.stream},
          {"peer", session.peer},
          {"since", base::rfc3339(session.since_wall_us)},
          {"duration_s", static_cast<double>(session.duration_ms) / 1000},
          {"bytes_in", session.bytes_in},
          {"bytes_out", session.bytes_out},
          {"skips", session.skips},
          {"lag_ms", session.lag_ms},
          {"correlation_id", session.correlation_id},
          {"user_agent", session.user_agent}};
}

}  // namespace

std::string node_json(Node &node) {
  std::uint64_t frame_bytes = 0;
  for (const auto &listed : node.directory().list()) {
    frame_bytes += listed.entry->counters->gop_bytes.load();
  }
  return base::dump(Json{
      {"id", node.id()},
      {"version", SLUICE_VERSION},
      {"started_at", base::rfc3339(node.started_wall_us())},
      {"uptime_s", node.uptime_s()},
      {"workers", node.workers().size()},
      {"state", state_name(node.state())},
      {"memory",
       {{"tape_bytes", node.shared().blocks->usage().used_bytes}, {"frame_bytes", frame_bytes}}},
      {"streams", node.directory().size()},
      {"viewers", node.shared().deliver_metrics.seats_taken.load()},
      {"publishers", node.shared().stream_metrics.publishers.value()},
      {"listen", listen_json(node.addresses())},
      {"tls", tls_json(node)}});
}

std::string streams_json(Node &node) {
  std::map<std::string, stream::Directory::Listed> streams;
  for (auto &listed : node.directory().list()) {
    std::string name = listed.entry->name;
    streams.emplace(std::move(name), std::move(listed));
  }
  std::map<std::string, stream::SourceDirectory::Listed> sources;
  for (auto &source : node.sources().list()) {
    streams.try_emplace(source.name, unborn_stream(source));
    sources.emplace(source.name, std::move(source));
  }
  Json list = Json::array();
  for (const auto &[name, listed] : streams) {
    Json json = stream_json(listed);
    auto source = sources.find(name);
    json["renditions"] = node.config().renditions(name);
    json["source"] = nullptr;
    if (source != sources.end()) {
      json["source"] = source_json(source->second, node.is_added(name));
      if (!listed.entry->live) json["state"] = state_of_absent(source->second.status.state);
    }
    list.push_back(std::move(json));
  }
  return base::dump(Json{{"streams", std::move(list)}});
}

std::string sessions_json(const std::vector<stream::SessionInfo> &sessions,
                          std::optional<std::string_view> stream) {
  Json list = Json::array();
  for (const auto &session : sessions) {
    if (!stream || session.stream == *stream) list.push_back(session_json(session));
  }
  return base::dump(Json{{"sessions", std::move(list)}});
}

std::string sources_json(Node &node) {
  Json list = Json::array();
  for (const auto &source : node.sources().list())
    list.push_back(source_json(source, node.is_added(source.name)));
  return base::dump(Json{{"sources", std::move(list)}});
}

std::optional<std::string> source_json(Node &node, std::string_view name) {
  auto found = node.sources().find(name);
  if (!found) return std::nullopt;
  return base::dump(source_json(*found, node.is_added(name)));
}

std::string removed_json(std::string_view name) { return base::dump(Json{{"removed", name}}); }

std::string kicked_json(base::SessionId id) {
  return base::dump(Json{{"kicked", base::to_string(id)}});
}

}  // namespace sluice::node
