// SPDX-License-Identifier: Apache-2.0
// The counters of pulled sources, shared by all loops.
#pragma once

#include <array>

#include "metrics/registry.h"
#include "stream/pull.h"

namespace sluice::stream {

struct SourceMetrics {
  explicit SourceMetrics(metrics::Registry &registry);

  metrics::Counter &attempts;
  metrics::Counter &reconnects;
  std::array<metrics::Counter *, kPullEndReasons> failures{};  // by PullEndReason
};

}  // namespace sluice::stream
