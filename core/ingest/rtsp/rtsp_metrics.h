// SPDX-License-Identifier: Apache-2.0
// The counters of RTSP, of pulled cameras and of pushers alike, shared by all loops.
#pragma once

#include "metrics/registry.h"
#include "stream/end_counters.h"

namespace sluice::ingest::rtsp {

struct RtspMetrics {
  explicit RtspMetrics(metrics::Registry &registry);

  metrics::Gauge &connections;  // of pushers
  metrics::Gauge &pulls;        // connections to cameras
  metrics::Counter &received_bytes;
  metrics::Counter &refused_limit;
  metrics::Counter &refused_address_limit;
  metrics::Counter &packets;
  metrics::Counter &packets_lost;
  metrics::Counter &packets_bad;  // no RTP, an unknown payload type, a failed authentication
  metrics::Counter &frames_damaged;
  stream::EndCounters ends;       // of pushers
  stream::EndCounters pull_ends;  // of pulled cameras
};

}  // namespace sluice::ingest::rtsp
