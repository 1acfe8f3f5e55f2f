// SPDX-License-Identifier: Apache-2.0
// A track of sound and its frames: a byte for the codec, one for rate and channels, one for G.726's
// width and order, one for the length of the configuration; then frames, each with a byte for the
// time since the last one and two for its length. What comes out is AAC whose times grow.
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_input.h"
#include "transcode/sound.h"

namespace {

using namespace sluice;
using media::Codec;

constexpr Codec kCodecs[] = {Codec::AAC,  Codec::MP3,  Codec::MP2,  Codec::PCMA,
                             Codec::PCMU, Codec::Opus, Codec::FLAC, Codec::AC3,
                             Codec::EAC3, Codec::G726, Codec::L16,  Codec::H264};
constexpr std::uint32_t kRates[] = {0, 8'000, 16'000, 44'100, 48'000, 1, 0xffff'ffff, 12'345};

media::Track take_track(base::Bytes &input) {
  media::Track track{.codec = kCodecs[fuzz::take_byte(input) % std::size(kCodecs)]};
  const unsigned form = fuzz::take_byte(input);
  track.sample_rate = kRates[form % std::size(kRates)];
  track.channels = form >> 3;
  const unsigned words = fuzz::take_byte(input);
  track.bits_per_sample = words & 7U;
  track.high_bits_first = (words & 8U) != 0;
  const std::size_t length = std::min<std::size_t>(fuzz::take_byte(input), input.size());
  track.config = base::as_text(input.first(length));
  input = input.subspan(length);
  return track;
}

std::vector<transcode::SoundFrame> take_frames(base::Bytes input) {
  std::vector<transcode::SoundFrame> frames;
  media::Ticks dts{0};
  while (!input.empty()) {
    // Now and then a jump.
    const unsigned step = fuzz::take_byte(input);
    dts += std::chrono::milliseconds(step < 250 ? step + 1 : (step - 249) * 10'000);
    std::size_t length = fuzz::take_byte(input) * std::size_t{256};
    length = std::min(length + fuzz::take_byte(input), input.size());
    frames.push_back({dts, 1, std::string(base::as_text(input.first(length)))});
    input = input.subspan(length);
  }
  return frames;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  auto input = fuzz::input_bytes(data, size);
  const media::Track track = take_track(input);
  auto transcoder = transcode::SoundTranscoder::open(track, {});
  if (!transcoder) return 0;
  media::Ticks newest{-1};
  // One after the other, as they come.
  for (const transcode::SoundFrame &frame : take_frames(input)) {
    const auto made = (*transcoder)->take({&frame, 1});
    SLUICE_CHECK(made.refused <= 1);
    SLUICE_CHECK(made.length <= std::chrono::milliseconds(1'500));
    for (const transcode::SoundFrame &out : made.frames) {
      SLUICE_CHECK(out.dts > newest && !out.payload.empty());
      newest = out.dts;
    }
  }
  return 0;
}
