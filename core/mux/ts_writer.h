// SPDX-License-Identifier: Apache-2.0
// MPEG-TS (ISO/IEC 13818-1): frames to transport packets. Pure; takes hostile tracks and frames.
// Every key frame (and once a second of a stream without video) is preceded by PAT and PMT, so a
// reader can start there with nothing before it. One writer per tape, on the stream's home loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "media/frame.h"
#include "media/track_set.h"

namespace sluice::mux {

inline constexpr std::size_t kTsPacketSize = 188;

// H.264, H.265, AAC, MP3, Opus.
bool ts_can_carry(const media::Track &track);
media::TrackSet ts_tracks(const media::TrackSet &tracks);

class TsWriter {
 public:
  static constexpr std::size_t kMaxAudioFrames = 64;

  // The tracks from now on, of which ts_tracks() has left some. What was added is dropped;
  // continuity counters go on, and the PMT's version changes with the tracks.
  void configure(media::TrackSet carried);

  // Puts the frame into the unit under way: audio since the last unit as one PES, then at most one
  // video frame as another. Keeps a reference to its payload.
  void add(const media::Frame &frame);
  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool full() const;

  // As in Fmp4Writer.
  [[nodiscard]] media::Ticks dts() const;
  [[nodiscard]] bool key() const;
  [[nodiscard]] std::int64_t wall_us() const;
  [[nodiscard]] std::size_t prepare();  // a multiple of kTsPacketSize
  void write(base::MutableBytes out);
  void drop();

 private:
  media::TrackSet tracks_;
  std::vector<media::Frame> audio_;
  std::vector<media::Frame> video_;
  // (to be completed)
};

}  // namespace sluice::mux
