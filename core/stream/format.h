// SPDX-License-Identifier: Apache-2.0
// Format: the ways in which a stream is written onto a tape, what each has a place for, and what it
// shows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "config/config.h"
#include "media/track_set.h"

namespace sluice::stream {

// The containers come first; then fMP4 as WebSocket messages of a dialect (mux/fmp4_messages.h).
enum class Format : std::uint8_t { Flv, Fmp4, Ts, Fmp4Flussonic, Fmp4Ivideon };
inline constexpr std::size_t kFormats = 5;
inline constexpr std::array<Format, kFormats> kAllFormats{
    Format::Flv, Format::Fmp4, Format::Ts, Format::Fmp4Flussonic, Format::Fmp4Ivideon};

constexpr std::size_t index(Format format) { return static_cast<std::size_t>(format); }

// Indexes as the formats that come first.
enum class Container : std::uint8_t { Flv, Fmp4, Ts };
inline constexpr std::size_t kContainers = 3;

constexpr Container container_of(Format format) {
  return index(format) < kContainers ? static_cast<Container>(format) : Container::Fmp4;
}
// HLS has fMP4 and MPEG-TS as files have them.
constexpr bool has_segments(Format format) {
  return format == Format::Fmp4 || format == Format::Ts;
}

// Those of the tracks that the format's container can carry.
media::TrackSet carried_by(Format format, const media::TrackSet &tracks);

// Where the sound comes from that a format shows.
enum class SoundFrom : std::uint8_t { Stream, Transcoder, Silence };

// The tracks of a stream as the players of a format get them: with AAC in place of sound that they
// do not take, or of none.
struct Shown {
  media::TrackSet tracks;
  SoundFrom sound = SoundFrom::Stream;

  friend bool operator==(const Shown &, const Shown &) = default;
};
Shown shown_in(Format format, const media::TrackSet &tracks, const config::Sound &config);

}  // namespace sluice::stream
