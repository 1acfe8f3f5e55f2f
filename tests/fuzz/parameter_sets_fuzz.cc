// SPDX-License-Identifier: Apache-2.0
// Configuration records and parameter sets, each as every codec would take it.
#include "base/check.h"
#include "fuzz_input.h"
#include "media/aac.h"
#include "media/describe.h"
#include "media/h264.h"
#include "media/h265.h"
#include "media/metadata.h"
#include "media/mp3.h"

namespace {

using namespace sluice;
using media::Codec;

constexpr Codec kCodecs[] = {Codec::H264, Codec::H265, Codec::AV1,  Codec::VP9,
                             Codec::AAC,  Codec::MP3,  Codec::PCMA, Codec::PCMU,
                             Codec::Opus, Codec::FLAC, Codec::AC3,  Codec::EAC3};

void sps(base::Bytes nal) {
  if (const auto h264 = media::parse_h264_sps(nal)) {
    SLUICE_CHECK(h264->width > 0 && h264->width <= 32'768);
    SLUICE_CHECK(h264->height > 0 && h264->height <= 32'768);
  }
  if (const auto h265 = media::parse_h265_sps(nal)) {
    SLUICE_CHECK(h265->width > 0 && h265->width <= 32'768);
    SLUICE_CHECK(h265->height > 0 && h265->height <= 32'768);
    SLUICE_CHECK(h265->profile.codec_string().size() < 64);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const base::Bytes input = fuzz::input_bytes(data, size);
  for (Codec codec : kCodecs) {
    const media::Track track = media::describe(codec, input);
    SLUICE_CHECK(track.codec == codec && track.config == base::as_text(input));
    SLUICE_CHECK(track.codec_string.size() < 64);
  }
  sps(input);
  (void)media::parse_aac_config(input);
  (void)media::parse_mp3_header(input);
  media::Metadata metadata;
  metadata.set_encoder(base::as_text(input));
  SLUICE_CHECK(metadata.encoder.size() <= media::Metadata::kMaxEncoderText);
  return 0;
}
