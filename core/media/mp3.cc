// SPDX-License-Identifier: Apache-2.0
#include "media/mp3.h"

#include <array>

namespace sluice::media {

base::Result<Mp3Header> parse_mp3_header(base::Bytes frame) {
  static constexpr std::array<std::uint32_t, 3> kRates = {44'100, 48'000, 32'000};
  base::ByteReader in(frame);
  const std::uint32_t word = in.u32();
  const std::uint32_t version = word >> 19 & 3;  // 0: MPEG-2.5, 2: MPEG-2, 3: MPEG-1
  const std::uint32_t layer = word >> 17 & 3;    // 0 is reserved
  const std::uint32_t rate = word >> 10 & 3;
  if (!in.ok() || word >> 21 != 0x7ff || version == 1 || layer == 0 || rate == 3) {
    return base::fail(base::Domain::Media, base::Code::Malformed, "this is no MPEG audio frame");
  }
  const std::uint32_t divisor = version == 3 ? 1 : version == 2 ? 2 : 4;
  return Mp3Header{kRates[rate] / divisor, (word >> 6 & 3) == 3 ? 1U : 2U};
}

}  // namespace sluice::media
