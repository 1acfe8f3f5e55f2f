// SPDX-License-Identifier: Apache-2.0
// The head of a baseline JPEG (ITU-T T.81), which RTP leaves out (RFC 2435, appendix B). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace sluice::media {

// Quantization tables, in zigzag order and 8 or 16 bits.
struct JpegTables {
  std::string luma;
  std::string chroma;
};

// Those that the quality factors 1 to 99 stand for (RFC 2435, section 4.2).
JpegTables jpeg_tables(unsigned quality);

struct JpegShape {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool halved_rows = false;            // chroma is halved in height too: 4:2:0 instead of 4:2:2
  std::uint32_t restart_interval = 0;  // 0: none
};

// From the start of the image to the scan: what follows is entropy-coded. The Huffman tables are
// the usual ones of annex K.
std::string jpeg_head(const JpegShape &shape, const JpegTables &tables);

}  // namespace sluice::media
