// SPDX-License-Identifier: Apache-2.0
// Format: the containers in which a stream is read, and what each has a place for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "media/track_set.h"

namespace sluice::stream {

enum class Format : std::uint8_t { Flv, Fmp4, Ts };
inline constexpr std::size_t kFormats = 3;
inline constexpr std::array<Format, kFormats> kAllFormats{Format::Flv, Format::Fmp4, Format::Ts};

constexpr std::size_t index(Format format) { return static_cast<std::size_t>(format); }

// Those of the tracks that the container can carry.
media::TrackSet carried_by(Format format, const media::TrackSet &tracks);

}  // namespace sluice::stream
