// SPDX-License-Identifier: Apache-2.0
// AAC over RTP as MPEG4-GENERIC (RFC 3640): access units behind a list of their sizes, one unit in
// several packets, and what devices make of it: sizes in other widths than stated, no sizes at all,
// ADTS inside.
#include <algorithm>

#include "media/aac.h"
#include "media/describe.h"
#include "mux/audio_units.h"
#include "mux/rtp_payloads.h"

namespace sluice::mux {

namespace {

// The widths of what an AU header is made of (section 3.2.1).
struct HeaderShape {
  unsigned size = 13;
  unsigned index = 3;
  unsigned delta = 3;

  [[nodiscard]] bool valid() const { return size > 0 && size <= 16 && index <= 16 && delta <= 16; }
  friend bool operator==(const HeaderShape &, const HeaderShape &) = default;
};

constexpr HeaderShape kUsual;
constexpr unsigned kMaxUnits = 64;  // in a packet

class AacDepacketizer final : public RtpDepacketizer {
 public:
  AacDepacketizer(const PayloadContext &context, const std::string &config,
                  AudioUnits::Timing timing)
      : RtpDepacketizer(media::Codec::AAC, timing.clock_rate),
        events_(context.events),
        units_(context, media::Codec::AAC, timing) {
    if (!config.empty()) units_.set_config(config);
    const auto width = [&](const char *name, unsigned usual) {
      return number_of(context.format, name).value_or(usual);
    };
    const bool stated = !context.format.parameter("sizelength").empty();
    // A device that states one and leaves out the others means 0 for them.
    stated_ = {.size = width("sizelength", kUsual.size),
               .index = width("indexlength", stated ? 0 : kUsual.index),
               .delta = width("indexdeltalength", stated ? 0 : kUsual.delta)};
    if (!stated_.valid()) stated_ = kUsual;
  }

  void push(const wire::rtp::Packet &packet, bool after_loss) override {
    units_.begin(packet.timestamp, after_loss);
    read(packet.payload, packet.marker);
    count_copied(units_.take_copied());
  }

 private:
  struct Sizes {
    std::array<std::uint32_t, kMaxUnits> sizes{};
    unsigned count = 0;
    std::uint64_t total = 0;
    base::Bytes data;
  };

  void read(base::Bytes payload, bool marker);
  [[nodiscard]] bool read_sizes(base::Bytes payload, const HeaderShape &shape, Sizes &out) const;
  bool read_adts(base::Bytes payload);
  void read_units(const Sizes &sizes);
  void read_fragment(const Sizes &sizes, bool marker);

  DepacketizerEvents &events_;
  AudioUnits units_;
  HeaderShape stated_;
};

void AacDepacketizer::read(base::Bytes payload, bool marker) {
  if (payload.empty() || read_adts(payload)) return;
  Sizes sizes;
  bool good = read_sizes(payload, stated_, sizes);
  // Sizes that do not add up to what is there were written in another width than was stated.
  if ((!good || sizes.total != sizes.data.size()) && stated_ != kUsual) {
    Sizes usual;
    if (read_sizes(payload, kUsual, usual) && usual.total == usual.data.size()) {
      units_.quirk("AAC sizes in another width than stated");
      sizes = usual;
      good = true;
    }
  }
  if (!good) return units_.malformed();
  if (sizes.count == 0) {
    // Nothing is said of sizes: the rest is one unit, or ADTS.
    if (sizes.data.empty() || read_adts(sizes.data)) return;
    units_.quirk("AAC without sizes");
    return units_.add_whole(sizes.data);
  }
  if (sizes.total <= sizes.data.size()) return read_units(sizes);
  if (sizes.count == 1) return read_fragment(sizes, marker);
  units_.malformed();
}

bool AacDepacketizer::read_sizes(base::Bytes payload, const HeaderShape &shape, Sizes &out) const {
  base::ByteReader in(payload);
  const std::size_t bits = in.u16();
  const base::Bytes headers = in.take((bits + 7) / 8);
  if (!in.ok()) return false;
  out.data = in.rest();
  media::BitReader header(headers);
  while (header.position() < bits && out.count < kMaxUnits) {
    const std::uint32_t size = header.bits(shape.size);
    header.skip(out.count == 0 ? shape.index : shape.delta);  // the order of sending is the order
    if (!header.ok()) break;
    out.sizes[out.count++] = size;
    out.total += size;
  }
  return true;
}

// A payload that is nothing but ADTS frames, with or without a list before them.
bool AacDepacketizer::read_adts(base::Bytes payload) {
  const auto first = media::parse_adts(payload);
  if (!first || first->frame_size > payload.size()) return false;
  units_.quirk("ADTS in AAC packets");
  while (!payload.empty()) {
    const auto adts = media::parse_adts(payload);
    if (!adts || adts->frame_size > payload.size()) {
      units_.malformed();
      break;
    }
    units_.set_config(adts->config);
    units_.add_whole(payload.subspan(adts->header_size, adts->frame_size - adts->header_size));
    payload = payload.subspan(adts->frame_size);
  }
  return true;
}

void AacDepacketizer::read_units(const Sizes &sizes) {
  base::Bytes data = sizes.data;
  for (unsigned i = 0; i < sizes.count; ++i) {
    const base::Bytes unit = data.first(sizes.sizes[i]);
    data = data.subspan(unit.size());
    const auto adts = media::parse_adts(unit);
    if (adts && adts->frame_size == unit.size()) {
      units_.quirk("ADTS in AAC packets");
      units_.set_config(adts->config);
      units_.add_whole(unit.subspan(adts->header_size));
    } else if (!unit.empty()) {
      units_.add_whole(unit);
    }
  }
}

// The size is that of the whole unit, of which every packet has a part (section 3.2.3). Some write
// the part's own, so what is there decides, and the marker ends it.
void AacDepacketizer::read_fragment(const Sizes &sizes, bool marker) {
  units_.add_part(sizes.data, sizes.sizes[0]);
  if (marker) units_.end_part();
}

}  // namespace

std::unique_ptr<RtpDepacketizer> make_aac(const PayloadContext &context) {
  const std::string config = unhex(context.format.parameter("config"));
  AudioUnits::Timing timing{.clock_rate = context.format.clock_rate};
  if (const auto aac = media::parse_aac_config(base::as_bytes(config))) {
    if (timing.clock_rate == 0) timing.clock_rate = aac->core_rate;
    timing.unit_ticks = AudioUnits::ticks_of(aac->frame_samples, aac->core_rate, timing.clock_rate);
  }
  if (timing.clock_rate == 0) timing.clock_rate = 44'100;
  if (const auto stated = number_of(context.format, "constantduration"); stated && *stated > 0)
    timing.unit_ticks = *stated;
  return std::make_unique<AacDepacketizer>(context, config, timing);
}

}  // namespace sluice::mux
