// SPDX-License-Identifier: Apache-2.0
// The containers that viewers get, as a client sees them: bytes as they arrive to frames. Reads
// only what the benchmarks ask for, of the synthetic publisher's stream: which frame it is, when,
// and whether it is a key frame. Keeps no payload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "support/stamp.h"

namespace sluice::bench {

enum class Container : std::uint8_t { Flv, Fmp4, Ts };

// By the extension of a URL's path; FLV when it has none of theirs.
Container container_of(std::string_view path);

struct SeenFrame {
  bool video = false;
  bool key = false;
  std::uint64_t time = 0;      // decoding time; its unit is the container's and the track's
  std::optional<Stamp> stamp;  // video only
};

// Called when the frame's last byte has arrived.
class FrameSink {
 public:
  virtual void on_frame(const SeenFrame &frame) = 0;

 protected:
  ~FrameSink() = default;
};

class ContainerReader {
 public:
  virtual ~ContainerReader() = default;
  // False: this is not the container, and nothing more is taken.
  virtual bool feed(base::Bytes bytes) = 0;
};

std::unique_ptr<ContainerReader> make_reader(Container container, FrameSink &sink);

}  // namespace sluice::bench
