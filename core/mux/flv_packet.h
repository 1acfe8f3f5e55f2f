// SPDX-License-Identifier: Apache-2.0
// FlvPacket: what stands in the body of an audio or video message, old or enhanced, without any
// state. Pure; takes hostile bytes. FlvReader makes tracks and frames of it.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "media/codec.h"

namespace sluice::mux {

struct FlvPacket {
  enum class What : std::uint8_t {
    Nothing,  // well-formed, but nothing for a relay: ends of sequences, seek commands, empty
              // bodies
    Config,   // body is a configuration record, as FLV has it
    Frame,    // body is a frame
    Ignored,  // something that cannot be used; reason says why
  };

  What what = What::Nothing;
  media::Codec codec = media::Codec::H264;
  bool key = false;                 // video only
  bool more_tracks = false;         // there were others in the message, which were left out
  std::int32_t composition_ms = 0;  // video only
  base::Bytes body;
  const char *reason = "";  // a literal
};

FlvPacket parse_flv_audio(base::Bytes body);
FlvPacket parse_flv_video(base::Bytes body);

// A body whose first byte announces an enhanced header; the two above call it.
FlvPacket parse_flv_enhanced(media::Kind kind, base::Bytes body);

// The 24-bit signed composition time.
inline std::int32_t read_s24(base::ByteReader &in) {
  const auto value = static_cast<std::int32_t>(in.u24());
  return value < 0x80'0000 ? value : value - 0x100'0000;
}

}  // namespace sluice::mux
