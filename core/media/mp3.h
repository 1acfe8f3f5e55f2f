// SPDX-License-Identifier: Apache-2.0
// The header of an MPEG audio frame (ISO/IEC 11172-3 clause 2.4.1.3), which is all the
// configuration that MP3 has. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::media {

struct Mp3Header {
  std::uint32_t sample_rate = 0;
  std::uint32_t channels = 0;
  std::uint32_t layer = 3;
  std::uint32_t frame_samples = 0;
  std::uint32_t frame_size = 0;  // with the header; 0: free format, which does not tell
};
base::Result<Mp3Header> parse_mp3_header(base::Bytes frame);

}  // namespace sluice::media
