// SPDX-License-Identifier: Apache-2.0
// Audio whose payload is the frame: G.711, G.726 and L16 (RFC 3551), Opus (RFC 7587).
#include <algorithm>

#include "media/describe.h"
#include "mux/frame_writer.h"
#include "mux/rtp_payloads.h"

namespace sluice::mux {

namespace {

using media::Codec;

enum class Swap : std::uint8_t { No, Pairs };

class PlainAudio final : public RtpDepacketizer {
 public:
  PlainAudio(const PayloadContext &context, media::Track track, std::uint32_t clock_rate,
             Swap swap = Swap::No)
      : RtpDepacketizer(track.codec, clock_rate),
        events_(context.events),
        writer_(context.pool, context.options.max_frame_bytes),
        track_(std::move(track)),
        swap_(swap) {}

  void push(const wire::rtp::Packet &packet, bool after_loss) override {
    if (after_loss && announced_) events_.on_damage(Damage::Loss);
    base::Bytes payload = packet.payload;
    if (track_.codec == Codec::L16) payload = payload.first(payload.size() / 2 * 2);
    if (payload.empty()) return;
    if (!writer_.append(payload)) return events_.on_damage(writer_.failure());
    count_copied(payload.size());
    if (swap_ == Swap::Pairs) swap_pairs();
    if (!std::exchange(announced_, true)) events_.on_track(track_);
    media::Frame frame{.codec = track_.codec, .key = true};
    frame.payload = writer_.take();
    events_.on_frame(std::move(frame), packet.timestamp);
  }

 private:
  void swap_pairs() {
    const base::MutableBytes samples = writer_.bytes();
    for (std::size_t i = 0; i + 1 < samples.size(); i += 2)
      std::swap(samples[i], samples[i + 1]);
  }

  DepacketizerEvents &events_;
  FrameWriter writer_;
  media::Track track_;
  Swap swap_;
  bool announced_ = false;
};

std::uint32_t channels_of(const wire::sdp::Format &format) {
  return std::clamp<std::uint32_t>(format.channels, 1, 8);
}

// "G726-32", "AAL2-G726-40": the rate tells the size of a code word, the prefix its packing.
std::unique_ptr<RtpDepacketizer> make_g726(const PayloadContext &context, std::string_view name) {
  media::Track track = media::describe(Codec::G726, {});
  track.high_bits_first = name.starts_with("AAL2-");
  const std::string_view rate = name.substr(std::min(name.rfind('-') + 1, name.size()));
  for (std::uint32_t bits = 2; bits <= 5; ++bits) {
    if (rate == std::to_string(bits * 8)) track.bits_per_sample = bits;
  }
  if (track.bits_per_sample == 0) return nullptr;
  return std::make_unique<PlainAudio>(context, std::move(track), 8'000);
}

// OpusHead of RFC 7845, section 5.1; RTP leaves it out.
std::string opus_head(std::uint32_t channels) {
  constexpr std::uint32_t kPreSkip = 312;  // 6.5 ms, as libopus has it
  std::string head = "OpusHead";
  base::ByteWriter out(head);
  out.u8(1);
  out.u8(static_cast<std::uint8_t>(channels));
  out.u8(kPreSkip & 0xff);
  out.u8(kPreSkip >> 8);
  out.u32_le(48'000);
  out.u16(0);  // gain
  out.u8(0);   // channel mapping
  return head;
}

}  // namespace

std::unique_ptr<RtpDepacketizer> make_plain_audio(const PayloadContext &context,
                                                  std::string_view name) {
  const wire::sdp::Format &format = context.format;
  const std::uint32_t rate = format.clock_rate;
  if (name == "PCMA" || name == "PCMU") {
    media::Track track = media::describe(name == "PCMA" ? Codec::PCMA : Codec::PCMU, {});
    track.sample_rate = rate == 0 ? 8'000 : rate;
    track.channels = channels_of(format);
    return std::make_unique<PlainAudio>(context, track, track.sample_rate);
  }
  if (name == "OPUS") {
    // The format's clock is fixed, and it is announced with two channels whatever it has; the wrong
    // numbers that devices state mean nothing.
    media::Track track = media::describe(Codec::Opus, base::as_bytes(opus_head(2)));
    return std::make_unique<PlainAudio>(context, std::move(track), 48'000);
  }
  if (name == "L16" || name == "PCM") {
    media::Track track = media::describe(Codec::L16, {});
    track.sample_rate = rate == 0 ? 44'100 : rate;
    track.channels = channels_of(format);
    track.bits_per_sample = 16;
    // Hikvision's own name for samples in the other order.
    const Swap swap = name == "PCM" ? Swap::Pairs : Swap::No;
    return std::make_unique<PlainAudio>(context, track, track.sample_rate, swap);
  }
  if (name == "G721") return make_g726(context, "G726-32");  // its name in RFC 1890
  return name.contains("G726-") ? make_g726(context, name) : nullptr;
}

}  // namespace sluice::mux
