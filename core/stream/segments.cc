// SPDX-License-Identifier: Apache-2.0
#include "stream/segments.h"

#include <utility>

#include "stream/stream_entry.h"

namespace sluice::stream {

std::shared_ptr<const SegmentList> SegmentLog::read() const {
  std::lock_guard lock(mutex_);
  return list_;
}

void SegmentLog::publish(std::shared_ptr<const SegmentList> list) {
  // The list before is let go of outside the lock: it may be the last to hold blocks.
  std::lock_guard lock(mutex_);
  list_.swap(list);
}

SegmentLogs make_segment_logs() {
  SegmentLogs logs;
  for (auto &log : logs)
    log = std::make_shared<SegmentLog>();
  return logs;
}

}  // namespace sluice::stream
