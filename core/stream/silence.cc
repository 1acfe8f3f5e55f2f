// SPDX-License-Identifier: Apache-2.0
#include "stream/silence.h"

#include <array>
#include <string_view>

#include "media/describe.h"

namespace sluice::stream {
namespace {

using media::Ticks;

constexpr Ticks kMaxGap = std::chrono::seconds(1);

// AAC-LC, 48 kHz, one channel (ISO/IEC 14496-3, clause 1.6.2.1).
constexpr std::string_view kConfig{"\x11\x88", 2};
// A single_channel_element of one long window without any spectrum, and the end (clause 4.4.2).
constexpr std::string_view kFrame{"\x00\x00\x00\x07", 4};

}  // namespace

media::Track silent_track() { return media::describe(media::Codec::AAC, base::as_bytes(kConfig)); }

Silence::Silence(media::BufferPool &pool) : frame_(pool.copy(base::as_bytes(kFrame))) {}

void Silence::advance(const media::Frame &picture, bool may_fill, const OnFrame &on_frame) {
  if (frame_.size == 0) return;
  if (!next_ || !may_fill || picture.dts - *next_ > kMaxGap) next_ = picture.dts;
  for (; *next_ <= picture.dts; *next_ += kFrameLength) {
    media::Frame frame{.codec = media::Codec::AAC, .key = true, .dts = *next_};
    frame.wall_us = picture.wall_us;
    frame.payload = frame_;
    on_frame(frame);
  }
}

}  // namespace sluice::stream
