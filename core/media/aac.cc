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

// Clause 4.5.1.2, as far as its length: which speakers there are is not looked at.
void skip_program_config(BitReader &in, std::size_t aligned_to) {
  in.skip(4 + 2 + 4);
  std::size_t elements = 0;
  for (int i = 0; i < 3; ++i)
    elements += 5 * std::size_t{in.bits(4)};  // front, side, back
  elements += 4 * std::size_t{in.bits(2)};    // low frequencies
  elements += 4 * std::size_t{in.bits(3)};    // data
  elements += 5 * std::size_t{in.bits(4)};    // coupling
  for (unsigned size : {4U, 4U, 3U}) {
    if (in.flag()) in.skip(size);  // mixing down
  }
  in.skip(elements);
  in.skip((8 - (in.position() - aligned_to) % 8) % 8);
  in.skip(std::size_t{8} * in.bits(8));
}

// GASpecificConfig, clause 4.4.1.
void read_general_audio(BitReader &in, AacConfig &aac, std::uint32_t core_type,
                        std::size_t aligned_to) {
  const bool short_frames = in.flag();
  if (core_type == 23) {
    aac.frame_samples = short_frames ? 480 : 512;  // low delay
  } else {
    aac.frame_samples = short_frames ? 960 : 1024;
  }
  if (in.flag()) in.skip(14);  // delay of the core coder
  const bool extended = in.flag();
  if (aac.channels == 0) skip_program_config(in, aligned_to);
  if (core_type == 6 || core_type == 20) in.skip(3);
  if (!extended) return;
  if (core_type == 22) in.skip(16);
  if (core_type == 17 || core_type == 19 || core_type == 20 || core_type == 23) in.skip(3);
  in.flag();
}

bool is_general_audio(std::uint32_t type) {
  return (type >= 1 && type <= 4) || type == 6 || type == 7 || type == 17 ||
         (type >= 19 && type <= 23);
}

constexpr std::array<std::uint32_t, 16> kChannels = {0, 1, 2, 3, 4, 5,  6, 8,
                                                     0, 0, 0, 7, 8, 24, 8, 0};

// Returns the type of the core, which with signalled SBR is told after it.
std::uint32_t read_head(BitReader &in, AacConfig &aac) {
  std::uint32_t core_type = read_object_type(in);
  aac.object_type = core_type;
  aac.core_rate = aac.sample_rate = read_sample_rate(in);
  aac.channels = kChannels[in.bits(4)];
  if (core_type == 5 || core_type == 29) {
    aac.sample_rate = read_sample_rate(in);
    core_type = read_object_type(in);
  }
  return core_type;
}

base::Status check(const BitReader &in, const AacConfig &aac) {
  if (in.ok() && aac.object_type != 0 && aac.sample_rate != 0 && aac.core_rate != 0) return {};
  return base::fail(base::Domain::Media, base::Code::Malformed,
                    "AudioSpecificConfig breaks the grammar");
}

}  // namespace

std::string AacConfig::codec_string() const { return "mp4a.40." + std::to_string(object_type); }

base::Result<AacConfig> parse_aac_config(base::Bytes config) {
  BitReader in(config);
  AacConfig aac;
  const std::uint32_t core_type = read_head(in, aac);
  SLUICE_TRY_VOID(check(in, aac));
  // What is missing behind the head has its usual value: some cameras cut it off.
  if (is_general_audio(core_type)) read_general_audio(in, aac, core_type, 0);
  if (aac.object_type == 29) aac.channels = 2;  // parametric stereo makes two of one
  return aac;
}

base::Result<AacConfig> read_aac_config(BitReader &in) {
  const std::size_t start = in.position();
  AacConfig aac;
  const std::uint32_t core_type = read_head(in, aac);
  if (in.ok() && !is_general_audio(core_type)) {
    return base::fail(base::Domain::Media, base::Code::Unsupported, "this MPEG-4 audio is not AAC");
  }
  read_general_audio(in, aac, core_type, start);
  SLUICE_TRY_VOID(check(in, aac));
  if (aac.object_type == 29) aac.channels = 2;
  return aac;
}

base::Result<AdtsHeader> parse_adts(base::Bytes frame) {
  BitReader in(frame);
  const bool sync = in.bits(12) == 0xfff;
  in.flag();  // MPEG-2 or 4
  const std::uint32_t layer = in.bits(2);
  AdtsHeader adts;
  adts.header_size = in.flag() ? 7 : 9;
  const std::uint32_t type = in.bits(2) + 1;
  const std::uint32_t rate = in.bits(4);
  in.flag();
  const std::uint32_t channels = in.bits(3);
  in.skip(4);
  adts.frame_size = in.bits(13);
  in.skip(11);
  const bool one_block = in.bits(2) == 0;
  if (!in.ok() || !sync || layer != 0 || rate > 12 || adts.frame_size <= adts.header_size) {
    return base::fail(base::Domain::Media, base::Code::Malformed, "this is no ADTS frame");
  }
  if (!one_block) {
    return base::fail(base::Domain::Media, base::Code::Unsupported,
                      "ADTS with several blocks in a frame is not supported");
  }
  const std::uint32_t word = type << 11 | rate << 7 | channels << 3;
  adts.config = {static_cast<char>(word >> 8), static_cast<char>(word)};
  return adts;
}

}  // namespace sluice::media
