// SPDX-License-Identifier: Apache-2.0
#include "stream/source_metrics.h"

namespace sluice::stream {

SourceMetrics::SourceMetrics(metrics::Registry &registry)
    : attempts(registry.counter("sluice_source_attempts_total",
                                "Attempts to pull a stream from a camera.")),
      reconnects(registry.counter("sluice_source_reconnects_total",
                                  "Times that a camera's stream came back after it had stopped.")) {
  for (std::size_t i = 0; i < kPullEndReasons; ++i) {
    failures[i] = &registry.counter("sluice_source_failures_total",
                                    "Attempts that failed, and streams that "
                                    "stopped, by reason.",
                                    {{"reason", word(static_cast<PullEndReason>(i))}});
  }
}

}  // namespace sluice::stream
