// SPDX-License-Identifier: Apache-2.0
#include "media/av1.h"

#include "media/bits.h"

namespace sluice::media {

namespace {

constexpr std::uint32_t kSequenceHeader = 1;

// Section 5.3. Returns whether what follows is a sequence header; its size is not needed.
bool read_obu_header(BitReader &in) {
  in.flag();
  const std::uint32_t type = in.bits(4);
  const bool has_extension = in.flag();
  const bool has_size = in.flag();
  in.flag();
  if (has_extension) in.bits(8);
  for (int i = 0; has_size && i < 8; ++i) {
    if ((in.bits(8) & 0x80U) == 0) break;
  }
  return in.ok() && type == kSequenceHeader;
}

// Sections 5.5.3 and 5.5.4. Returns how many bits a delay of the decoder model has; 0: there is
// none.
unsigned read_timing(BitReader &in) {
  if (!in.flag()) return 0;
  in.skip(32 + 32);
  if (in.flag()) in.ue();  // ticks of a picture
  if (!in.flag()) return 0;
  const unsigned delay_bits = in.bits(5) + 1;
  in.skip(32 + 5 + 5);
  return delay_bits;
}

void skip_operating_points(BitReader &in) {
  const unsigned delay_bits = read_timing(in);
  const bool has_display_delay = in.flag();
  const unsigned count = in.bits(5) + 1;
  for (unsigned i = 0; i < count && in.ok(); ++i) {
    in.bits(12);
    if (in.bits(5) > 7) in.flag();  // tier
    if (delay_bits > 0 && in.flag()) in.skip(2 * delay_bits + 1);
    if (has_display_delay && in.flag()) in.bits(4);
  }
}

}  // namespace

base::Result<Av1Sequence> parse_av1_sequence(base::Bytes obu) {
  BitReader in(obu);
  bool ok = read_obu_header(in);
  in.bits(3);  // profile
  in.flag();   // still picture
  if (in.flag()) {
    in.bits(5);  // level of a single picture
  } else {
    skip_operating_points(in);
  }
  const unsigned width_bits = in.bits(4) + 1;
  const unsigned height_bits = in.bits(4) + 1;
  Av1Sequence sequence;
  sequence.width = in.bits(width_bits) + 1;
  sequence.height = in.bits(height_bits) + 1;
  ok = ok && in.ok();
  if (ok) return sequence;
  return base::fail(base::Domain::Media, base::Code::Malformed,
                    "AV1 sequence header breaks the grammar");
}

}  // namespace sluice::media
