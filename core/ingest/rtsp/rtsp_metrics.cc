// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_metrics.h"

#include "metrics/refusals.h"

namespace sluice::ingest::rtsp {

RtspMetrics::RtspMetrics(metrics::Registry &registry)
    : connections(registry.gauge("sluice_rtsp_connections", "Open RTSP connections of pushers.")),
      pulls(registry.gauge("sluice_rtsp_pulls", "Connections to cameras that are pulled.")),
      received_bytes(
          registry.counter("sluice_ingest_bytes_total", "Bytes read from publishers' sockets.")),
      refused_limit(metrics::refusals(registry, "rtsp", "limit")),
      refused_address_limit(metrics::refusals(registry, "rtsp", "address_limit")),
      packets(registry.counter("sluice_rtp_packets_total", "RTP packets taken.")),
      packets_lost(registry.counter("sluice_rtp_packets_lost_total",
                                    "RTP packets that did not come, or came too late.")),
      packets_bad(registry.counter("sluice_rtp_packets_bad_total",
                                   "Packets that were no RTP of the session: malformed, of an "
                                   "unknown payload type, or not authentic.")),
      frames_damaged(registry.counter("sluice_rtp_frames_damaged_total",
                                      "Frames that lacked a packet, or a picture they need.")),
      ends(registry, "publisher",
           {"client_closed", "connection_lost", "stalled", "taken_over", "kicked", "shutdown",
            "handshake_timeout", "protocol_error", "refused"}),
      // The words of stream::PullEndReason, and the two of a pull that its source or its name
      // ended.
      pull_ends(registry, "source",
                {"resolve_failed", "connect_failed", "tls_failed", "timed_out", "unauthorized",
                 "forbidden", "not_found", "busy", "unsupported", "malformed", "stalled",
                 "connection_lost", "camera_closed", "publish_refused", "taken_over", "kicked",
                 "no_memory", "stopped", "refused"}) {}

}  // namespace sluice::ingest::rtsp
