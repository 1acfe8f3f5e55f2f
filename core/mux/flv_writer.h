// SPDX-License-Identifier: Apache-2.0
// Writes FLV: prefixes as strings (a few hundred bytes per stream), tags straight into a tape's
// memory. Pure functions. A frame's payload is copied exactly once, by write_flv_tag:
// frame.payload.size bytes.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "media/frame.h"
#include "media/metadata.h"
#include "media/track_set.h"
#include "mux/flv_tag.h"

namespace sluice::mux {

// Whether FLV has a place for the track. What it has none for must not be given to the functions
// below.
[[nodiscard]] bool flv_can_carry(const media::Track &track);
[[nodiscard]] media::TrackSet flv_tracks(const media::TrackSet &tracks);  // those that it can

// What a reader needs before its first tag: FLV header, onMetaData and the sequence headers. The
// latter are stamped `start`, the metadata always 0.
std::string flv_prefix(const media::TrackSet &tracks, const media::Metadata &metadata,
                       H265InFlv mode, media::Ticks start);

// The same without the FLV header, to be put between tags when the tracks change in mid-stream.
std::string flv_config_tags(const media::TrackSet &tracks, const media::Metadata &metadata,
                            H265InFlv mode, media::Ticks start);

// The exact size of a frame's tag, previous-tag size included.
[[nodiscard]] std::size_t flv_tag_size(const media::Frame &frame, H265InFlv mode);

// Fills `out`, whose size must be flv_tag_size(frame, mode).
void write_flv_tag(const media::Frame &frame, H265InFlv mode, base::MutableBytes out);

}  // namespace sluice::mux
