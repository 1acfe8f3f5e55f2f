// SPDX-License-Identifier: Apache-2.0
#include "media/mp3.h"

#include <array>

namespace sluice::media {

namespace {

using Rates = std::array<std::uint16_t, 15>;

// In kbit/s, by bitrate_index; 0 is the free format.
constexpr std::array<Rates, 3> kFull = {
    Rates{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
    Rates{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
    Rates{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}};
// MPEG-2 and 2.5; layers II and III share one.
constexpr std::array<Rates, 2> kHalf = {
    Rates{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
    Rates{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};

std::uint32_t frame_size(const Mp3Header &header, bool full, std::uint32_t index, bool padded) {
  const Rates &rates = full ? kFull[header.layer - 1] : kHalf[header.layer == 1 ? 0 : 1];
  const std::uint32_t bits = rates[index] * 1000U;
  if (bits == 0) return 0;
  if (header.layer == 1) return (12 * bits / header.sample_rate + (padded ? 1 : 0)) * 4;
  return header.frame_samples / 8 * bits / header.sample_rate + (padded ? 1 : 0);
}

}  // namespace

base::Result<Mp3Header> parse_mp3_header(base::Bytes frame) {
  static constexpr std::array<std::uint32_t, 3> kRates = {44'100, 48'000, 32'000};
  base::ByteReader in(frame);
  const std::uint32_t word = in.u32();
  const std::uint32_t version = word >> 19 & 3;  // 0: MPEG-2.5, 2: MPEG-2, 3: MPEG-1
  const std::uint32_t layer = word >> 17 & 3;    // 0 is reserved
  const std::uint32_t bit_rate = word >> 12 & 15;
  const std::uint32_t rate = word >> 10 & 3;
  if (!in.ok() || word >> 21 != 0x7ff || version == 1 || layer == 0 || rate == 3 ||
      bit_rate == 15) {
    return base::fail(base::Domain::Media, base::Code::Malformed, "this is no MPEG audio frame");
  }
  const std::uint32_t divisor = version == 3 ? 1 : version == 2 ? 2 : 4;
  Mp3Header header;
  header.sample_rate = kRates[rate] / divisor;
  header.channels = (word >> 6 & 3) == 3 ? 1U : 2U;
  header.layer = 4 - layer;
  if (header.layer == 1) {
    header.frame_samples = 384;
  } else {
    header.frame_samples = header.layer == 3 && version != 3 ? 576 : 1152;
  }
  header.frame_size = frame_size(header, version == 3, bit_rate, (word >> 9 & 1) != 0);
  return header;
}

}  // namespace sluice::media
