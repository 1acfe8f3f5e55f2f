// SPDX-License-Identifier: Apache-2.0
// Fragmented MP4 (ISO/IEC 14496-12) to frames: of each fragment its decoding time, and the stamp at
// the beginning of its mdat, where the one video frame is.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "support/container.h"

namespace sluice::bench {

class Fmp4Frames final : public ContainerReader {
 public:
  explicit Fmp4Frames(FrameSink &sink) : sink_(sink) {}
  bool feed(base::Bytes bytes) override;

 private:
  static constexpr std::size_t kBoxHeader = 8;
  static constexpr std::size_t kSeenHead = 64;
  static constexpr std::size_t kMostMoof = 64 << 10;

  bool begin_box();
  void take_body(base::Bytes bytes);
  void finish_box();

  FrameSink &sink_;
  std::size_t gathered_ = 0;
  std::array<std::byte, kBoxHeader> header_{};
  std::uint32_t type_ = 0;
  std::size_t left_ = 0;   // of the box's body
  std::string moof_;       // of the fragment under way
  std::string mdat_head_;  // its first bytes
};

}  // namespace sluice::bench
