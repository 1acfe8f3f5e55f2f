// SPDX-License-Identifier: Apache-2.0
// AAC over RTP as MP4A-LATM (RFC 6416; ISO/IEC 14496-3 clause 1.7.3): audio mux elements, with
// their configuration in the session description or in band. What comes out is raw AAC.
#include <algorithm>

#include "media/aac.h"
#include "mux/audio_units.h"
#include "mux/rtp_payloads.h"

namespace sluice::mux {

namespace {

using media::BitReader;

constexpr unsigned kMaxElements = 64;  // in a packet

// As much of StreamMuxConfig() as one program with one layer needs.
struct MuxConfig {
  std::string audio;  // AudioSpecificConfig
  std::uint32_t core_rate = 0;
  std::uint32_t frame_samples = 1024;
  unsigned frames = 1;         // in an element
  std::size_t fixed_size = 0;  // of a frame; 0: each tells its own
  std::size_t other_bits = 0;  // behind the frames
};

base::Status unsupported() {
  return base::fail(base::Domain::Media, base::Code::Unsupported,
                    "this LATM configuration is not supported");
}

std::uint32_t read_value(BitReader &in) {
  const unsigned bytes = in.bits(2) + 1;
  return in.bits(8 * bytes);
}

// Bits from any position as bytes, the last one filled with zeros.
std::string copy_bits(BitReader in, std::size_t count) {
  std::string out;
  for (std::size_t done = 0; done < count; done += 8) {
    const auto n = static_cast<unsigned>(std::min<std::size_t>(8, count - done));
    out.push_back(static_cast<char>(in.bits(n) << (8 - n)));
  }
  return out;
}

// What tells of SBR in a way that old decoders pass over (ISO/IEC 14496-3, clause 1.6.5). It has no
// place in a configuration without a length, but GStreamer's payloader copies it from its encoder.
void skip_sync_extension(BitReader &in) {
  BitReader ahead = in;
  if (ahead.bits(11) != 0x2b7 || ahead.bits(5) != 5) return;
  if (ahead.flag()) ahead.skip(4);
  if (ahead.ok()) in = ahead;
}

base::Status read_audio_config(BitReader &in, bool has_length, MuxConfig &config) {
  const std::size_t length = has_length ? read_value(in) : 0;
  const BitReader start = in;
  SLUICE_TRY(aac, media::read_aac_config(in));
  const std::size_t used = in.position() - start.position();
  if (has_length && length > used) in.skip(length - used);
  constexpr std::size_t kMaxBits = 1024;
  const std::size_t bits = has_length ? std::min(std::max(length, used), kMaxBits) : used;
  config.audio = copy_bits(start, bits);
  config.core_rate = aac.core_rate;
  config.frame_samples = aac.frame_samples;
  if (!has_length) skip_sync_extension(in);
  return {};
}

// How long frames are, and what stands between elements.
base::Status read_lengths(BitReader &in, bool version1, MuxConfig &config) {
  const std::uint32_t length_type = in.bits(3);
  if (length_type == 0) {
    in.skip(8);  // latmBufferFullness
  } else if (length_type == 1) {
    config.fixed_size = in.bits(9) + 20;
  } else {
    return unsupported();
  }
  if (in.flag()) {  // other data
    if (version1) {
      config.other_bits = read_value(in);
    } else {
      bool more = true;
      while (more && in.ok()) {
        more = in.flag();
        config.other_bits = (config.other_bits << 8 | in.bits(8)) & 0xffff'ffff;
      }
    }
  }
  if (in.flag()) in.skip(8);  // check sum
  return {};
}

base::Result<MuxConfig> read_mux_config(BitReader &in) {
  MuxConfig config;
  const bool version1 = in.flag();
  if (version1 && in.flag()) return base::fail(unsupported().error());
  if (version1) read_value(in);  // taraBufferFullness
  const bool same_framing = in.flag();
  config.frames = in.bits(6) + 1;
  const bool one_stream = in.bits(4) == 0 && in.bits(3) == 0;
  if (!same_framing || !one_stream) return base::fail(unsupported().error());
  SLUICE_TRY_VOID(read_audio_config(in, version1, config));
  if (!in.ok()) {
    return base::fail(base::Domain::Media, base::Code::Malformed,
                      "LATM configuration breaks the grammar");
  }
  // GStreamer's payloader ends here, in the middle of a byte or of a field.
  const MuxConfig cut = config;
  SLUICE_TRY_VOID(read_lengths(in, version1, config));
  return in.ok() ? config : cut;
}

class LatmDepacketizer final : public RtpDepacketizer {
 public:
  LatmDepacketizer(const PayloadContext &context, std::uint32_t clock_rate)
      : RtpDepacketizer(media::Codec::AAC, clock_rate),
        events_(context.events),
        units_(context, media::Codec::AAC, {.clock_rate = clock_rate}),
        element_(context.pool, kMaxElement),
        in_band_(number_of(context.format, "cpresent").value_or(1) != 0) {
    const std::string config = unhex(context.format.parameter("config"));
    BitReader in(base::as_bytes(config));
    if (const auto parsed = read_mux_config(in)) use(*parsed);
  }

  void push(const wire::rtp::Packet &packet, bool after_loss) override {
    units_.begin(packet.timestamp, after_loss);
    if (after_loss || packet.timestamp != timestamp_) {
      element_.clear();
      skips_ = after_loss && !packet.marker;
    }
    timestamp_ = packet.timestamp;
    if (!skips_) gather(packet);
    count_copied(units_.take_copied());
  }

 private:
  static constexpr std::size_t kMaxElement = 64 << 10;

  // A whole element is read where it lies; parts of one are put together first.
  void gather(const wire::rtp::Packet &packet) {
    if (packet.marker && element_.size() == 0) return read_elements(packet.payload);
    const std::uint64_t copied = element_.copied_bytes();
    const bool fits = element_.append(packet.payload);
    count_copied(element_.copied_bytes() - copied);
    if (!fits) {
      element_.clear();
      return events_.on_damage(element_.failure());
    }
    if (!packet.marker) return;
    read_elements(element_.bytes());
    element_.clear();
  }

  void read_elements(base::Bytes bytes);
  bool read_element(BitReader &in, base::Bytes bytes);
  void add(BitReader &in, base::Bytes bytes, std::size_t size);
  void use(const MuxConfig &config);

  DepacketizerEvents &events_;
  AudioUnits units_;
  FrameWriter element_;
  const bool in_band_;
  bool has_config_ = false;
  bool skips_ = false;
  std::uint32_t timestamp_ = 0;
  MuxConfig config_;
};

void LatmDepacketizer::use(const MuxConfig &config) {
  config_ = config;
  has_config_ = true;
  units_.set_config(config_.audio);
  units_.set_unit_ticks(
      AudioUnits::ticks_of(config_.frame_samples, config_.core_rate, units_.timing().clock_rate));
}

void LatmDepacketizer::read_elements(base::Bytes bytes) {
  for (unsigned i = 0; i < kMaxElements && !bytes.empty(); ++i) {
    BitReader in(bytes);
    if (!read_element(in, bytes)) return;
    bytes = bytes.subspan(std::min((in.position() + 7) / 8, bytes.size()));
  }
}

bool LatmDepacketizer::read_element(BitReader &in, base::Bytes bytes) {
  if (in_band_ && !in.flag()) {
    const auto config = read_mux_config(in);
    if (!config) {
      events_.on_ignored(config.error().what);
      return false;
    }
    use(*config);
  }
  if (!has_config_) {
    events_.on_damage(Damage::NoConfig);
    return false;
  }
  for (unsigned i = 0; i < config_.frames; ++i) {
    std::size_t size = config_.fixed_size;
    std::uint32_t byte = size == 0 ? 0xff : 0;
    while (byte == 0xff && in.ok())
      size += byte = in.bits(8);
    if (!in.ok() || size > bytes.size() - in.position() / 8) {
      units_.malformed();
      return false;
    }
    add(in, bytes, size);
  }
  in.skip(config_.other_bits);
  return in.ok();
}

// A configuration in band leaves the frame between bytes.
void LatmDepacketizer::add(BitReader &in, base::Bytes bytes, std::size_t size) {
  const std::size_t from = in.position() / 8;
  const std::size_t shift = in.position() % 8;
  in.skip(8 * size);
  if (!in.ok()) return units_.malformed();
  if (size == 0) return;
  if (shift == 0) return units_.add_whole(bytes.subspan(from, size));
  std::array<std::byte, 256> piece;
  for (std::size_t done = 0; done < size;) {
    const std::size_t count = std::min(piece.size(), size - done);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = from + done + i;
      piece[i] = bytes[at] << shift | bytes[at + 1] >> (8 - shift);
    }
    units_.add_part(base::Bytes(piece).first(count), size);
    done += count;
  }
}

}  // namespace

std::unique_ptr<RtpDepacketizer> make_latm(const PayloadContext &context) {
  const std::uint32_t rate = context.format.clock_rate;
  return std::make_unique<LatmDepacketizer>(context, rate == 0 ? 90'000 : rate);
}

}  // namespace sluice::mux
