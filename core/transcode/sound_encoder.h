// SPDX-License-Identifier: Apache-2.0
// SoundEncoder: samples to AAC-LC (ISO/IEC 14496-3), 1024 of them to a frame.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/result.h"
#include "media/codec.h"
#include "transcode/library.h"

namespace sluice::transcode {

class SoundEncoder {
 public:
  static constexpr int kFrameSamples = 1024;

  // aac: as aac_track_of() makes it. bit_rate in bits a second.
  static base::Result<SoundEncoder> open(const media::Track &aac, std::uint32_t bit_rate);

  // Takes the next 1024 samples out of `from`, which has as many. on_frame is called with frames
  // that are complete, each with the number of its first sample: mostly with that of the call
  // before.
  using OnFrame = std::function<void(std::int64_t, base::Bytes)>;
  base::Status encode(AVAudioFifo &from, const OnFrame &on_frame);
  // Samples that it has taken, which is the number of the next one.
  [[nodiscard]] std::int64_t taken() const { return taken_; }

 private:
  base::Status make_room();

  Owned<AVCodecContext> context_;
  Owned<AVFrame> samples_;
  Owned<AVPacket> packet_;
  std::int64_t taken_ = 0;
};

}  // namespace sluice::transcode
