// SPDX-License-Identifier: Apache-2.0
// What a publication needs of its surroundings; all borrowed, all of its loop.
#pragma once

#include <functional>
#include <memory>

#include "config/live.h"
#include "loop/loop.h"
#include "loop/work_pool.h"
#include "media/buffer.h"
#include "stream/stream_entry.h"
#include "stream/stream_metrics.h"
#include "tape/block_pool.h"

namespace sluice::stream {

struct PublicationContext {
  loop::Loop &loop;
  const config::Live &config;
  StreamMetrics &metrics;
  std::shared_ptr<tape::BlockPool> blocks;
  media::BufferPool &buffers;
  loop::WorkPool *work;                       // null: nothing is transcoded
  std::function<void(StreamFacts)> on_facts;  // called when the tracks are known or change
};

}  // namespace sluice::stream
