// SPDX-License-Identifier: Apache-2.0
// The counters of delivery, and the seats that limit it; shared by all loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "deliver/protocol.h"
#include "metrics/registry.h"
#include "stream/end_counters.h"

namespace sluice::deliver {

struct DeliverMetrics {
  explicit DeliverMetrics(metrics::Registry &registry);

  metrics::Gauge *viewers[kProtocols];
  metrics::Counter *egress_bytes[kProtocols];
  metrics::Counter &skips;
  metrics::Counter &closed_slow;
  metrics::Counter &refused_viewers;
  metrics::Histogram &join_us;
  metrics::Histogram &flush_bytes;
  stream::EndCounters ends;

  // Viewers of the whole node, for the limit.
  std::atomic<std::uint32_t> seats_taken{0};
};

}  // namespace sluice::deliver
