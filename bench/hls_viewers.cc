// SPDX-License-Identifier: Apache-2.0
// hls-viewers: N players of one HLS playlist, with a connection each, and what they got in a window
// of time: answers, bytes, how long they took, and by a probe that reads the media how old the
// frames were. With --pid also what that process used in the same window. One JSON line.
#include <cstdio>
#include <optional>

#include "support/clock.h"
#include "support/hls_crowd.h"
#include "support/hls_probe.h"
#include "support/options.h"
#include "support/report.h"
#include "support/window.h"

namespace sluice::bench {
namespace {

using base::Json;

std::optional<HlsStyle> style_of(std::string_view name) {
  if (name == "low-latency") return HlsStyle::LowLatency;
  if (name == "reload") return HlsStyle::Reload;
  if (name == "plain") return HlsStyle::Plain;
  if (name == "files") return HlsStyle::Files;
  return {};
}

std::int64_t ns_of(const Options &options, std::string_view name, double least, double most) {
  return static_cast<std::int64_t>(options.number(name, least, most) * 1e9);
}

// Runs ramp, warm-up and window; the snapshots are taken at the window's two ends.
std::pair<Snapshot, Snapshot> watch(HlsCrowd &crowd, std::atomic<Phase> &phase,
                                    const Options &options) {
  int pid = options.integer("pid", 0, 1 << 22);
  while (!crowd.all_started())
    crowd.pass();
  for (std::int64_t end = mono_ns() + ns_of(options, "warm", 0, 120); mono_ns() < end;)
    crowd.pass();
  Snapshot first = take_snapshot(pid);
  crowd.begin_window();
  phase = Phase::Window;
  for (std::int64_t end = mono_ns() + ns_of(options, "window", 0.1, 3600); mono_ns() < end;)
    crowd.pass();
  Snapshot last = take_snapshot(pid);
  phase = Phase::End;
  return {std::move(first), std::move(last)};
}

Json crowd_json(HlsCrowdResult &crowd) {
  return {{"alive", crowd.alive},
          {"ended", crowd.ended},
          {"playlists", crowd.playlists},
          {"media", crowd.media},
          {"refused", crowd.refused},
          {"bytes", crowd.bytes},
          {"media_bytes", crowd.media_bytes},
          {"media_ms", to_json(crowd.media_ms.percentiles())},
          {"behind_ms", to_json(crowd.behind_ms.percentiles())}};
}

Json probe_json(HlsProbeResult &probe) {
  return {{"alive", probe.alive},
          {"changes", probe.changes},
          {"frames", probe.frames},
          {"missing", probe.missing},
          {"newest_frame_ms", to_json(probe.newest_ms.percentiles())},
          {"oldest_frame_ms", to_json(probe.oldest_ms.percentiles())}};
}

int run(const Options &options) {
  auto style = style_of(options.text("style"));
  if (!style) {
    std::fprintf(stderr, "no such style: %s\n", options.text("style").c_str());
    return 2;
  }
  HlsCrowdOptions crowd_options{.endpoint = parse_endpoint(options.text("url")),
                                .style = *style,
                                .lap_ns = ns_of(options, "lap", 0, 60),
                                .count = options.integer("count", 1, 28000),
                                .connects_per_s = options.number("rate", 1, 100000)};
  if (!allow_descriptors(static_cast<unsigned long>(crowd_options.count) + 64)) {
    std::fprintf(stderr, "the limit of open files is too low for %d viewers\n",
                 crowd_options.count);
    return 1;
  }
  std::atomic<Phase> phase = Phase::WarmUp;
  std::optional<HlsProbe> probe;
  if (!options.flag("no-probe")) {
    probe.emplace(crowd_options.endpoint, *style);
    probe->start(phase);
  }
  HlsCrowd crowd(crowd_options);
  auto [first, last] = watch(crowd, phase, options);
  HlsCrowdResult result = crowd.finish();
  Json line = {{"style", options.text("style")},
               {"count", crowd_options.count},
               {"crowd", crowd_json(result)}};
  if (probe) {
    HlsProbeResult seen = probe->finish();
    line["probe"] = probe_json(seen);
  }
  report_usage(line, first, last);
  print_line(line);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char **argv) {
  using namespace sluice::bench;
  Options options(
      "hls-viewers: N players of one HLS playlist, on loopback",
      {{"url", "http://127.0.0.1:8080/bench/cam/index.m3u8", "master or media playlist"},
       {"style", "low-latency", "low-latency, reload, plain or files"},
       {"lap", "0", "seconds from one playlist to the next, for files"},
       {"count", "100", "players, beside the probe"},
       {"rate", "500", "connections a second while they start"},
       {"warm", "2", "seconds between the last connection and the window"},
       {"window", "8", "seconds that are measured"},
       {"pid", "0", "the server's process, whose CPU time and memory are read"},
       {"no-probe", "no", "no player that reads the media, no latency"}},
      argc, argv);
  return run(options);
}
