// SPDX-License-Identifier: Apache-2.0
#include "mux/ts_tables.h"

#include <string>

#include "base/check.h"
#include "mux/ts_audio.h"

namespace sluice::mux {

namespace {

using media::Codec;

constexpr std::uint16_t kProgram = 1;

std::uint8_t stream_type(const media::Track &track) {
  switch (track.codec) {
    case Codec::H264:
      return 0x1b;
    case Codec::H265:
      return 0x24;
    case Codec::AAC:
      return 0x0f;
    case Codec::MP3:
      // MPEG-2 added the rates below 32 kHz.
      return track.sample_rate != 0 && track.sample_rate < 32'000 ? 0x04 : 0x03;
    default:
      return 0x06;  // private data; descriptors tell what it is
  }
}

// Opus has no stream type; these two are what encoders and players have agreed on.
std::string descriptors(const media::Track &track) {
  std::string out;
  if (track.codec != Codec::Opus) return out;
  base::ByteWriter writer(out);
  writer.u16(0x0504);  // registration
  writer.text("Opus");
  writer.u16(0x7f02);  // extension, provider-defined
  writer.u8(0x80);
  writer.u8(ts_opus_channels(track).value_or(2));
  return out;
}

// A section from its table id on, without length and CRC, to a packet.
TsTable packet_of(std::uint16_t pid, std::uint8_t table, std::uint16_t id, std::uint8_t version,
                  std::string_view body) {
  std::string section;
  base::ByteWriter writer(section);
  writer.u8(table);
  writer.u16(static_cast<std::uint16_t>(0xb000 | (5 + body.size() + 4)));
  writer.u16(id);
  writer.u8(static_cast<std::uint8_t>(0xc1U | (version & 31U) << 1));
  writer.u16(0);  // this section is the first and the last
  writer.text(body);
  writer.u32(ts_crc32(base::as_bytes(section)));

  TsTable packet;
  packet.fill(std::byte{0xff});
  std::byte *p = base::put_u24(packet.data(), 0x47'4000U | pid);
  p = base::put_u16(p, 0x1000);  // payload only; it begins at once
  SLUICE_CHECK(section.size() <= packet.size() - 5);
  std::memcpy(p, section.data(), section.size());
  return packet;
}

}  // namespace

std::uint32_t ts_crc32(base::Bytes section) {
  std::uint32_t crc = 0xffff'ffff;
  for (const std::byte byte : section) {
    crc ^= std::to_integer<std::uint32_t>(byte) << 24;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc << 1 ^ ((crc >> 31) != 0 ? 0x04c1'1db7U : 0U);
  }
  return crc;
}

std::uint16_t ts_pid(media::Codec codec) {
  switch (codec) {
    case Codec::H264:
      return 0x100;
    case Codec::AAC:
      return 0x101;
    case Codec::H265:
      return 0x102;
    case Codec::MP3:
      return 0x103;
    default:
      return 0x104;
  }
}

TsTable ts_pat() {
  std::string body;
  base::ByteWriter writer(body);
  writer.u16(kProgram);
  writer.u16(0xe000 | kTsPmtPid);
  return packet_of(kTsPatPid, 0, 1, 0, body);
}

TsTable ts_pmt(const media::TrackSet &carried, std::uint8_t version) {
  std::string body;
  base::ByteWriter writer(body);
  const auto &clock = carried.video ? carried.video : carried.audio;
  writer.u16(0xe000 | (clock ? ts_pid(clock->codec) : kTsNoPid));  // has the PCR
  writer.u16(0xf000);                                              // no descriptors
  for (const auto *track : {&carried.video, &carried.audio}) {
    if (!*track) continue;
    const std::string about = descriptors(**track);
    writer.u8(stream_type(**track));
    writer.u16(0xe000 | ts_pid((*track)->codec));
    writer.u16(static_cast<std::uint16_t>(0xf000 | about.size()));
    writer.text(about);
  }
  return packet_of(kTsPmtPid, 2, kProgram, version, body);
}

}  // namespace sluice::mux
