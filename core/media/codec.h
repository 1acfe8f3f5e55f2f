// SPDX-License-Identifier: Apache-2.0
// Codecs and tracks.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::media {

enum class Kind : std::uint8_t { Video, Audio };

enum class Codec : std::uint8_t {
  // Video.
  H264,
  H265,
  AV1,
  VP9,
  MJPEG,
  // Audio.
  AAC,
  MP3,
  PCMA,
  PCMU,
  Opus,
  FLAC,
  AC3,
  EAC3,
  MP2,
  G726,
  L16,
};

[[nodiscard]] Kind kind_of(Codec codec);
[[nodiscard]] const char *codec_name(Codec codec);  // "h264", "aac", … as API and logs show it

// Codecs of which every decoder needs a configuration record before the first frame.
[[nodiscard]] bool needs_config(Codec codec);

// One elementary stream as far as it is known. Unknown numbers are 0.
struct Track {
  Codec codec = Codec::H264;
  // The decoder's configuration record, as ISO/IEC 14496-15 has it: avcC, hvcC, av1C, vpcC, or the
  // AudioSpecificConfig, OpusHead, dfLa. Empty where the codec needs none.
  std::string config;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t sample_rate = 0;
  std::uint32_t channels = 0;
  // G.726: bits of a code word, 2 to 5 for 16 to 40 kbit/s; and whether the first code word of a
  // byte stands in its highest bits (ITU-T I.366.2) or in its lowest (RFC 3551).
  std::uint32_t bits_per_sample = 0;
  bool high_bits_first = false;
  // Video, as the sequence parameter set states them: pictures a second, and how many pictures may
  // come before one that is shown before them. -1: not stated.
  double frame_rate = 0;
  std::int32_t reorder_frames = -1;
  // RFC 6381: "avc1.64001f", "mp4a.40.2". Empty when it cannot be told.
  std::string codec_string;

  friend bool operator==(const Track &, const Track &) = default;
};

}  // namespace sluice::media
