// SPDX-License-Identifier: Apache-2.0
// The counters of the RTMP listeners, shared by all loops.
#pragma once

#include "metrics/registry.h"

namespace sluice::ingest::rtmp {

struct RtmpMetrics {
  explicit RtmpMetrics(metrics::Registry &registry);

  metrics::Gauge &connections;
  metrics::Counter &received_bytes;
  metrics::Counter &refused_limit;
  // Sessions by why they ended; the reason is one of the documented words.
  void count_end(const char *reason) const;

 private:
  struct Ending {
    const char *reason;
    metrics::Counter *counter;
  };
  std::vector<Ending> endings_;
};

}  // namespace sluice::ingest::rtmp
