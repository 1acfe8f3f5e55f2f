// SPDX-License-Identifier: Apache-2.0
#include "wire/rtp.h"

namespace sluice::wire::rtp {
namespace {

using base::Bytes;
using base::Code;
using base::Domain;
using base::Result;

constexpr std::size_t kFixedHeader = 12;

std::uint8_t u8(std::byte b) { return std::to_integer<std::uint8_t>(b); }

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}

}  // namespace

Result<Packet> parse(Bytes packet) {
  base::ByteReader in(packet);
  std::uint8_t first = in.u8();
  std::uint8_t second = in.u8();
  if (packet.size() < kFixedHeader) return malformed("an RTP packet is shorter than its header");
  if (first >> 6 != 2) return malformed("an RTP packet is not of version 2");
  Packet parsed;
  parsed.marker = (second & 0x80U) != 0;
  parsed.payload_type = second & 0x7fU;
  parsed.sequence = in.u16();
  parsed.timestamp = in.u32();
  parsed.ssrc = in.u32();
  in.skip(4U * (first & 0x0fU));
  // Section 5.3.1. What is in the extension is nobody's concern here.
  if ((first & 0x10U) != 0) {
    in.skip(2);
    in.skip(4U * in.u16());
  }
  if (!in.ok()) return malformed("an RTP packet is shorter than its header says");
  parsed.payload = in.rest();
  if ((first & 0x20U) == 0) return parsed;
  std::size_t padding = u8(packet.back());
  if (padding == 0 || padding > parsed.payload.size()) {
    return malformed("an RTP packet's padding is longer than its payload");
  }
  parsed.payload = parsed.payload.first(parsed.payload.size() - padding);
  return parsed;
}

bool looks_like_rtcp(Bytes packet) {
  if (packet.size() < 2 || u8(packet[0]) >> 6 != 2) return false;
  std::uint8_t type = u8(packet[1]);
  return type >= 192 && type <= 223;
}

}  // namespace sluice::wire::rtp
