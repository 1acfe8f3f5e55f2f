// SPDX-License-Identifier: Apache-2.0
#include "media/metadata.h"

#include <cstdint>

namespace sluice::media {

namespace {

// The length of the UTF-8 sequence at the front of `text`, or 0 when it is not a valid one.
std::size_t utf8_length(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f)) return 0;
  return length;
}

// Written so that NaN is not believed either.
double believable(double value, double most) { return value > 0 && value <= most ? value : 0; }

}  // namespace

void Metadata::set_encoder(std::string_view text) {
  encoder.clear();
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    // U+0080 to U+009F are control characters too: 0xc2 0x80 to 0xc2 0x9f.
    const bool control = length == 1 ? text[0] < ' ' || text[0] == 0x7f
                                     : length == 2 && static_cast<std::uint8_t>(text[0]) == 0xc2 &&
                                           static_cast<std::uint8_t>(text[1]) < 0xa0;
    if (length > 0 && !control) {
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
