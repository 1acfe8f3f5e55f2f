// SPDX-License-Identifier: Apache-2.0
#include "mux/flv_reader.h"

#include <optional>
#include <utility>

#include "media/describe.h"
#include "media/mp3.h"
#include "mux/flv_packet.h"
#include "wire/amf0.h"

namespace sluice::mux {

namespace {

using media::Codec;
using media::Kind;

// Real configuration records are a few hundred bytes; they are kept for as long as the stream
// lives.
constexpr std::size_t kMaxConfig = 64 << 10;
// Values before and at the metadata object; Uniview sends a number before them.
constexpr int kMaxDataValues = 8;

media::Metadata metadata_of(const wire::amf::Value &object) {
  media::Metadata metadata;
  const auto number = [&](std::string_view key) {
    const wire::amf::Value *value = object.find(key);
    return value == nullptr ? 0.0 : value->as_number().value_or(0.0);
  };
  if (const wire::amf::Value *encoder = object.find("encoder")) {
    metadata.set_encoder(encoder->as_string().value_or(""));
  }
  metadata.set_frame_rate(number("framerate"));
  metadata.set_video_kbps(number("videodatarate"));
  metadata.set_audio_kbps(number("audiodatarate"));
  return metadata;
}

// FLV has FLAC's metadata blocks with the file's marker, without it, or only what is inside the
// first block; a dfLa has the blocks behind four zero bytes.
std::string to_dfla(base::Bytes record) {
  constexpr std::size_t kStreamInfoSize = 34;
  std::string_view text = base::as_text(record);
  if (text.starts_with("fLaC")) text.remove_prefix(4);
  std::string out(4, '\0');
  if (text.size() == kStreamInfoSize) {
    base::ByteWriter(out).u32(0x8000'0000U | kStreamInfoSize);  // the last block, of type 0
  }
  return out.append(text);
}

}  // namespace

void FlvReader::read(const FlvTag &tag) {
  const base::Bytes body = tag.body.bytes();
  switch (static_cast<FlvType>(tag.type)) {
    case FlvType::Audio:
      return read_packet(tag, parse_flv_audio(body));
    case FlvType::Video:
      return read_packet(tag, parse_flv_video(body));
    case FlvType::Data:
      return read_data(body);
    case FlvType::DataAmf3:
      return read_data(body.empty() ? body : body.subspan(1));
  }
}

void FlvReader::read_packet(const FlvTag &tag, const FlvPacket &packet) {
  if (packet.more_tracks) events_.on_ignored("tracks other than the first are not taken");
  switch (packet.what) {
    case FlvPacket::What::Nothing:
      return;
    case FlvPacket::What::Ignored:
      return events_.on_ignored(packet.reason);
    case FlvPacket::What::Config:
      return read_config(packet);
    case FlvPacket::What::Frame:
      return read_frame(tag, packet);
  }
}

void FlvReader::read_config(const FlvPacket &packet) {
  if (packet.body.size() > kMaxConfig) return events_.on_ignored("sequence header is too large");
  if (packet.codec == Codec::Opus && base::as_text(packet.body).starts_with("OpusTags")) return;
  std::string dfla;
  base::Bytes record = packet.body;
  if (packet.codec == Codec::FLAC) {
    dfla = to_dfla(record);
    record = base::as_bytes(dfla);
  }
  const auto &known = tracks_.of(media::kind_of(packet.codec));
  // Encoders repeat it, some before each key frame.
  if (known && known->codec == packet.codec && known->config == base::as_text(record)) return;
  announce(media::describe(packet.codec, record));
}

void FlvReader::read_frame(const FlvTag &tag, const FlvPacket &packet) {
  if (packet.body.size() > kFlvMaxPayload) return events_.on_ignored("frame is too large");
  const Kind kind = media::kind_of(packet.codec);
  const auto &known = tracks_.of(kind);
  if (!known || known->codec != packet.codec) {
    if (media::needs_config(packet.codec)) {
      return events_.on_ignored(kind == Kind::Video ? "video before its sequence header"
                                                    : "audio before its sequence header");
    }
    if (packet.codec != Codec::MP3) announce(media::describe(packet.codec, {}));
  }
  if (packet.codec == Codec::MP3) follow_mp3(packet.body);

  media::Frame frame;
  frame.codec = packet.codec;
  frame.key = kind == Kind::Audio || packet.key;
  frame.dts = std::chrono::milliseconds(tag.stamp_ms);
  frame.composition_offset = std::chrono::milliseconds(packet.composition_ms);
  const auto skipped = static_cast<std::uint32_t>(packet.body.data() - tag.body.bytes().data());
  frame.payload = {tag.body.buffer, tag.body.offset + skipped,
                   static_cast<std::uint32_t>(packet.body.size())};
  events_.on_frame(std::move(frame));
}

// MP3 has no sequence header: its frames say what they are.
void FlvReader::follow_mp3(base::Bytes frame) {
  const auto header = media::parse_mp3_header(frame);
  const auto &known = tracks_.audio;
  const bool is_new = !known || known->codec != Codec::MP3;
  const bool differs = header && (is_new || known->sample_rate != header->sample_rate ||
                                  known->channels != header->channels);
  if (!is_new && !differs) return;
  media::Track track = is_new ? media::describe(Codec::MP3, {}) : *known;
  if (header) {
    track.sample_rate = header->sample_rate;
    track.channels = header->channels;
  }
  announce(std::move(track));
}

void FlvReader::announce(media::Track &&track) {
  auto &known = tracks_.of(media::kind_of(track.codec));
  known = std::move(track);
  events_.on_track(*known);
}

// Everything but onMetaData is left alone: cue points, text, FFmpeg's four bytes of timecode.
void FlvReader::read_data(base::Bytes body) {
  base::ByteReader in(body);
  wire::amf::Limits limits;
  bool named = false;
  for (int i = 0; i < kMaxDataValues && in.left() > 0; ++i) {
    const auto value = wire::amf::read(in, limits);
    if (!value) {
      if (named) events_.on_ignored("metadata cannot be decoded");
      return;
    }
    if (value->as_string() == "onMetaData") {
      named = true;
    } else if (named && value->has_members()) {
      return events_.on_metadata(metadata_of(*value));
    }
  }
}

}  // namespace sluice::mux
