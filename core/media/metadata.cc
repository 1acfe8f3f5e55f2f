// SPDX-License-Identifier: Apache-2.0
#include "media/metadata.h"

#include "base/utf8.h"

namespace sluice::media {

namespace {

// Written so that NaN is not believed either.
double believable(double value, double most) { return value > 0 && value <= most ? value : 0; }

}  // namespace

void Metadata::set_encoder(std::string_view text) {
  encoder.clear();
  while (!text.empty()) {
    const std::size_t length = base::utf8_length(text);
    if (length > 0 && !base::is_utf8_control(text.substr(0, length))) {
      if (encoder.size() + length > kMaxEncoderText) return;
      encoder.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void Metadata::set_frame_rate(double value) { frame_rate = believable(value, 1000); }
void Metadata::set_video_kbps(double value) { video_kbps = believable(value, 1e6); }
void Metadata::set_audio_kbps(double value) { audio_kbps = believable(value, 1e5); }

}  // namespace sluice::media
