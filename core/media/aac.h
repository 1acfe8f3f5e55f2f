// SPDX-License-Identifier: Apache-2.0
// AAC's AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1), as far as a relay needs it, and the
// ADTS header (clause 1.A.2.2.1), which is another way to say the same. Pure; takes hostile bytes.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "media/bits.h"

namespace sluice::media {

struct AacConfig {
  std::uint32_t object_type =
      0;  // 2: low complexity; 5 and 29: with signalled SBR, parametric stereo
  std::uint32_t sample_rate = 0;  // of the output, so with SBR twice the core's
  std::uint32_t core_rate = 0;    // of the samples that frame_samples counts
  std::uint32_t frame_samples = 1024;
  std::uint32_t channels = 0;  // 0: told by a program config element, which is not read

  // "mp4a.40.2"
  [[nodiscard]] std::string codec_string() const;
};
base::Result<AacConfig> parse_aac_config(base::Bytes config);
// The same where more follows, as in LATM: exactly the bits of the configuration are taken.
// Unsupported for what is not AAC, whose length is not known.
base::Result<AacConfig> read_aac_config(BitReader &in);

struct AdtsHeader {
  std::uint32_t header_size = 7;  // 9 with a check sum
  std::uint32_t frame_size = 0;   // with the header
  std::string config;             // as an AudioSpecificConfig
};
base::Result<AdtsHeader> parse_adts(base::Bytes frame);

}  // namespace sluice::media
