// SPDX-License-Identifier: Apache-2.0
// The counters of the RTMP listeners, shared by all loops.
#pragma once

#include "metrics/registry.h"
#include "stream/end_counters.h"

namespace sluice::ingest::rtmp {

struct RtmpMetrics {
  explicit RtmpMetrics(metrics::Registry &registry);

  metrics::Gauge &connections;
  metrics::Counter &received_bytes;
  metrics::Counter &refused_limit;
  metrics::Counter &refused_address_limit;
  stream::EndCounters ends;
};

}  // namespace sluice::ingest::rtmp
