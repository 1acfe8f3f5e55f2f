// SPDX-License-Identifier: Apache-2.0
// The RTP fixed header, its CSRC list, header extension and padding (RFC 3550, section 5.1). Pure;
// takes hostile bytes.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::wire::rtp {

struct Packet {
  std::uint8_t payload_type = 0;
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  base::Bytes payload;  // a view into the packet, without padding
};

// Counts and lengths that go beyond the packet make it Malformed.
base::Result<Packet> parse(base::Bytes packet);

// Whether a packet on a port or channel shared by both is RTCP (RFC 5761, section 4).
[[nodiscard]] bool looks_like_rtcp(base::Bytes packet);

}  // namespace sluice::wire::rtp
