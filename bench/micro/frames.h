// SPDX-License-Identifier: Apache-2.0
// The synthetic camera's messages as the frames and tracks that the muxers are given.
#pragma once

#include <cstring>
#include <vector>

#include "media/describe.h"
#include "media/frame.h"
#include "media/track_set.h"
#include "micro/camera.h"
#include "micro/measure.h"
#include "support/stamp.h"

namespace sluice::bench {

inline constexpr std::size_t kAudioBodyHead = 2;  // sound format, AAC packet type

inline std::vector<media::Frame> as_frames(const Recording &recording, media::BufferPool &pool) {
  std::vector<media::Frame> frames;
  for (const RecordedMessage &message : recording.messages) {
    base::Bytes payload =
        recording.body(message).subspan(message.video ? kVideoBodyHead : kAudioBodyHead);
    media::Frame frame;
    frame.codec = message.video ? media::Codec::H264 : media::Codec::AAC;
    frame.key = message.key || !message.video;
    frame.dts = std::chrono::milliseconds(message.timestamp_ms);
    frame.payload = {pool.take(payload.size()), 0, static_cast<std::uint32_t>(payload.size())};
    std::memcpy(frame.payload.buffer.memory().data(), payload.data(), payload.size());
    frames.push_back(std::move(frame));
  }
  return frames;
}

inline std::size_t payload_bytes(const std::vector<media::Frame> &frames) {
  std::size_t bytes = 0;
  for (const media::Frame &frame : frames)
    bytes += frame.payload.size;
  return bytes;
}

inline media::TrackSet tracks_of(const SyntheticStream &stream) {
  const std::string video = stream.video_config().substr(kVideoBodyHead);
  const std::string audio = stream.audio_config().substr(kAudioBodyHead);
  return {.video = media::describe(media::Codec::H264, base::as_bytes(video)),
          .audio = media::describe(media::Codec::AAC, base::as_bytes(audio))};
}

// What a muxer is held against: the same payloads by memcpy, one after the other.
inline void copy_all(const std::vector<media::Frame> &frames, base::MutableBytes memory) {
  for (const media::Frame &frame : frames) {
    base::Bytes payload = frame.payload.bytes();
    std::memcpy(memory.data(), payload.data(), payload.size());
    keep(memory.data());
  }
}

}  // namespace sluice::bench
