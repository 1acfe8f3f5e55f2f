// SPDX-License-Identifier: Apache-2.0
#include "deliver/deliver_metrics.h"

#include <array>

#include "metrics/refusals.h"

namespace sluice::deliver {

const char *protocol_name(Protocol protocol) {
  constexpr std::array<const char *, kProtocols> kNames{"http-flv", "ws-flv", "http-fmp4",
                                                        "ws-fmp4", "http-ts"};
  return kNames[static_cast<std::size_t>(protocol)];
}

DeliverMetrics::DeliverMetrics(metrics::Registry &registry)
    : skips(registry.counter("sluice_viewer_skips_total",
                             "Times that a viewer who was behind was moved to a newer key frame.")),
      closed_slow(registry.counter("sluice_viewers_closed_slow_total",
                                   "Viewers closed because they did not read.")),
      refused_viewers(metrics::refusals(registry, "http", "viewers")),
      join_us(registry.histogram("sluice_join_seconds",
                                 "From a viewer's request to its first frame being sent.",
                                 {1'000, 5'000, 10'000, 50'000, 100'000, 250'000, 500'000,
                                  1'000'000, 2'500'000, 5'000'000, 10'000'000},
                                 {}, 1e6)),
      flush_bytes(registry.histogram("sluice_flush_bytes",
                                     "Bytes handed to the kernel by one write to a viewer.",
                                     {1024, 4096, 16'384, 65'536, 262'144, 1'048'576})),
      ends(registry, "viewer",
           {"client_closed", "connection_lost", "slow", "stream_ended", "kicked", "shutdown",
            "protocol_error", "codec_not_supported", "paused_too_long", "tracks_changed",
            "timeout"}) {
  for (std::size_t i = 0; i < kProtocols; ++i) {
    const char *name = protocol_name(static_cast<Protocol>(i));
    viewers[i] =
        &registry.gauge("sluice_viewers", "Viewers that are connected now.", {{"protocol", name}});
    egress_bytes[i] = &registry.counter("sluice_egress_bytes_total", "Bytes sent to viewers.",
                                        {{"protocol", name}});
  }
}

bool DeliverMetrics::has_seat(const config::Deliver &limits,
                              const stream::StreamCounters &stream) const {
  return seats_taken.load() < limits.max_viewers &&
         stream.viewers.load() < limits.max_viewers_per_stream;
}

bool DeliverMetrics::take_seat(const config::Deliver &limits, stream::StreamCounters &stream) {
  if (!has_seat(limits, stream)) return false;
  seats_taken.fetch_add(1);
  stream.viewers.fetch_add(1);
  return true;
}

void DeliverMetrics::give_seat_back(stream::StreamCounters &stream) {
  seats_taken.fetch_sub(1);
  stream.viewers.fetch_sub(1);
}

}  // namespace sluice::deliver
