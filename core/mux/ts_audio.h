// SPDX-License-Identifier: Apache-2.0
// What stands before each audio frame in MPEG-TS: the ADTS header of AAC (ISO/IEC 14496-3 clause
// 1.A.2.2), the control header of Opus. Pure; takes hostile configurations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "media/codec.h"

namespace sluice::mux {

// The header of a frame without payload: its length is to be put in. Nothing where ADTS has no
// words for the configuration.
inline constexpr std::size_t kAdtsHeadSize = 7;
using AdtsHead = std::array<std::byte, kAdtsHeadSize>;
std::optional<AdtsHead> ts_adts(base::Bytes aac_config);

inline constexpr std::size_t kAdtsMaxFrame = 8191;  // with the header
void append_adts(std::string &out, const AdtsHead &header, std::size_t payload_size);

// channel_config_code; nothing for arrangements of channels that it has no number for.
std::optional<std::uint8_t> ts_opus_channels(const media::Track &track);
void append_opus_control(std::string &out, std::size_t payload_size);

}  // namespace sluice::mux
