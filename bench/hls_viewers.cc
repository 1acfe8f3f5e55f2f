// SPDX-License-Identifier: Apache-2.0
// hls-viewers: N players of one HLS playlist, with a connection each, and what they got in a window
// of time: answers, bytes, how long they took, and by a probe that reads the media how old the
// frames were. With --pid also what that process used in the same window. One JSON line.
#include <cstdio>
#include <optional>

#include "support/crowd_run.h"
#include "support/hls_crowd.h"
#include "support/hls_probe.h"
#include "support/options.h"
#include "support/report.h"

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
  if (!allow_players(crowd_options.count)) return 1;
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
      with_crowd_options(
          {{"url", "http://127.0.0.1:8080/bench/cam/index.m3u8", "master or media playlist"},
           {"style", "low-latency", "low-latency, reload, plain or files"},
           {"lap", "0", "seconds from one playlist to the next, for files"}}),
      argc, argv);
  return run(options);
}
