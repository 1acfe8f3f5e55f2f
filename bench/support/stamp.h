// SPDX-License-Identifier: Apache-2.0
// The stamp in each synthetic video frame: a SEI NAL unit (user data, unregistered) in front of the
// slice with the frame's number and the time of its sending. Hex digits, so that no emulation
// prevention is needed; relays pass it through untouched. Because it travels in the payload, the
// probe knows a frame's age and whether one is missing without a second channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::bench {

struct Stamp {
  std::uint32_t number = 0;
  std::int64_t sent_ns = 0;
};

// With its 4-byte length: 4 + header, type and size 3 + UUID 16 + digits 24 + stop bit 1.
inline constexpr std::size_t kStampSize = 48;
// Of an FLV video tag's body: type and codec 1, packet type 1, composition offset 3, then the
// stamp.
inline constexpr std::size_t kVideoBodyHead = 5;

// Writes a whole stamp; out has kStampSize bytes.
void write_stamp(const Stamp &stamp, base::MutableBytes out);

// The stamp in the first bytes of a frame, behind whatever its container and parameter sets put
// before it, if there is one.
std::optional<Stamp> find_stamp(base::Bytes head);

}  // namespace sluice::bench
