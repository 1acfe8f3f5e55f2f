// SPDX-License-Identifier: Apache-2.0
#include "media/describe.h"

#include <fmt/format.h>

#include "media/aac.h"
#include "media/av1.h"
#include "media/bits.h"
#include "media/h264.h"
#include "media/h265.h"

namespace sluice::media {

namespace {

void describe_h264(Track &track, base::Bytes record) {
  const auto config = parse_avc_config(record);
  if (!config) return;
  track.codec_string = h264_codec_string(config->profile, config->compatibility, config->level);
  for (base::Bytes nal : config->sps) {
    const auto sps = parse_h264_sps(nal);
    if (!sps) continue;
    track.width = sps->width;
    track.height = sps->height;
    track.reorder_frames = sps->reorder_frames;
    track.frame_rate = sps->frame_rate;
    // The record's own three bytes are copies, and some cameras leave them zero.
    track.codec_string = h264_codec_string(sps->profile, sps->compatibility, sps->level);
    return;
  }
}

void describe_h265(Track &track, base::Bytes record) {
  const auto config = parse_hevc_config(record);
  if (!config) return;
  track.codec_string = config->profile.codec_string();
  for (base::Bytes nal : config->sps) {
    const auto sps = parse_h265_sps(nal);
    if (!sps) continue;
    track.width = sps->width;
    track.height = sps->height;
    track.reorder_frames = sps->reorder_frames;
    track.frame_rate = sps->frame_rate;
    track.codec_string = sps->profile.codec_string();
    return;
  }
}

void describe_aac(Track &track, base::Bytes record) {
  const auto config = parse_aac_config(record);
  if (!config) return;
  track.sample_rate = config->sample_rate;
  track.channels = config->channels;
  track.codec_string = config->codec_string();
}

// AV1 Codec ISO Media File Format Binding, section 2.3.
void describe_av1(Track &track, base::Bytes record) {
  BitReader in(record);
  in.bits(8);  // marker and version
  const std::uint32_t profile = in.bits(3);
  const std::uint32_t level = in.bits(5);
  const bool high_tier = in.flag();
  const bool high_depth = in.flag();
  const bool twelve = in.flag();
  if (!in.ok()) return;
  const unsigned depth = !high_depth ? 8 : profile == 2 && twelve ? 12 : 10;
  track.codec_string =
      fmt::format("av01.{}.{:02}{}.{:02}", profile, level, high_tier ? 'H' : 'M', depth);
  constexpr std::size_t kFixed = 4;
  if (record.size() <= kFixed) return;
  if (const auto size = parse_av1_sequence(record.subspan(kFixed))) {
    track.width = size->width;
    track.height = size->height;
  }
}

// VP Codec ISO Media File Format Binding: with or without the version and flags of a full box,
// since encoders differ in what they put into FLV.
void describe_vp9(Track &track, base::Bytes record) {
  base::ByteReader in(record);
  if (record.size() >= 12 && in.u32() == 0x0100'0000) record = in.rest();
  BitReader bits(record);
  const std::uint32_t profile = bits.bits(8);
  const std::uint32_t level = bits.bits(8);
  const std::uint32_t depth = bits.bits(4);
  if (bits.ok()) track.codec_string = fmt::format("vp09.{:02}.{:02}.{:02}", profile, level, depth);
}

void describe_opus(Track &track, base::Bytes record) {
  track.sample_rate = 48'000;  // always, whatever OpusHead remembers of the input
  track.codec_string = "opus";
  base::ByteReader in(record);
  const bool head = base::as_text(in.take(8)) == "OpusHead";
  in.skip(1);  // version
  const std::uint32_t channels = in.u8();
  if (head && in.ok()) track.channels = channels;
}

// dfLa: version and flags of a full box, then metadata blocks, STREAMINFO being the first.
void describe_flac(Track &track, base::Bytes record) {
  track.codec_string = "flac";
  BitReader in(record);
  in.skip(32 + 32 + 16 + 16 + 24 + 24);  // full box, block header, block sizes, frame sizes
  const std::uint32_t sample_rate = in.bits(20);
  const std::uint32_t channels = in.bits(3) + 1;
  if (!in.ok()) return;
  track.sample_rate = sample_rate;
  track.channels = channels;
}

}  // namespace

Track describe(Codec codec, base::Bytes config) {
  Track track;
  track.codec = codec;
  track.config = base::as_text(config);
  switch (codec) {
    case Codec::H264:
      describe_h264(track, config);
      break;
    case Codec::H265:
      describe_h265(track, config);
      break;
    case Codec::AV1:
      describe_av1(track, config);
      break;
    case Codec::VP9:
      describe_vp9(track, config);
      break;
    case Codec::AAC:
      describe_aac(track, config);
      break;
    case Codec::Opus:
      describe_opus(track, config);
      break;
    case Codec::FLAC:
      describe_flac(track, config);
      break;
    case Codec::MP3:
      track.codec_string = "mp3";
      break;
    case Codec::PCMA:
    case Codec::PCMU:
      track.sample_rate = 8'000;
      track.channels = 1;
      break;
    case Codec::AC3:
      track.codec_string = "ac-3";
      break;
    case Codec::EAC3:
      track.codec_string = "ec-3";
      break;
    case Codec::G726:
      track.sample_rate = 8'000;
      track.channels = 1;
      break;
    case Codec::MJPEG:
    case Codec::MP2:
    case Codec::L16:
      break;
  }
  return track;
}

}  // namespace sluice::media
