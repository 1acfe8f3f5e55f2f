// SPDX-License-Identifier: Apache-2.0
// FLV to frames: of each tag only the head that tells what it is.
#pragma once

#include <array>
#include <cstddef>

#include "support/container.h"

namespace sluice::bench {

class FlvFrames final : public ContainerReader {
 public:
  explicit FlvFrames(FrameSink &sink) : sink_(sink) {}
  bool feed(base::Bytes bytes) override;

 private:
  enum class Part : std::uint8_t { FileHeader, TagHeader, TagBody };
  static constexpr std::size_t kSeenHead = 64;

  bool gather(base::Bytes &bytes, std::size_t want);
  bool begin_tag();
  void finish_tag();

  FrameSink &sink_;
  Part part_ = Part::FileHeader;
  std::uint8_t gathered_ = 0;
  std::array<std::byte, 16> header_{};
  std::uint8_t type_ = 0;
  std::uint32_t timestamp_ms_ = 0;
  std::uint32_t left_ = 0;  // of body and previous tag size
  std::size_t seen_size_ = 0;
  std::array<std::byte, kSeenHead> seen_{};
};

}  // namespace sluice::bench
