// SPDX-License-Identifier: Apache-2.0
#include "mux/fmp4_sample_entry.h"

#include <algorithm>

#include "media/h264.h"
#include "media/h265.h"
#include "mux/fmp4_box.h"
#include "mux/fmp4_clock.h"
#include "mux/fmp4_writer.h"

namespace sluice::mux {

namespace {

using media::Codec;
using media::Track;

// Real records are hundreds of bytes, and every viewer gets them.
constexpr std::size_t kMaxConfig = 64 << 10;

constexpr std::uint8_t kObjectTypeAac = 0x40;
constexpr std::uint8_t kObjectTypeMp3 = 0x6b;

std::uint16_t clip16(std::uint32_t value) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(value, 0xffff));
}

// OpusHead (RFC 7845, section 5.1) without its magic signature.
base::Bytes opus_fields(const Track &track) {
  constexpr std::size_t kMagic = 8;
  return base::as_bytes(track.config).subspan(std::min(kMagic, track.config.size()));
}

bool is_opus_head(const Track &track) {
  constexpr std::size_t kFixed = 11;
  if (!track.config.starts_with("OpusHead")) return false;
  base::ByteReader in(opus_fields(track));
  const unsigned version = in.u8();
  const std::size_t channels = in.u8();
  in.skip(kFixed - 3);
  const unsigned family = in.u8();
  if (family != 0) in.skip(2 + channels);
  return in.ok() && version < 16 && channels > 0 && (family != 0 || channels <= 2);
}

// The same numbers in the other order of bytes (Encapsulation of Opus in ISO Base Media File
// Format, section 4.3.2).
void append_opus(std::string &out, const Track &track) {
  const Box box(out, "dOps");
  base::ByteWriter writer(out);
  base::ByteReader in(opus_fields(track));
  const auto swap16 = [&in] {
    const unsigned value = in.u16();
    return static_cast<std::uint16_t>(value >> 8 | value << 8);
  };
  in.skip(1);
  writer.u8(0);  // version
  const std::size_t channels = in.u8();
  writer.u8(static_cast<std::uint8_t>(channels));
  writer.u16(swap16());     // pre-skip
  writer.u32(in.u32_le());  // rate of the input
  writer.u16(swap16());     // gain
  const unsigned family = in.u8();
  writer.u8(static_cast<std::uint8_t>(family));
  if (family != 0) writer.bytes(in.take(2 + channels));
}

void append_esds(std::string &out, const Track &track) {
  const Box box(out, "esds", 0, 0);
  base::ByteWriter writer(out);
  const Descriptor stream(out, 3);
  writer.u16(0);  // id
  writer.u8(0);
  {
    const Descriptor decoder(out, 4);
    writer.u8(track.codec == Codec::MP3 ? kObjectTypeMp3 : kObjectTypeAac);
    writer.u8(0x15);  // audio
    writer.u24(0);    // size of the decoder's buffer, and two bit rates: not told
    writer.u32(0);
    writer.u32(0);
    if (track.codec == Codec::AAC) {
      const Descriptor specific(out, 5);
      writer.text(track.config);
    }
  }
  const Descriptor sync(out, 6);
  writer.u8(2);  // as in MP4 files
}

// The profile and level beside the parameter set are copies, which some cameras leave zero.
void append_avc(std::string &out, const Track &track) {
  const Box box(out, "avcC");
  const std::size_t start = out.size();
  out += track.config;
  const auto config = media::parse_avc_config(base::as_bytes(track.config));
  if (!config || config->sps.empty()) return;
  if (config->sps.front().size() >= 4) {
    out.replace(start + 1, 3, base::as_text(config->sps.front().subspan(1, 3)));
  }
  // Browsers read the number of picture parameter sets also where the record ends before it.
  std::size_t end = 6;
  for (base::Bytes sps : config->sps)
    end += 2 + sps.size();
  if (track.config.size() == end) out += '\0';
}

// Version 0 was written before the standard was finished. The sets are complete here, or else the
// sample entry would have another name.
void append_hevc(std::string &out, const Track &track) {
  const Box box(out, "hvcC");
  constexpr std::size_t kArrays = 22;
  const std::size_t start = out.size();
  out += track.config;
  out[start] = 1;
  base::ByteReader in(base::as_bytes(track.config));
  in.skip(kArrays);
  const unsigned arrays = in.u8();
  for (unsigned i = 0; i < arrays && in.ok(); ++i) {
    const std::size_t at = in.position();
    const unsigned type = in.u8();
    for (unsigned count = in.u16(); count > 0 && in.ok(); --count)
      in.skip(in.u16());
    if (in.ok()) out[start + at] = static_cast<char>(type | 0x80U);
  }
}

void append_config(std::string &out, const Track &track) {
  switch (track.codec) {
    case Codec::H264:
      return append_avc(out, track);
    case Codec::H265:
      return append_hevc(out, track);
    case Codec::AV1: {
      const Box box(out, "av1C");
      out += track.config;
      return;
    }
    case Codec::Opus:
      return append_opus(out, track);
    default:
      return append_esds(out, track);
  }
}

// VisualSampleEntry, ISO/IEC 14496-12 clause 12.1.3.
void append_visual(std::string &out, const Track &track) {
  base::ByteWriter writer(out);
  writer.u16(0);  // reserved
  writer.u32(0);
  writer.u16(1);  // data reference
  out.append(16, '\0');
  writer.u16(clip16(track.width));
  writer.u16(clip16(track.height));
  writer.u32(0x0048'0000);  // 72 dpi, twice
  writer.u32(0x0048'0000);
  writer.u32(0);
  writer.u16(1);         // pictures in a sample
  out.append(32, '\0');  // name of the compressor
  writer.u16(0x0018);    // depth
  writer.u16(0xffff);
  append_config(out, track);
}

// AudioSampleEntry, clause 12.2.3. Decoders take the numbers from the configuration.
void append_audio(std::string &out, const Track &track) {
  base::ByteWriter writer(out);
  writer.u16(0);  // reserved
  writer.u32(0);
  writer.u16(1);  // data reference
  writer.u64(0);
  writer.u16(track.channels == 0 ? 2 : clip16(track.channels));
  writer.u16(16);  // bits of a sample
  writer.u32(0);
  const std::uint32_t rate = track.codec == Codec::Opus ? 48'000 : track.sample_rate;
  writer.u32(rate <= 0xffff ? rate << 16 : 0);
  append_config(out, track);
}

}  // namespace

bool has_sample_entry(const Track &track) {
  if (track.config.size() > kMaxConfig) return false;
  const base::Bytes config = base::as_bytes(track.config);
  switch (track.codec) {
    case Codec::H264: {
      const auto avc = media::parse_avc_config(config);
      return avc && !avc->sps.empty() && avc->length_size != 3;
    }
    case Codec::H265: {
      const auto hevc = media::parse_hevc_config(config);
      return hevc && !hevc->sps.empty();
    }
    case Codec::AV1:
      return config.size() >= 4 && config[0] == std::byte{0x81};
    case Codec::Opus:
      return is_opus_head(track);
    case Codec::AAC:
    case Codec::MP3:
      return AudioScale::of(track).scale != 0;
    default:
      return false;
  }
}

void append_sample_entry(std::string &out, const Track &track) {
  switch (track.codec) {
    case Codec::H264: {
      const Box box(out, "avc1");
      return append_visual(out, track);
    }
    case Codec::H265: {
      const Box box(out, "hvc1");
      return append_visual(out, track);
    }
    case Codec::AV1: {
      const Box box(out, "av01");
      return append_visual(out, track);
    }
    case Codec::Opus: {
      const Box box(out, "Opus");
      return append_audio(out, track);
    }
    default: {
      const Box box(out, "mp4a");
      return append_audio(out, track);
    }
  }
}

}  // namespace sluice::mux
