// SPDX-License-Identifier: Apache-2.0
#include "mux/flv_writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "wire/amf0.h"

namespace sluice::mux {

namespace {

using media::Codec;
using media::Ticks;
using media::Track;

constexpr std::int64_t kTicksPerMs = 90;
constexpr std::uint32_t kTagHeaderSize = 11;

// What stands between a tag's header and the payload.
struct CodecHeader {
  std::array<std::byte, 8> bytes{};
  std::size_t size = 0;
};

// 0 for a codec that has only a fourcc.
unsigned legacy_id(Codec codec, H265InFlv mode) {
  switch (codec) {
    case Codec::H264:
      return 7;
    case Codec::H265:
      return mode == H265InFlv::Legacy ? 12 : 0;
    case Codec::AAC:
      return 10;
    case Codec::MP3:
      return 2;
    case Codec::PCMA:
      return 7;
    case Codec::PCMU:
      return 8;
    default:
      return 0;
  }
}

std::uint32_t fourcc_of(Codec codec) {
  switch (codec) {
    case Codec::H264:
      return fourcc("avc1");
    case Codec::H265:
      return fourcc("hvc1");
    case Codec::AV1:
      return fourcc("av01");
    case Codec::VP9:
      return fourcc("vp09");
    case Codec::AAC:
      return fourcc("mp4a");
    case Codec::MP3:
      return fourcc(".mp3");
    case Codec::Opus:
      return fourcc("Opus");
    case Codec::FLAC:
      return fourcc("fLaC");
    case Codec::AC3:
      return fourcc("ac-3");
    case Codec::EAC3:
      return fourcc("ec-3");
    case Codec::PCMA:
    case Codec::PCMU:
      break;  // have an id
    case Codec::MJPEG:
    case Codec::MP2:
    case Codec::G726:
    case Codec::L16:
      break;  // flv_can_carry() says no
  }
  return 0;
}

// Sound format, rate, sample size and channels. Players take the last three from the stream itself,
// except for G.711, which is 8 kHz mono: there the rate field has no meaning and is 0.
std::uint32_t sound_byte(unsigned id) {
  const bool g711 = id == 7 || id == 8;
  return id << 4 | (g711 ? 0x2U : 0xfU);
}

std::int64_t floor_ms(Ticks time) {
  const std::int64_t ms = time.count() / kTicksPerMs;
  return time.count() < ms * kTicksPerMs ? ms - 1 : ms;
}

std::uint32_t stamp_of(Ticks time) { return static_cast<std::uint32_t>(floor_ms(time)); }

// As it is between the rounded times, so that the presentation time is right to the millisecond.
std::int32_t composition_ms(const media::Frame &frame) {
  const std::int64_t ms = floor_ms(frame.dts + frame.composition_offset) - floor_ms(frame.dts);
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(ms, -0x80'0000, 0x7f'ffff));
}

CodecHeader video_header(const media::Frame &frame, H265InFlv mode) {
  CodecHeader header;
  std::byte *p = header.bytes.data();
  const std::uint32_t type = frame.key ? 0x10 : 0x20;
  const auto composition = static_cast<std::uint32_t>(composition_ms(frame));
  if (const unsigned id = legacy_id(frame.codec, mode); id != 0) {
    p = base::put_u24(base::put_u8(base::put_u8(p, type | id), 1), composition);
  } else {
    const bool timed = frame.codec == Codec::H265;
    const bool short_form = timed && composition == 0;  // CodedFramesX
    p = base::put_u8(p, 0x80 | type | (short_form ? 3 : 1));
    p = base::put_u32(p, fourcc_of(frame.codec));
    if (timed && !short_form) p = base::put_u24(p, composition);
  }
  header.size = static_cast<std::size_t>(p - header.bytes.data());
  return header;
}

CodecHeader audio_header(const media::Frame &frame) {
  CodecHeader header;
  std::byte *p = header.bytes.data();
  if (const unsigned id = legacy_id(frame.codec, {}); id != 0) {
    p = base::put_u8(p, sound_byte(id));
    if (frame.codec == Codec::AAC) p = base::put_u8(p, 1);
  } else {
    p = base::put_u32(base::put_u8(p, 0x91), fourcc_of(frame.codec));
  }
  header.size = static_cast<std::size_t>(p - header.bytes.data());
  return header;
}

CodecHeader codec_header(const media::Frame &frame, H265InFlv mode) {
  return frame.kind() == media::Kind::Video ? video_header(frame, mode) : audio_header(frame);
}

std::byte *put_tag_header(std::byte *p, FlvType type, std::size_t body_size,
                          std::uint32_t stamp_ms) {
  p = base::put_u8(p, static_cast<std::uint32_t>(type));
  p = base::put_u24(p, static_cast<std::uint32_t>(body_size));
  p = base::put_u24(p, stamp_ms & 0xff'ffff);
  p = base::put_u8(p, stamp_ms >> 24);
  return base::put_u24(p, 0);  // stream id
}

void append_tag(std::string &out, FlvType type, std::uint32_t stamp_ms, const std::string &body) {
  std::array<std::byte, kTagHeaderSize> head{};
  put_tag_header(head.data(), type, body.size(), stamp_ms);
  base::ByteWriter writer(out);
  writer.bytes(head);
  writer.text(body);
  writer.u32(static_cast<std::uint32_t>(body.size()) + kTagHeaderSize);
}

double codec_number(Codec codec, H265InFlv mode) {
  const unsigned id = legacy_id(codec, mode);
  return id != 0 ? id : fourcc_of(codec);
}

// Only what we know ourselves, or what the publisher stated and harms nobody when it is wrong.
std::string metadata_body(const media::TrackSet &tracks, const media::Metadata &metadata,
                          H265InFlv mode) {
  std::string members;
  wire::amf::Writer amf(members);
  std::uint32_t count = 1;
  const auto known = [&](std::string_view key, double value) {
    if (value <= 0) return;
    ++count;
    amf.key(key);
    amf.number(value);
  };
  const auto flag = [&](std::string_view key, bool value) {
    ++count;
    amf.key(key);
    amf.boolean(value);
  };
  // Players believe these before the flags in the file's header.
  flag("hasVideo", tracks.video.has_value());
  flag("hasAudio", tracks.audio.has_value());
  if (const auto &video = tracks.video) {
    known("width", video->width);
    known("height", video->height);
    known("videocodecid", codec_number(video->codec, mode));
    known("framerate", metadata.frame_rate);
    known("videodatarate", metadata.video_kbps);
  }
  if (const auto &audio = tracks.audio) {
    known("audiocodecid", codec_number(audio->codec, mode));
    known("audiosamplerate", audio->sample_rate);
    known("audiochannels", audio->channels);
    flag("stereo", audio->channels > 1);
    known("audiodatarate", metadata.audio_kbps);
  }
  amf.key("encoder");
  amf.string("Sluice " SLUICE_VERSION);

  std::string body;
  wire::amf::Writer outer(body);
  outer.string("onMetaData");
  outer.begin_ecma_array(count);
  body += members;
  outer.end_object();
  return body;
}

// Empty when there is nothing to say before the first frame.
std::string sequence_header(const Track &track, H265InFlv mode) {
  std::string body;
  if (track.config.empty()) return body;
  base::ByteWriter out(body);
  const bool video = media::kind_of(track.codec) == media::Kind::Video;
  const unsigned id = legacy_id(track.codec, mode);
  if (video && id != 0) {
    out.u8(static_cast<std::uint8_t>(0x10U | id));
    out.u32(0);  // packet type and composition time
  } else if (track.codec == Codec::AAC) {
    out.u8(static_cast<std::uint8_t>(sound_byte(id)));
    out.u8(0);
  } else if (id != 0) {
    return body;
  } else {
    // For video an enhanced header on a key frame, for audio the enhanced sound format: the same
    // bits.
    out.u8(0x90);
    out.u32(fourcc_of(track.codec));
  }
  if (track.codec == Codec::FLAC && track.config.size() > 4) {
    // FLV has the file's marker where a dfLa has version and flags.
    out.text("fLaC");
    out.text(std::string_view(track.config).substr(4));
  } else {
    out.text(track.config);
  }
  return body;
}

}  // namespace

bool flv_can_carry(const Track &track) {
  switch (track.codec) {
    case Codec::MJPEG:
    case Codec::MP2:
    case Codec::G726:
    case Codec::L16:
      return false;
    case Codec::PCMA:
    case Codec::PCMU:
      // The format has no room for another rate, and no player takes two channels.
      return (track.sample_rate == 0 || track.sample_rate == 8'000) && track.channels <= 1;
    default:
      return true;
  }
}

media::TrackSet flv_tracks(const media::TrackSet &tracks) {
  media::TrackSet carried = tracks;
  if (carried.video && !flv_can_carry(*carried.video)) carried.video.reset();
  if (carried.audio && !flv_can_carry(*carried.audio)) carried.audio.reset();
  return carried;
}

std::string flv_prefix(const media::TrackSet &tracks, const media::Metadata &metadata,
                       H265InFlv mode, Ticks start) {
  std::string out("FLV\x01", 4);
  base::ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>((tracks.audio ? 4 : 0) | (tracks.video ? 1 : 0)));
  writer.u32(9);
  writer.u32(0);
  return out + flv_config_tags(tracks, metadata, mode, start);
}

std::string flv_config_tags(const media::TrackSet &tracks, const media::Metadata &metadata,
                            H265InFlv mode, Ticks start) {
  const std::uint32_t stamp_ms = stamp_of(start);
  std::string out;
  // FFmpeg takes metadata with a time other than 0 for a third stream, of text.
  append_tag(out, FlvType::Data, 0, metadata_body(tracks, metadata, mode));
  for (const auto *track : {&tracks.video, &tracks.audio}) {
    if (!*track) continue;
    const std::string body = sequence_header(**track, mode);
    const bool video = track == &tracks.video;
    if (!body.empty()) append_tag(out, video ? FlvType::Video : FlvType::Audio, stamp_ms, body);
  }
  return out;
}

std::size_t flv_tag_size(const media::Frame &frame, H265InFlv mode) {
  return kFlvTagOverhead + codec_header(frame, mode).size + frame.payload.size;
}

void write_flv_tag(const media::Frame &frame, H265InFlv mode, base::MutableBytes out) {
  const CodecHeader header = codec_header(frame, mode);
  const std::size_t body_size = header.size + frame.payload.size;
  SLUICE_CHECK(frame.payload.size <= kFlvMaxPayload && out.size() == kFlvTagOverhead + body_size);
  const bool video = frame.kind() == media::Kind::Video;
  std::byte *p = put_tag_header(out.data(), video ? FlvType::Video : FlvType::Audio, body_size,
                                stamp_of(frame.dts));
  p = std::copy_n(header.bytes.data(), header.size, p);
  const base::Bytes payload = frame.payload.bytes();
  if (!payload.empty()) std::memcpy(p, payload.data(), payload.size());
  base::put_u32(p + payload.size(), static_cast<std::uint32_t>(body_size) + kTagHeaderSize);
}

}  // namespace sluice::mux
