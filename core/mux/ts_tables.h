// SPDX-License-Identifier: Apache-2.0
// The tables of an MPEG-TS stream with one program: PAT and PMT (ISO/IEC 13818-1 clause 2.4.4),
// each in one transport packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "media/codec.h"
#include "media/track_set.h"

namespace sluice::mux {

inline constexpr std::uint16_t kTsPatPid = 0;
inline constexpr std::uint16_t kTsPmtPid = 0x1000;
inline constexpr std::uint16_t kTsNoPid = 0x1fff;
// Each codec has a PID of its own, one of these. A reader that opens one decoder for a PID, as
// FFmpeg does, would otherwise give it the pictures of another codec after a change.
inline constexpr std::uint16_t kTsFirstPid = 0x100;
inline constexpr std::size_t kTsPids = 5;
std::uint16_t ts_pid(media::Codec codec);

// A transport packet whose continuity counter is 0.
using TsTable = std::array<std::byte, 188>;

TsTable ts_pat();
// Of tracks that ts_can_carry(). The version counts modulo 32.
TsTable ts_pmt(const media::TrackSet &carried, std::uint8_t version);

// Annex A: what makes the CRC of a section with its own CRC 0.
std::uint32_t ts_crc32(base::Bytes section);

}  // namespace sluice::mux
