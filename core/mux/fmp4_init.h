// SPDX-License-Identifier: Apache-2.0
// The init segment: ftyp and moov, without any sample. Pure; takes hostile tracks.
#pragma once

#include <cstdint>
#include <string>

#include "media/track_set.h"

namespace sluice::mux {

inline constexpr std::uint32_t kFmp4VideoScale = 90'000;

// Flags of a sample (ISO/IEC 14496-12 clause 8.8.3.1).
inline constexpr std::uint32_t kFmp4SyncSample = 0x0200'0000;   // depends on no other
inline constexpr std::uint32_t kFmp4OtherSample = 0x0101'0000;  // depends on others; no sync sample

// Of tracks that fMP4 can carry.
std::string fmp4_init(const media::TrackSet &carried);

}  // namespace sluice::mux
