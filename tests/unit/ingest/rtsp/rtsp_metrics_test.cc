// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_metrics.h"

#include <doctest/doctest.h>

#include "stream/pull.h"

namespace sluice::ingest::rtsp {

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE("rtsp metrics: every reason for which a pull can end is counted") {
  metrics::Registry registry;
  RtspMetrics metrics(registry);
  for (std::size_t i = 0; i < stream::kPullEndReasons; ++i)
    metrics.pull_ends.count(stream::word(static_cast<stream::PullEndReason>(i)));
  metrics.pull_ends.count("stopped");
  metrics.pull_ends.count("refused");
}

TEST_SUITE_END();

}  // namespace sluice::ingest::rtsp
