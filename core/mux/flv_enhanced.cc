// SPDX-License-Identifier: Apache-2.0
// Enhanced RTMP, versions 1 and 2: headers that name the codec by fourcc, may carry modifiers and
// several tracks in one message. Only track 0 of each kind is taken.
#include <optional>

#include "mux/flv_packet.h"
#include "mux/flv_tag.h"

namespace sluice::mux {

namespace {

using media::Codec;
using media::Kind;
using What = FlvPacket::What;

enum PacketType : unsigned {
  kSequenceStart = 0,
  kCodedFrames = 1,
  kSequenceEnd = 2,
  kCodedFramesX = 3,  // video: the composition time is 0 and left out
  kMetadata = 4,      // video; multichannel configuration for audio
  kTsSequenceStart = 5,
  kAudioMultitrack = 5,
  kVideoMultitrack = 6,
  kModifier = 7,
};

enum MultitrackType : unsigned { kOneTrack = 0, kManyTracks = 1, kManyTracksManyCodecs = 2 };

constexpr unsigned kCommandFrame = 5;

FlvPacket ignored(const char *reason) { return {.what = What::Ignored, .reason = reason}; }

std::optional<Codec> codec_of(Kind kind, std::uint32_t name) {
  if (kind == Kind::Video) {
    switch (name) {
      case fourcc("avc1"):
        return Codec::H264;
      case fourcc("hvc1"):
        return Codec::H265;
      case fourcc("av01"):
        return Codec::AV1;
      case fourcc("vp09"):
        return Codec::VP9;
      default:
        return std::nullopt;
    }
  }
  switch (name) {
    case fourcc("mp4a"):
      return Codec::AAC;
    case fourcc(".mp3"):
      return Codec::MP3;
    case fourcc("Opus"):
      return Codec::Opus;
    case fourcc("fLaC"):
      return Codec::FLAC;
    case fourcc("ac-3"):
      return Codec::AC3;
    case fourcc("ec-3"):
      return Codec::EAC3;
    default:
      return std::nullopt;
  }
}

FlvPacket parse_video_track(unsigned type, FlvPacket packet) {
  switch (type) {
    case kSequenceStart:
      packet.what = What::Config;
      break;
    case kCodedFrames: {
      packet.what = What::Frame;
      if (packet.codec != Codec::H264 && packet.codec != Codec::H265) break;
      base::ByteReader in(packet.body);
      packet.composition_ms = read_s24(in);
      if (!in.ok()) return ignored("video message is too short");
      packet.body = in.rest();
      break;
    }
    case kCodedFramesX:
      packet.what = What::Frame;
      break;
    case kSequenceEnd:
    case kMetadata:
      break;
    case kTsSequenceStart:
      return ignored("AV1 in the MPEG-2 TS format is not supported");
    default:
      return ignored("video message has an unknown packet type");
  }
  return packet;
}

FlvPacket parse_audio_track(unsigned type, FlvPacket packet) {
  switch (type) {
    case kSequenceStart:
      packet.what = What::Config;
      break;
    case kCodedFrames:
      packet.what = What::Frame;
      break;
    case kSequenceEnd:
    case kMetadata:
      break;
    default:
      return ignored("audio message has an unknown packet type");
  }
  return packet;
}

struct Track {
  Kind kind;
  unsigned type;
  bool key;
};

FlvPacket parse_track(const Track &track, std::uint32_t name, base::Bytes body) {
  const std::optional<Codec> codec = codec_of(track.kind, name);
  const bool video = track.kind == Kind::Video;
  if (!codec) {
    return ignored(video ? "video fourcc is not supported" : "audio fourcc is not supported");
  }
  FlvPacket packet{.codec = *codec, .key = track.key, .body = body};
  packet = video ? parse_video_track(track.type, packet) : parse_audio_track(track.type, packet);
  if (packet.what != What::Ignored && packet.body.empty()) packet.what = What::Nothing;
  return packet;
}

FlvPacket parse_multitrack(Track track, base::ByteReader &in) {
  const unsigned second = in.u8();
  const unsigned layout = second >> 4;
  track.type = second & 0x0fU;
  if (layout > kManyTracksManyCodecs) return ignored("multitrack message has an unknown layout");
  std::uint32_t name = layout == kManyTracksManyCodecs ? 0 : in.u32();
  std::optional<FlvPacket> first;
  bool more = false;
  while (in.left() > 0 && in.ok()) {
    if (layout == kManyTracksManyCodecs) name = in.u32();
    const unsigned id = in.u8();
    const base::Bytes body = in.take(layout == kOneTrack ? in.left() : in.u24());
    if (!in.ok()) break;
    if (id == 0 && !first) {
      first = parse_track(track, name, body);
    } else {
      more = true;
    }
  }
  if (first) {
    first->more_tracks = more;
    return *first;
  }
  return ignored(in.ok() ? "tracks other than the first are not taken"
                         : "multitrack message is too short");
}

}  // namespace

FlvPacket parse_flv_enhanced(Kind kind, base::Bytes body) {
  const bool video = kind == Kind::Video;
  base::ByteReader in(body);
  const unsigned first = in.u8();
  Track track{.kind = kind, .type = first & 0x0fU, .key = video && (first >> 4 & 7U) == 1};
  // Modifiers stand before the packet that they modify. The one that exists has nanoseconds, which
  // FLV's milliseconds have no room for.
  while (track.type == kModifier && in.ok()) {
    std::size_t size = std::size_t{in.u8()} + 1;
    if (size == 256) size = std::size_t{in.u16()} + 1;
    in.skip(size);
    track.type = in.u8() & 0x0fU;
  }
  if (video && (first >> 4 & 7U) == kCommandFrame && track.type != kMetadata) return {};
  if (track.type == (video ? kVideoMultitrack : kAudioMultitrack))
    return parse_multitrack(track, in);
  const std::uint32_t name = in.u32();
  if (!in.ok()) return ignored(video ? "video message is too short" : "audio message is too short");
  return parse_track(track, name, in.rest());
}

}  // namespace sluice::mux
