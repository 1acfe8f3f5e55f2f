// SPDX-License-Identifier: Apache-2.0
// Frame: one access unit or audio frame, on its way from a publisher to the tapes. Frames live on
// the home loop of their stream and never cross threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

#include "media/buffer.h"
#include "media/codec.h"

namespace sluice::media {

// Media time: 64-bit, 90 kHz, so that milliseconds and RTP's video clock are both exact.
using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 90'000>>;

struct Frame {
  Codec codec = Codec::H264;
  bool key = false;  // decoding can start here; true for every audio frame
  Ticks dts{0};
  Ticks composition_offset{0};  // pts - dts; may be negative (old encoders)
  // When it was taken, in microseconds since 1970, as far as its sender told; else when it arrived.
  // 0: not known.
  std::int64_t wall_us = 0;
  // H.264 and H.265: NAL units with lengths as the track's config states them, nearly always in 4
  // bytes. L16: big-endian samples. Others: the codec's own frame.
  Slice payload;

  [[nodiscard]] Kind kind() const { return kind_of(codec); }
};

}  // namespace sluice::media
