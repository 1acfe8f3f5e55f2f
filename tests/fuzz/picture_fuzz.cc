// SPDX-License-Identifier: Apache-2.0
// A key frame with its configuration: a byte for the codec, one for the width, two for the length
// of the configuration. What comes out is a JPEG or an error.
#include <string>

#include "base/check.h"
#include "fuzz_input.h"
#include "transcode/picture.h"

namespace {

using namespace sluice;

constexpr media::Codec kCodecs[] = {media::Codec::H264, media::Codec::H265, media::Codec::AV1,
                                    media::Codec::MJPEG, media::Codec::VP9};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  auto input = fuzz::input_bytes(data, size);
  media::Track track{.codec = kCodecs[fuzz::take_byte(input) % std::size(kCodecs)]};
  const std::uint32_t width = fuzz::take_byte(input) * 8U;
  std::size_t length = fuzz::take_byte(input) * std::size_t{256};
  length += fuzz::take_byte(input);
  length = std::min(length, input.size());
  track.config = base::as_text(input.first(length));
  auto jpeg = transcode::make_jpeg(track, input.subspan(length), width);
  if (jpeg) SLUICE_CHECK(jpeg->starts_with("\xff\xd8"));
  return 0;
}
