// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtmp/rtmp_metrics.h"

#include "metrics/refusals.h"

namespace sluice::ingest::rtmp {

RtmpMetrics::RtmpMetrics(metrics::Registry &registry)
    : connections(registry.gauge("sluice_rtmp_connections", "Open RTMP connections.")),
      received_bytes(
          registry.counter("sluice_ingest_bytes_total", "Bytes read from publishers' sockets.")),
      refused_limit(metrics::refusals(registry, "rtmp", "limit")),
      refused_address_limit(metrics::refusals(registry, "rtmp", "address_limit")),
      ends(registry, "publisher",
           {"client_closed", "connection_lost", "stalled", "taken_over", "kicked", "shutdown",
            "handshake_timeout", "protocol_error", "refused"}) {}

}  // namespace sluice::ingest::rtmp
