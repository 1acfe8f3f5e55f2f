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

// What RTP has no records for: each alone, and records made of them, which must be readable again.
void units(base::Bytes nal) {
  (void)media::h264_sps_id(nal);
  (void)media::h264_pps_ids(nal);
  (void)media::h264_slice_start(nal);
  (void)media::h265_vps_id(nal);
  (void)media::h265_sps_id(nal);
  (void)media::h265_pps_ids(nal);
  (void)media::h265_slice_start(nal);
  (void)media::parse_adts(nal);
  const base::Bytes one[] = {nal};
  if (const auto record = media::make_avc_config(one, one)) {
    SLUICE_CHECK(media::parse_avc_config(base::as_bytes(*record)).has_value());
  }
  if (const auto record = media::make_hevc_config({.vps = one, .sps = one, .pps = one})) {
    SLUICE_CHECK(media::parse_hevc_config(base::as_bytes(*record)).has_value());
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
  units(input);
  (void)media::parse_aac_config(input);
  (void)media::parse_mp3_header(input);
  media::Metadata metadata;
  metadata.set_encoder(base::as_text(input));
  SLUICE_CHECK(metadata.encoder.size() <= media::Metadata::kMaxEncoderText);
  return 0;
}
