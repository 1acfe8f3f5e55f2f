// SPDX-License-Identifier: Apache-2.0
#include "mux/flv_packet.h"

namespace sluice::mux {

namespace {

using media::Codec;
using What = FlvPacket::What;

constexpr unsigned kEnhancedAudio = 9;  // where the sound format stands
constexpr unsigned kEnhancedVideo = 0x80;
constexpr unsigned kCommandFrame = 5;

FlvPacket ignored(const char *reason) { return {.what = What::Ignored, .reason = reason}; }

// AVC, and HEVC as it was done before it had a fourcc: packet type and composition time.
FlvPacket parse_avc(Codec codec, bool key, base::ByteReader &in) {
  const unsigned packet_type = in.u8();
  const std::int32_t composition_ms = read_s24(in);
  if (!in.ok()) return ignored("video message is too short");
  FlvPacket packet{.codec = codec, .key = key, .body = in.rest()};
  if (packet_type > 2) return ignored("video message has an unknown packet type");
  if (packet_type == 2 || packet.body.empty()) return packet;  // end of sequence
  packet.what = packet_type == 0 ? What::Config : What::Frame;
  packet.composition_ms = packet_type == 0 ? 0 : composition_ms;
  return packet;
}

FlvPacket parse_aac(base::ByteReader &in) {
  const unsigned packet_type = in.u8();
  if (!in.ok()) return ignored("audio message is too short");
  if (packet_type > 1) return ignored("audio message has an unknown packet type");
  FlvPacket packet{.codec = Codec::AAC, .body = in.rest()};
  if (!packet.body.empty()) packet.what = packet_type == 0 ? What::Config : What::Frame;
  return packet;
}

FlvPacket parse_raw_audio(Codec codec, base::ByteReader &in) {
  FlvPacket packet{.codec = codec, .body = in.rest()};
  if (!packet.body.empty()) packet.what = What::Frame;
  return packet;
}

}  // namespace

FlvPacket parse_flv_video(base::Bytes body) {
  if (body.empty()) return {};
  base::ByteReader in(body);
  const unsigned first = in.u8();
  if ((first & kEnhancedVideo) != 0) return parse_flv_enhanced(media::Kind::Video, body);
  if (first >> 4 == kCommandFrame) return {};
  const bool key = first >> 4 == 1;
  switch (first & 0x0fU) {
    case 2:
      return ignored("video codec Sorenson H.263 is not supported");
    case 3:
    case 6:
      return ignored("video codec Screen Video is not supported");
    case 4:
    case 5:
      return ignored("video codec VP6 is not supported");
    case 7:
      return parse_avc(Codec::H264, key, in);
    case 12:
      return parse_avc(Codec::H265, key, in);
    default:
      return ignored("video codec id is unknown");
  }
}

FlvPacket parse_flv_audio(base::Bytes body) {
  if (body.empty()) return {};
  base::ByteReader in(body);
  const unsigned first = in.u8();
  const bool stereo = (first & 1U) != 0;
  switch (first >> 4) {
    case kEnhancedAudio:
      return parse_flv_enhanced(media::Kind::Audio, body);
    case 2:
    case 14:
      return parse_raw_audio(Codec::MP3, in);
    case 7:
    case 8:
      // A frame does not carry its channel count, and no known camera sends two.
      if (stereo) return ignored("stereo G.711 is not supported");
      return parse_raw_audio(first >> 4 == 7 ? Codec::PCMA : Codec::PCMU, in);
    case 10:
      return parse_aac(in);
    case 0:
    case 3:
      return ignored("audio codec PCM is not supported");
    case 1:
      return ignored("audio codec ADPCM is not supported");
    case 4:
    case 5:
    case 6:
      return ignored("audio codec Nellymoser is not supported");
    case 11:
      return ignored("audio codec Speex is not supported");
    default:
      return ignored("audio codec id is unknown");
  }
}

}  // namespace sluice::mux
