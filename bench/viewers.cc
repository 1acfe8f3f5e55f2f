// SPDX-License-Identifier: Apache-2.0
// viewers: N viewers of one live stream in FLV, fMP4 or MPEG-TS, over HTTP or WebSocket, and what
// they saw in a window of time: bytes, joins, stalls, and by a fully parsed probe the age of the
// frames. With --pid also what that process used in the same window. One JSON line.
#include <cstdio>
#include <optional>

#include "support/crowd.h"
#include "support/crowd_run.h"
#include "support/options.h"
#include "support/probe.h"
#include "support/report.h"

namespace sluice::bench {
namespace {

using base::Json;

// The key is RFC 6455's own example; a benchmark has no need of a random one.
std::string request_for(const Endpoint &endpoint, bool websocket) {
  std::string text = "GET " + endpoint.path + " HTTP/1.1\r\nHost: " + endpoint.host +
                     "\r\nUser-Agent: sluice-bench\r\nAccept: */*\r\n";
  text += websocket
              ? "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
              : "Connection: keep-alive\r\n\r\n";
  return text;
}

Json crowd_json(CrowdResult &crowd) {
  return {
      {"established", crowd.established},
      {"alive", crowd.alive},
      {"failed", crowd.failed},
      {"refused", crowd.refused},
      {"dropped", crowd.dropped},
      {"without_data", crowd.without_data},
      {"bytes", crowd.window_bytes},
      {"viewer_bytes", {crowd.viewer_bytes_min, crowd.viewer_bytes_p50, crowd.viewer_bytes_max}},
      {"reads", crowd.window_reads},
      {"stalls", crowd.stalls},
      {"stalled_viewers", crowd.stalled_viewers},
      {"longest_gap_ms", rounded(crowd.longest_gap_ms)},
      {"longest_pass_ms", rounded(crowd.longest_pass_ms)},
      {"first_byte_ms", to_json(crowd.first_byte_ms.percentiles())},
      {"key_frame_ms", to_json(crowd.key_frame_ms.percentiles())}};
}

Json probe_json(ProbeResult &probe, double window_s) {
  return {{"alive", probe.alive},
          {"frames", probe.frames},
          {"missing", probe.missing},
          {"repeated", probe.repeated},
          {"steps_back", probe.steps_back},
          {"bytes", probe.bytes},
          {"reads_per_s", rounded(static_cast<double>(probe.reads) / window_s)},
          {"join_age_ms", rounded(probe.join_age_ms)},
          {"latency_ms", to_json(probe.latency_ms.percentiles())}};
}

int run(const Options &options) {
  Endpoint endpoint = parse_endpoint(options.text("url"));
  CrowdOptions crowd_options{.endpoint = endpoint,
                             .count = options.integer("count", 0, 28000),
                             .connects_per_s = options.number("rate", 1, 100000),
                             .stall_ns = options.integer("stall-ms", 1, 600000) * 1'000'000LL,
                             .websocket = endpoint.scheme == "ws" || options.flag("ws"),
                             .raw = options.flag("raw")};
  crowd_options.request = request_for(endpoint, crowd_options.websocket);
  if (!allow_players(crowd_options.count)) return 1;
  std::atomic<Phase> phase = Phase::WarmUp;
  std::optional<Probe> probe;
  if (!crowd_options.raw && !options.flag("no-probe")) {
    probe.emplace(endpoint, crowd_options.request, crowd_options.websocket);
    probe->start(phase);
  }
  Crowd crowd(crowd_options);
  auto [first, last] = watch(crowd, phase, options);
  CrowdResult result = crowd.finish();
  Json line = {{"count", crowd_options.count},
               {"websocket", crowd_options.websocket},
               {"crowd", crowd_json(result)}};
  if (probe) {
    ProbeResult seen = probe->finish();
    line["probe"] = probe_json(seen, seconds_between(first, last));
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
      "viewers: N viewers of one live stream, on loopback",
      with_crowd_options(
          {{"url", "http://127.0.0.1:8080/bench/cam.flv", "http:// or ws://; .flv, .mp4 or .ts"},
           {"stall-ms", "2000", "a viewer without a byte for so long has stalled"},
           {"ws", "no", "WebSocket, whatever the URL's scheme is"},
           {"raw", "no", "the body is no container: only drain it"}}),
      argc, argv);
  return run(options);
}
