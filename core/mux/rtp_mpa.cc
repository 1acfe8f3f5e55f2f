// SPDX-License-Identifier: Apache-2.0
// MPEG audio over RTP (RFC 2250, section 3.5): whole frames, or one frame in several packets,
// behind four bytes that tell the offset in the frame.
#include "media/describe.h"
#include "media/mp3.h"
#include "mux/audio_units.h"
#include "mux/rtp_payloads.h"

namespace sluice::mux {

namespace {

constexpr std::uint32_t kClockRate = 90'000;

class MpaDepacketizer final : public RtpDepacketizer {
 public:
  explicit MpaDepacketizer(const PayloadContext &context)
      : RtpDepacketizer(media::Codec::MP3, kClockRate),
        units_(context, media::Codec::MP3, {.clock_rate = kClockRate}) {}

  void push(const wire::rtp::Packet &packet, bool after_loss) override {
    units_.begin(packet.timestamp, after_loss);
    read(packet.payload);
    count_copied(units_.take_copied());
  }

 private:
  void read(base::Bytes payload) {
    base::ByteReader in(payload);
    in.skip(2);
    const unsigned offset = in.u16();
    if (!in.ok()) return payload.empty() ? void() : units_.malformed();
    base::Bytes data = in.rest();
    if (offset > 0 || units_.in_part()) return units_.continue_part(data);
    while (!data.empty()) {
      const auto header = media::parse_mp3_header(data);
      if (!header) return units_.malformed();
      follow(*header);
      const std::size_t size = header->frame_size == 0 ? data.size() : header->frame_size;
      if (size > data.size()) return units_.add_part(data, size);
      units_.add_whole(data.first(size));
      data = data.subspan(size);
    }
  }

  // The frames say what they are.
  void follow(const media::Mp3Header &header) {
    if (known_.sample_rate == header.sample_rate && known_.channels == header.channels &&
        known_.layer == header.layer) {
      return;
    }
    known_ = header;
    media::Track track =
        media::describe(header.layer == 3 ? media::Codec::MP3 : media::Codec::MP2, {});
    track.sample_rate = header.sample_rate;
    track.channels = header.channels;
    units_.set_track(track);
    units_.set_unit_ticks(
        AudioUnits::ticks_of(header.frame_samples, header.sample_rate, kClockRate));
  }

  AudioUnits units_;
  media::Mp3Header known_;
};

}  // namespace

std::unique_ptr<RtpDepacketizer> make_mpa(const PayloadContext &context) {
  return std::make_unique<MpaDepacketizer>(context);
}

}  // namespace sluice::mux
