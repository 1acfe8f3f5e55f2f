// SPDX-License-Identifier: Apache-2.0
// AAC's AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1), as far as a relay needs it. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::media {

struct AacConfig {
  std::uint32_t object_type =
      0;  // 2: low complexity; 5 and 29: with signalled SBR, parametric stereo
  std::uint32_t sample_rate = 0;  // of the output, so with SBR twice the core's
  std::uint32_t channels = 0;     // 0: told by a program config element, which is not read

  // "mp4a.40.2"
  [[nodiscard]] std::string codec_string() const;
};
base::Result<AacConfig> parse_aac_config(base::Bytes config);

}  // namespace sluice::media
