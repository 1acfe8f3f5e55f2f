// SPDX-License-Identifier: Apache-2.0
#include "cli/probe_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "cli/format.h"

namespace sluice::cli {
namespace {

using base::Json;
using ingest::rtsp::ProbedMessage;
using ingest::rtsp::ProbedTrack;
using ingest::rtsp::ProbeReport;

double frames_per_second(const ProbedTrack &track) {
  if (track.seconds <= 0 || track.facts.frames < 2) return 0;
  return static_cast<double>(track.facts.frames - 1) / track.seconds;
}

double kbps(const ProbedTrack &track) {
  return track.seconds > 0 ? static_cast<double>(track.bytes) * 8 / 1000 / track.seconds : 0;
}

std::string key_frames(const ProbedTrack &track) {
  if (track.longest_key_interval > 0) {
    return fmt::format("key frames {:.1f} to {:.1f} s apart", track.shortest_key_interval,
                       track.longest_key_interval);
  }
  return track.facts.key_frames > 0 ? "one key frame" : "no key frame";
}

std::string describe_video(const ProbedTrack &track) {
  std::string text =
      fmt::format("{}, {}x{}, {:.1f} frames/s, {:.0f} kbit/s, {}, {}", track.track.codec_string,
                  track.track.width, track.track.height, frames_per_second(track), kbps(track),
                  key_frames(track), track.reorders ? "B-frames" : "no B-frames");
  text += track.described_sets ? ", parameter sets in the description"
                               : ", parameter sets in the stream only";
  if (track.configurations > 1) {
    text += fmt::format(", changed {} times", track.configurations - 1);
  }
  return text;
}

std::string describe_track(const ProbedTrack &track) {
  std::string text = fmt::format("{} (payload type {}, {} Hz): ", track.encoding,
                                 track.payload_type, track.clock_rate);
  if (!track.found) return text + "nothing usable came";
  if (track.kind == "video") return text + describe_video(track);
  return text + fmt::format("{} {} Hz x{}, {:.0f} kbit/s", media::codec_name(track.track.codec),
                            track.track.sample_rate, track.track.channels, kbps(track));
}

std::string describe_clock(const ProbedTrack &track) {
  const auto &facts = track.facts;
  if (facts.sender_reports == 0) return "no sender reports, set right from arrival times";
  return fmt::format("{} sender reports, {} not believed, {} corrections, wall clock {}",
                     facts.sender_reports, facts.wild_reports, facts.clock_corrections,
                     track.has_wall_clock ? "right" : "wrong or not stated");
}

std::string describe_way(const ProbeReport &way) {
  if (!way.worked) {
    return fmt::format("no: {} ({})", stream::sentence(way.end.reason),
                       base::describe(way.end.error));
  }
  std::uint64_t packets = 0;
  std::uint64_t lost = 0;
  for (const ProbedTrack &track : way.tracks) {
    packets += track.facts.packets;
    lost += track.facts.lost;
  }
  std::string text =
      fmt::format("yes: media after {} ms, {} packets, {} lost", way.first_media_ms, packets, lost);
  if (!way.timed_out) text += fmt::format("; ended: {}", base::describe(way.end.error));
  return text;
}

Json track_json(const ProbedTrack &track) {
  const auto &facts = track.facts;
  return {{"kind", track.kind},
          {"encoding", track.encoding},
          {"payload_type", track.payload_type},
          {"clock_rate", track.clock_rate},
          {"usable", track.found},
          {"codec", media::codec_name(track.track.codec)},
          {"codec_string", track.track.codec_string},
          {"width", track.track.width},
          {"height", track.track.height},
          {"sample_rate", track.track.sample_rate},
          {"channels", track.track.channels},
          {"parameter_sets_described", track.described_sets},
          {"configurations", track.configurations},
          {"frames", facts.frames},
          {"key_frames", facts.key_frames},
          {"frames_per_second", frames_per_second(track)},
          {"kbps", kbps(track)},
          {"key_interval_s", {track.shortest_key_interval, track.longest_key_interval}},
          {"b_frames", track.reorders},
          {"packets", facts.packets},
          {"lost", facts.lost},
          {"reordered", facts.reordered},
          {"bad", facts.bad},
          {"damaged_frames", facts.damaged},
          {"sender_reports", facts.sender_reports},
          {"wild_reports", facts.wild_reports},
          {"clock_corrections", facts.clock_corrections},
          {"wall_clock", track.has_wall_clock}};
}

Json way_json(const ProbeReport &way) {
  Json json{{"transport", ingest::rtsp::way_name(way.way)}, {"works", way.worked}};
  if (way.worked) json["first_media_ms"] = way.first_media_ms;
  if (!way.timed_out) {
    json["end"] = stream::word(way.end.reason);
    json["error"] = base::describe(way.end.error);
  }
  Json tracks = Json::array();
  for (const ProbedTrack &track : way.tracks)
    tracks.push_back(track_json(track));
  json["tracks"] = std::move(tracks);
  return json;
}

Json result_json(const ProbeResult &result) {
  const ProbeReport &best = result.best();
  Json ways = Json::array();
  for (const ProbeReport &way : result.ways)
    ways.push_back(way_json(way));
  return {{"url", result.url},
          {"works", result.worked()},
          {"server", best.server},
          {"methods", best.methods},
          {"authentication", best.authentication},
          {"keep_alive", best.keep_alive},
          {"session_timeout_s", best.session_timeout_s},
          {"transports", std::move(ways)},
          {"ignored", best.ignored},
          {"quirks", best.quirks}};
}

Json message_json(const ProbedMessage &message) {
  Json fields = Json::array();
  for (const auto &[name, value] : message.fields)
    fields.push_back({name, value});
  return {{"from", message.sent ? "node" : "camera"},
          {"start", message.start},
          {"fields", std::move(fields)},
          {"body", message.body}};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (unsigned char byte : bytes)
    fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

}  // namespace

const ProbeReport &ProbeResult::best() const {
  auto found = std::ranges::find(ways, true, &ProbeReport::worked);
  return found == ways.end() ? ways.front() : *found;
}

bool ProbeResult::worked() const { return best().worked; }

std::string probe_text(const ProbeResult &result) {
  std::string out;
  auto line = [&out](std::string_view title, const std::string &value) {
    out += fmt::format("{:<11} {}\n", title, value.empty() ? "-" : printable(value));
  };
  const ProbeReport &best = result.best();
  line("camera", result.url);
  line("server", best.server);
  line("methods", best.methods);
  line("login", best.authentication);
  line("keep-alive",
       fmt::format("{}, within {} s", best.keep_alive.empty() ? "RTCP reports" : best.keep_alive,
                   best.session_timeout_s));
  for (const ProbeReport &way : result.ways)
    line(ingest::rtsp::way_name(way.way), describe_way(way));
  for (const ProbedTrack &track : best.tracks) {
    line(track.kind, describe_track(track));
    line("  clock", describe_clock(track));
    const auto &facts = track.facts;
    if (facts.bad + facts.damaged + facts.reordered > 0) {
      line("  packets", fmt::format("{} bad, {} reordered; {} frames damaged", facts.bad,
                                    facts.reordered, facts.damaged));
    }
  }
  for (const std::string &what : best.ignored)
    line("ignored", what);
  for (const std::string &what : best.quirks)
    line("quirk", what);
  return out;
}

std::string probe_json(const ProbeResult &result) { return base::dump(result_json(result), 2); }

std::string probe_bundle(const ProbeResult &result) {
  const ProbeReport &best = result.best();
  Json dialogue = Json::array();
  for (const ProbedMessage &message : best.dialogue)
    dialogue.push_back(message_json(message));
  Json packets = Json::array();
  for (const auto &packet : best.packets)
    packets.push_back({packet.track, packet.us, packet.size, hex(packet.head)});
  Json bundle{{"format", "sluice camera bundle 1"},
              {"version", SLUICE_VERSION},
              {"report", result_json(result)},
              {"dialogue", std::move(dialogue)},
              {"packets", std::move(packets)}};
  return base::dump(bundle, 1) + "\n";
}

}  // namespace sluice::cli
