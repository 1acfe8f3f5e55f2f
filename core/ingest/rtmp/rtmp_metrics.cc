// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtmp/rtmp_metrics.h"

#include <string_view>

namespace sluice::ingest::rtmp {
namespace {

constexpr const char *kReasons[] = {"client_closed",     "connection_lost", "stalled",
                                    "taken_over",        "kicked",          "shutdown",
                                    "handshake_timeout", "protocol_error",  "refused"};

}  // namespace

RtmpMetrics::RtmpMetrics(metrics::Registry &registry)
    : connections(registry.gauge("sluice_rtmp_connections", "Open RTMP connections.")),
      received_bytes(
          registry.counter("sluice_ingest_bytes_total", "Bytes read from publishers' sockets.")),
      refused_limit(registry.counter("sluice_refused_total", "Work refused by a limit or policy.",
                                     {{"listener", "rtmp"}, {"reason", "connections"}})) {
  for (const char *reason : kReasons) {
    endings_.push_back(
        {reason, &registry.counter("sluice_sessions_total", "Sessions that have ended.",
                                   {{"kind", "publisher"}, {"reason", reason}})});
  }
}

void RtmpMetrics::count_end(const char *reason) const {
  for (const Ending &ending : endings_) {
    if (std::string_view(ending.reason) == reason) ending.counter->add();
  }
}

}  // namespace sluice::ingest::rtmp
