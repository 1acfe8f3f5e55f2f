// SPDX-License-Identifier: Apache-2.0
// The counters of sound that is transcoded, shared by all loops.
#pragma once

#include "metrics/registry.h"

namespace sluice::stream {

struct SoundMetrics {
  explicit SoundMetrics(metrics::Registry &registry);

  metrics::Gauge &transcoders;  // streams whose sound is transcoded now
  metrics::Counter &frames_in;
  metrics::Counter &frames_out;
  metrics::Counter &dropped_busy;    // the pool of threads was behind
  metrics::Counter &dropped_broken;  // they could not be decoded
  metrics::Counter &dropped_flood;   // more sound than time
};

}  // namespace sluice::stream
