// SPDX-License-Identifier: Apache-2.0
// The header of an MPEG audio frame, which is all the configuration that MP3 has. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::media {

struct Mp3Header {
  std::uint32_t sample_rate = 0;
  std::uint32_t channels = 0;
};
base::Result<Mp3Header> parse_mp3_header(base::Bytes frame);

}  // namespace sluice::media
