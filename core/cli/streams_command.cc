// SPDX-License-Identifier: Apache-2.0
// `sluice streams`: the streams of a node as a table, or everything about one.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/admin_api.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/node_model.h"

namespace sluice::cli {
namespace {

std::string describe_track(const TrackView &track) {
  if (track.width > 0) return fmt::format("{} {}x{}", track.codec, track.width, track.height);
  if (track.sample_rate > 0) {
    return fmt::format("{} {} Hz x{}", track.codec, track.sample_rate, track.channels);
  }
  return track.codec;
}

std::string tracks_of(const StreamView &stream, std::string_view kind) {
  auto track = std::ranges::find(stream.tracks, kind, &TrackView::kind);
  return track == stream.tracks.end() ? std::string() : describe_track(*track);
}

// A stream that is away says what its source is about.
std::string state_of(const StreamView &stream) {
  return stream.state == "live" || !stream.source ? stream.state : stream.source->state;
}

std::string overview(const std::vector<StreamView> &streams) {
  using enum Table::Align;
  std::vector<Table::Column> columns{{"NAME"},      {"STATE"},      {"VIEWERS", Right},
                                     {"IN", Right}, {"OUT", Right}, {"UP", Right},
                                     {"VIDEO"},     {"AUDIO"},      {"PUBLISHER"}};
  bool has_sources =
      std::ranges::any_of(streams, [](const auto &s) { return s.source.has_value(); });
  if (has_sources) columns.insert(columns.end(), {{"NEXT TRY", Right}, {"LAST ERROR"}});
  Table table(std::move(columns));
  for (const StreamView &stream : streams) {
    std::vector<std::string> cells{stream.name,
                                   state_of(stream),
                                   std::to_string(stream.viewers),
                                   format_bytes(stream.bytes_in),
                                   format_bytes(stream.bytes_out),
                                   format_duration(stream.uptime_s),
                                   tracks_of(stream, "video"),
                                   tracks_of(stream, "audio"),
                                   stream.publisher_peer};
    if (has_sources) {
      auto next = stream.source ? stream.source->next_try_in_s : std::nullopt;
      cells.push_back(next ? format_duration(*next) : "");
      cells.push_back(stream.source ? stream.source->error_reason : "");
    }
    table.add(std::move(cells));
  }
  return table.text();
}

std::string publisher_of(const StreamView &stream) {
  if (stream.publisher_session.empty()) {
    if (stream.source && stream.grace_left_s == 0) return "not yet";
    return fmt::format("gone; viewers wait {} more", format_duration(stream.grace_left_s));
  }
  return fmt::format("{} by {}, session {}{}{}", stream.publisher_peer, stream.publisher_protocol,
                     stream.publisher_session, stream.encoder.empty() ? "" : ", ", stream.encoder);
}

std::string line_of(std::string_view title, const std::string &value) {
  return fmt::format("{:<12} {}\n", title, printable(value));
}

std::string details(const SourceView &source) {
  std::string out;
  auto line = [&out](std::string_view title, const std::string &value) {
    out += line_of(title, value);
  };
  std::string state = source.state;
  if (source.on_demand) state += source.is_wanted ? ", on demand, wanted" : ", on demand";
  if (source.next_try_in_s) state += ", next try in " + format_duration(*source.next_try_in_s);
  if (source.stops_in_s) state += ", stops in " + format_duration(*source.stops_in_s);
  line("source", source.url);
  line("", state);
  if (!source.transport.empty()) {
    line("camera", fmt::format("{} at {} by {}", source.server.empty() ? "unnamed" : source.server,
                               source.peer, source.transport));
    line("packets", fmt::format("{}, {} lost, {} frames damaged", source.packets,
                                source.packets_lost, source.frames_damaged));
  }
  line("attempts", fmt::format("{}, back again {} times", source.attempts, source.reconnects));
  if (!source.error_reason.empty()) {
    line("last error",
         fmt::format("{}: {}, at {}", source.error_reason, source.error_message, source.error_at));
  }
  return out;
}

std::string details(const StreamView &stream) {
  std::string out;
  auto line = [&out](std::string_view title, const std::string &value) {
    out += line_of(title, value);
  };
  line("stream", stream.name);
  line("state", fmt::format("{} for {}, since {}", stream.state, format_duration(stream.uptime_s),
                            stream.since));
  if (stream.source) out += details(*stream.source);
  line("publisher", publisher_of(stream));
  for (const TrackView &track : stream.tracks)
    line(track.kind, describe_track(track));
  for (const std::string &rendition : stream.renditions)
    line("rendition", rendition);
  line("viewers", std::to_string(stream.viewers));
  line("in",
       fmt::format("{}, {} frames ({} dropped, {} times corrected)", format_bytes(stream.bytes_in),
                   stream.frames_in, stream.dropped_frames, stream.corrections));
  line("out", format_bytes(stream.bytes_out));
  line("memory", fmt::format("{} in {} frames of the newest picture group, {} on tapes",
                             format_bytes(stream.gop_bytes), stream.gop_frames,
                             format_bytes(stream.tape_bytes)));
  if (stream.home_loop > 0) line("home loop", std::to_string(stream.home_loop));
  for (const std::string &what : stream.ignored)
    line("ignored", what);
  if (!stream.last_error.empty()) line("last error", stream.last_error);
  return out;
}

int print_one(const std::vector<StreamView> &streams, const std::string &name, Terminal &terminal) {
  auto found = std::ranges::find(streams, name, &StreamView::name);
  if (found == streams.end()) {
    std::vector<std::string_view> names(streams.size());
    std::ranges::transform(streams, names.begin(), &StreamView::name);
    auto near = closest(name, names);
    std::string hint = near ? fmt::format("; did you mean {}?", printable(*near)) : "";
    return report(terminal, "streams",
                  {kExitFailed, fmt::format("no stream named {}{}", printable(name), hint)});
  }
  terminal.out << details(*found);
  return kExitOk;
}

}  // namespace

int streams_command(const Arguments &arguments, Terminal &terminal) {
  auto api = AdminApi::open(arguments, terminal);
  if (!api) return report(terminal, "streams", api.error());
  auto answer = api->get("/api/v1/streams");
  if (!answer) return report(terminal, "streams", answer.error());
  auto streams = decode_streams(*answer);
  if (!streams) {
    return report(terminal, "streams",
                  {kExitFailed, api->url() + " does not answer as a Sluice node does"});
  }
  if (arguments.has("json")) {
    std::vector<MemberIs> keep;
    for (const std::string &name : arguments.operands)
      keep.push_back({"name", name});
    terminal.out << indent_json(*answer, "streams", keep);
    bool found = keep.empty() || std::ranges::count(*streams, keep[0].text, &StreamView::name) > 0;
    return found ? kExitOk : kExitFailed;
  }
  if (!arguments.operands.empty()) return print_one(*streams, arguments.operands[0], terminal);
  if (streams->empty()) {
    terminal.err << "No streams.\n";
  } else {
    terminal.out << overview(*streams);
  }
  return kExitOk;
}

}  // namespace sluice::cli
