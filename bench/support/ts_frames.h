// SPDX-License-Identifier: Apache-2.0
// MPEG-TS (ISO/IEC 13818-1) to frames: the beginnings of PES packets. A picture's PES has no
// length; its last packet is known by its stuffing, or else by the PES that comes next.
#pragma once

#include <array>
#include <cstddef>

#include "support/container.h"

namespace sluice::bench {

class TsFrames final : public ContainerReader {
 public:
  explicit TsFrames(FrameSink &sink) : sink_(sink) {}
  bool feed(base::Bytes bytes) override;

 private:
  static constexpr std::size_t kPacket = 188;

  bool take_packet();
  void begin_pes(base::Bytes payload, unsigned pid, bool random_access);
  void end_picture();

  FrameSink &sink_;
  std::size_t gathered_ = 0;
  std::array<std::byte, kPacket> packet_{};
  static constexpr unsigned kNoPid = 0x2000;
  unsigned video_pid_ = kNoPid;
  bool in_picture_ = false;
  SeenFrame picture_;  // under way
};

}  // namespace sluice::bench
