// SPDX-License-Identifier: Apache-2.0
// Ten seconds of the synthetic camera as one piece of memory, which the micro benchmarks work on.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "support/synthetic.h"

namespace sluice::bench {

struct RecordedMessage {
  bool video = false, key = false;
  std::uint32_t timestamp_ms = 0;
  std::size_t offset = 0, size = 0;
};

struct Recording {
  std::vector<std::byte> bytes;
  std::vector<RecordedMessage> messages;

  [[nodiscard]] base::Bytes body(const RecordedMessage &message) const {
    return base::Bytes(bytes).subspan(message.offset, message.size);
  }
};

inline Recording record(const Shape &shape, double seconds = 10) {
  SyntheticStream stream(shape);
  Recording recording;
  auto end_ns = static_cast<std::int64_t>(seconds * 1e9);
  for (SyntheticMessage m = stream.next(); m.due_ns < end_ns; m = stream.next()) {
    if (m.video) stream.stamp(m, m.due_ns);
    recording.messages.push_back(
        {m.video, m.key, m.timestamp_ms, recording.bytes.size(), m.body.size()});
    recording.bytes.insert(recording.bytes.end(), m.body.begin(), m.body.end());
  }
  return recording;
}

}  // namespace sluice::bench
