// SPDX-License-Identifier: Apache-2.0
// The counters of delivery, and the seats that limit it; shared by all loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "config/config.h"
#include "deliver/protocol.h"
#include "metrics/registry.h"
#include "stream/end_counters.h"
#include "stream/stream_entry.h"

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

  // Whether take_seat() would have one now.
  [[nodiscard]] bool has_seat(const config::Deliver &limits,
                              const stream::StreamCounters &stream) const;
  // A seat in the node and one in the stream, whose counters these are, within the limits. Two
  // loops may take the last one at the same moment; one too many for a moment does no harm.
  [[nodiscard]] bool take_seat(const config::Deliver &limits, stream::StreamCounters &stream);
  void give_seat_back(stream::StreamCounters &stream);

  // Viewers of the whole node, for the limit.
  std::atomic<std::uint32_t> seats_taken{0};
};

}  // namespace sluice::deliver
