// SPDX-License-Identifier: Apache-2.0
// fMP4 as messages of a WebSocket (RFC 6455), for clients that want an init segment for each track
// and one frame in each fragment: those of Flussonic's MSE-LD (mse-player, go2rtc) and of Ivideon's
// ws-fmp4 (go2rtc). Neither has a specification; what is here is what these clients read. The
// messages are whole, with their WebSocket headers, so that they are the same for all viewers and
// lie on the tape as they are sent. Pure; takes hostile tracks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "media/track_set.h"

namespace sluice::mux {

// A fragment with one frame, as its message is told of it.
struct Fmp4Fragment {
  std::uint32_t track = 0;
  std::uint32_t scale = 1;  // ticks per second of the times
  std::uint64_t time = 0;   // of decoding
  std::uint32_t duration = 0;
  bool key = false;             // the track can be decoded from here on
  std::size_t data_offset = 0;  // where the frame begins in the fragment
  std::size_t size = 0;         // of the whole fragment
};

struct Fmp4Dialect {
  // The message, or messages, that configure the client's decoders.
  std::string (*init)(const media::TrackSet &carried);
  // Appends all that is sent before the bytes of the fragment.
  void (*append_lead)(std::string &out, const Fmp4Fragment &fragment);
};

// One text {"type": "mse_init_segment", "tracks": [{"content", "id", "payload"}, ...], "metadata"};
// a binary message for each fragment.
extern const Fmp4Dialect kFlussonicDialect;

// A text {"type": "stream-init", "codec_string", "data", "track_id"} for each track; a text
// {"type": "fragment", "track", "start_time", "duration", "is_key", "data_offset"}, with times in
// seconds, and a binary message for each fragment.
extern const Fmp4Dialect kIvideonDialect;

}  // namespace sluice::mux
