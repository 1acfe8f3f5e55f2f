// SPDX-License-Identifier: Apache-2.0
// Streams of FFmpeg's encoders, as a publication has them, for tests of the muxers.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/ffmpeg_tools.h"
#include "support/flv_rig.h"
#include "support/fmp4_rig.h"

namespace sluice::test {

// Frames in the order of their times.
struct EncodedSource {
  media::TrackSet tracks;
  std::vector<media::Frame> frames;
};

// Has FFmpeg encode something, and reads what it made. Times are whole milliseconds from `base` on,
// as a time line gives them out.
inline EncodedSource encode(media::BufferPool &pool, const std::string &arguments,
                            media::Ticks base = {}) {
  const TempFile file;
  const std::string said =
      run("ffmpeg -nostdin -v error -y " + arguments +
          " -movflags frag_every_frame+empty_moov+default_base_moof -f mp4 " + file.path());
  CAPTURE(said);
  REQUIRE(said.empty());
  const std::string bytes = read_file(file.path());
  // Anything behind the last fragment is an index.
  const std::size_t index = bytes.rfind("mfra");
  Mp4File mp4;
  mp4.read(std::string_view(bytes).substr(0, index == std::string::npos ? index : index - 4));
  EncodedSource source;
  for (const auto &[id, track] : mp4.tracks)
    source.tracks.of(media::kind_of(track.track.codec)) = track.track;
  for (const Mp4Sample &sample : mp4.samples) {
    const Mp4Track &track = mp4.tracks.at(sample.track);
    const auto ms = static_cast<std::int64_t>(sample.time * 1'000 / track.scale);
    source.frames.push_back(
        {.codec = track.track.codec,
         .key = sample.key,
         .dts = base + media::Ticks(ms * 90),
         .composition_offset = media::Ticks(sample.composition * std::int64_t{90'000} /
                                            static_cast<std::int64_t>(track.scale)),
         .payload = slice_of(pool, sample.payload)});
  }
  std::ranges::stable_sort(source.frames, {}, &media::Frame::dts);
  return source;
}

}  // namespace sluice::test
