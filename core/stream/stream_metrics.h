// SPDX-License-Identifier: Apache-2.0
// The counters of streams and their tapes, shared by all loops.
#pragma once

#include "metrics/registry.h"
#include "stream/sound_metrics.h"

namespace sluice::stream {

struct StreamMetrics {
  explicit StreamMetrics(metrics::Registry &registry);

  metrics::Gauge &publishers;
  metrics::Counter &video_frames;
  metrics::Counter &audio_frames;
  metrics::Counter &payload_bytes;           // media payload taken in
  metrics::Counter &copied_ingest_bytes;     // payload bytes copied out of read buffers
  metrics::Counter &copied_tape_bytes;       // payload bytes copied onto tapes
  metrics::Counter &copied_transcode_bytes;  // payload bytes copied for transcoders and from them
  metrics::Counter &dropped_no_config;
  metrics::Counter &dropped_no_key;
  metrics::Counter &dropped_gop_limit;
  metrics::Counter &dropped_no_memory;
  metrics::Counter &corrections;
  metrics::Counter &publish_refused;
  SoundMetrics sound;
};

}  // namespace sluice::stream
