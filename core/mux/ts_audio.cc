// SPDX-License-Identifier: Apache-2.0
#include "mux/ts_audio.h"

#include <algorithm>

#include "media/aac.h"
#include "media/bits.h"

namespace sluice::mux {

namespace {

constexpr std::array<std::uint32_t, 13> kRates = {96'000, 88'200, 64'000, 48'000, 44'100,
                                                  32'000, 24'000, 22'050, 16'000, 12'000,
                                                  11'025, 8'000,  7'350};

// The index of a rate, also where the configuration writes it out; nothing for one without index.
std::optional<std::uint32_t> read_rate_index(media::BitReader &in) {
  const std::uint32_t index = in.bits(4);
  if (index < kRates.size()) return index;
  if (index != 15) return {};
  const auto *const found = std::ranges::find(kRates, in.bits(24));
  if (found == kRates.end()) return {};
  return static_cast<std::uint32_t>(found - kRates.begin());
}

}  // namespace

std::optional<AdtsHead> ts_adts(base::Bytes aac_config) {
  const auto parsed = media::parse_aac_config(aac_config);
  if (!parsed || parsed->frame_samples != 1024) return {};
  media::BitReader in(aac_config);
  std::uint32_t type = in.bits(5);
  const auto rate = read_rate_index(in);
  const std::uint32_t channels = in.bits(4);
  if (type == 5 || type == 29) {
    // Of spectral band replication ADTS tells nothing: decoders find it in the frames.
    if (!read_rate_index(in)) return {};
    type = in.bits(5);
  }
  // Channels that a program config element tells would have to be told in every frame.
  if (!in.ok() || !rate || type < 1 || type > 4 || channels < 1 || channels > 7) return {};
  AdtsHead header{};
  std::byte *p = base::put_u16(header.data(), 0xfff1);  // MPEG-4, no check sum
  p = base::put_u16(p, (type - 1) << 14 | *rate << 10 | channels << 6);
  base::put_u24(p, 0x00'1ffc);  // no length; as full as it likes; one block
  return header;
}

void append_adts(std::string &out, const AdtsHead &header, std::size_t payload_size) {
  const std::size_t at = out.size();
  out.append(base::as_text(header));
  const auto length = static_cast<std::uint32_t>(payload_size + kAdtsHeadSize);
  const auto put = [&](std::size_t byte, std::uint32_t bits) {
    out[at + byte] = static_cast<char>(static_cast<std::uint8_t>(out[at + byte]) | bits);
  };
  put(3, length >> 11 & 3U);
  put(4, length >> 3 & 0xffU);
  put(5, (length & 7U) << 5);
}

std::optional<std::uint8_t> ts_opus_channels(const media::Track &track) {
  // The arrangements of RFC 7845's family 1, by number of channels: streams, those of them that
  // are stereo, and which decoded channel is which.
  struct Layout {
    std::uint8_t streams, coupled;
    std::array<std::uint8_t, 8> mapping;
  };
  static constexpr std::array<Layout, 8> kLayouts = {{{1, 0, {0}},
                                                      {1, 1, {0, 1}},
                                                      {2, 1, {0, 2, 1}},
                                                      {2, 2, {0, 1, 2, 3}},
                                                      {3, 2, {0, 4, 1, 2, 3}},
                                                      {4, 2, {0, 4, 1, 2, 3, 5}},
                                                      {4, 3, {0, 4, 1, 2, 3, 5, 6}},
                                                      {5, 3, {0, 6, 1, 2, 3, 4, 5, 7}}}};
  constexpr std::size_t kHeadSize = 19;  // of OpusHead without mapping table
  const base::Bytes head = base::as_bytes(track.config);
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint32_t>(head[at]); };
  const bool known = head.size() >= kHeadSize;
  const std::uint32_t channels = known ? byte(9) : std::max(track.channels, 1U);
  const bool simple = !known || byte(18) == 0;
  if (channels < 1 || channels > (simple ? 2 : kLayouts.size())) return {};
  if (!simple) {
    const Layout &layout = kLayouts[channels - 1];
    if (byte(18) != 1 || head.size() < kHeadSize + 2 + channels) return {};
    if (byte(19) != layout.streams || byte(20) != layout.coupled) return {};
    for (std::size_t i = 0; i < channels; ++i) {
      if (byte(21 + i) != layout.mapping[i]) return {};
    }
  }
  return static_cast<std::uint8_t>(channels);
}

void append_opus_control(std::string &out, std::size_t payload_size) {
  base::ByteWriter writer(out);
  writer.u16(0x7fe0);  // sync word; nothing is trimmed
  for (; payload_size >= 255; payload_size -= 255)
    writer.u8(255);
  writer.u8(static_cast<std::uint8_t>(payload_size));
}

}  // namespace sluice::mux
