// SPDX-License-Identifier: Apache-2.0
// Metadata: what is kept of a publisher's onMetaData. Publishers lie in it, so nothing here decides
// how a stream is handled; sizes and rates come from the parameter sets. It is shown to operators
// and passed on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::media {

struct Metadata {
  static constexpr std::size_t kMaxEncoderText = 128;

  std::string encoder;    // bounded, valid UTF-8 without control characters
  double frame_rate = 0;  // frames per second; 0: not stated, or not believable
  double video_kbps = 0;  // 0 likewise
  double audio_kbps = 0;

  // Take a stated value if it can be true, and leave it unknown otherwise.
  void set_encoder(std::string_view text);
  void set_frame_rate(double value);
  void set_video_kbps(double value);
  void set_audio_kbps(double value);

  friend bool operator==(const Metadata &, const Metadata &) = default;
};

}  // namespace sluice::media
