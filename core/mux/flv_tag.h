// SPDX-License-Identifier: Apache-2.0
// FlvTag: the body of one FLV tag, which is also the body of one RTMP message, and the numbers in
// it.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "media/buffer.h"

namespace sluice::mux {

// FLV tag types; RTMP's message types are the same numbers.
enum class FlvType : std::uint8_t { Audio = 8, Video = 9, DataAmf3 = 15, Data = 18 };

struct FlvTag {
  std::uint8_t type = 0;       // an FlvType, or whatever the peer sent
  std::uint32_t stamp_ms = 0;  // as sent, modulo 2^32
  media::Slice body;
};

// By fourcc as enhanced RTMP has it, or by the codec id 12 that was used before.
using config::H265InFlv;

inline constexpr std::size_t kFlvHeaderSize = 13;       // with the first previous-tag size
inline constexpr std::size_t kFlvTagOverhead = 11 + 4;  // tag header and previous-tag size
// A frame above this would not fit the 24 bits of a tag's size with the longest codec header before
// it.
inline constexpr std::uint32_t kFlvMaxPayload = (1U << 24) - 64;

constexpr std::uint32_t fourcc(const char (&name)[5]) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(name[0])) << 24 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[1])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[2])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[3]));
}

}  // namespace sluice::mux
