// SPDX-License-Identifier: Apache-2.0
// Sample entries: what fMP4 tells a decoder about a track. Pure; takes hostile tracks.
#pragma once

#include <string>

#include "media/codec.h"

namespace sluice::mux {

// Whether there is a sample entry for the track.
bool has_sample_entry(const media::Track &track);

// Appends the box of a track for which there is one.
void append_sample_entry(std::string &out, const media::Track &track);

}  // namespace sluice::mux
