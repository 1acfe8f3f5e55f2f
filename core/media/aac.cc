// SPDX-License-Identifier: Apache-2.0
#include "media/aac.h"

#include <array>

#include "media/bits.h"

namespace sluice::media {

namespace {

std::uint32_t read_object_type(BitReader &in) {
  const std::uint32_t type = in.bits(5);
  return type == 31 ? 32 + in.bits(6) : type;
}

std::uint32_t read_sample_rate(BitReader &in) {
  static constexpr std::array<std::uint32_t, 13> kRates = {96'000, 88'200, 64'000, 48'000, 44'100,
                                                           32'000, 24'000, 22'050, 16'000, 12'000,
                                                           11'025, 8'000,  7'350};
  const std::uint32_t index = in.bits(4);
  if (index == 15) return in.bits(24);
  return index < kRates.size() ? kRates[index] : 0;
}

}  // namespace

std::string AacConfig::codec_string() const { return "mp4a.40." + std::to_string(object_type); }

base::Result<AacConfig> parse_aac_config(base::Bytes config) {
  static constexpr std::array<std::uint32_t, 16> kChannels = {0, 1, 2, 3, 4, 5,  6, 8,
                                                              0, 0, 0, 7, 8, 24, 8, 0};
  BitReader in(config);
  AacConfig aac;
  aac.object_type = read_object_type(in);
  aac.sample_rate = read_sample_rate(in);
  aac.channels = kChannels[in.bits(4)];
  if (aac.object_type == 5 || aac.object_type == 29) {
    aac.sample_rate = read_sample_rate(in);
    if (aac.object_type == 29) aac.channels = 2;  // parametric stereo makes two of one
  }
  if (!in.ok() || aac.object_type == 0 || aac.sample_rate == 0) {
    return base::fail(base::Domain::Media, base::Code::Malformed,
                      "AudioSpecificConfig breaks the grammar");
  }
  return aac;
}

}  // namespace sluice::media
