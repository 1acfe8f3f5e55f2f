// SPDX-License-Identifier: Apache-2.0
// AV1: as much of the sequence header (AV1 Bitstream & Decoding Process Specification, section 5.5)
// as tells the picture's size. Pure; takes hostile bytes.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::media {

struct Av1Sequence {
  std::uint32_t width = 0;  // the largest of any frame
  std::uint32_t height = 0;
};
// `obu` with its header, as it stands first behind the four bytes of av1C.
base::Result<Av1Sequence> parse_av1_sequence(base::Bytes obu);

}  // namespace sluice::media
