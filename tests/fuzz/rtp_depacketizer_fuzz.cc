// SPDX-License-Identifier: Apache-2.0
// Payloads of every format, in any order. The first byte picks the format, the second the options;
// then come packets: a byte of flags (marker, loss, step of the time stamp), a length of two bytes,
// the payload.
#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "fuzz_input.h"
#include "media/buffer.h"
#include "mux/dts_order.h"
#include "mux/rtp_clock.h"
#include "mux/rtp_depacketizer.h"

namespace {

using namespace sluice;

struct Known {
  const char *encoding;
  const char *parameters;
};
constexpr Known kFormats[] = {
    {"H264", ""},
    {"H264", "sprop-parameter-sets=Z2QAKKzZQHgCJ+XARAAAAwAEAAADAMg8YMZY,aOvjyyLA"},
    {"H265", ""},
    {"H265", "sprop-max-don-diff=1"},
    {"MPEG4-GENERIC", "config=1210;sizelength=13;indexlength=3;indexdeltalength=3"},
    {"MPEG4-GENERIC", "config=1210;sizelength=6;indexlength=2;indexdeltalength=2"},
    {"MPEG4-GENERIC", ""},
    {"MP4A-LATM", ""},
    {"MP4A-LATM", "cpresent=0;config=400024203fc0"},
    {"MPA", ""},
    {"JPEG", ""},
    {"PCM", ""},
    {"OPUS", ""},
};

class Sink final : public mux::DepacketizerEvents {
 public:
  explicit Sink(std::size_t limit) : limit_(limit) {}

  void on_track(const media::Track &track) override { order_.set_track(track); }
  void on_frame(media::Frame &&frame, std::uint32_t rtp_timestamp) override {
    SLUICE_CHECK(frame.payload.size > 0 && frame.payload.size <= limit_);
    if (frame.codec == media::Codec::H264 || frame.codec == media::Codec::H265)
      check_nals(frame.payload.bytes());
    clock_.place(frame, rtp_timestamp, {.mono_us = now_us_ += 40'000});
    order_.place(frame);
    SLUICE_CHECK(frame.dts.count() > 0);
  }
  void on_ignored(const char *what) override { SLUICE_CHECK(*what != 0); }
  void on_damage(mux::Damage damage) override { SLUICE_CHECK(*mux::damage_name(damage) != 0); }

 private:
  // Lengths add up to the frame.
  static void check_nals(base::Bytes frame) {
    base::ByteReader in(frame);
    while (in.left() > 0) {
      SLUICE_CHECK(!in.take(in.u32()).empty());
      SLUICE_CHECK(in.ok());
    }
  }

  std::size_t limit_;
  std::int64_t now_us_ = 0;
  mux::RtpSession session_;
  mux::RtpClock clock_{session_, media::Kind::Video, 90'000};
  mux::DtsOrder order_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::ByteReader in(fuzz::input_bytes(data, size));
  const Known &known = kFormats[in.u8() % std::size(kFormats)];
  const unsigned flags = in.u8();
  const wire::sdp::Format format{
      .encoding = known.encoding, .clock_rate = 90'000, .parameters = known.parameters};
  mux::DepacketizerOptions options;
  if ((flags & 1) != 0) options.damaged = mux::DamagedPictures::Pass;
  if ((flags & 2) != 0) options.max_frame_bytes = 4096;
  media::BufferPool pool;
  Sink sink(options.max_frame_bytes);
  auto made = mux::make_depacketizer({}, format, pool, sink, options);
  SLUICE_CHECK(made.has_value());
  wire::rtp::Packet packet;
  while (in.left() > 0 && in.ok()) {
    const unsigned head = in.u8();
    packet.marker = (head & 1) != 0;
    packet.timestamp += (head >> 2 & 7) * 900;
    packet.payload = in.take(std::min<std::size_t>(in.u16(), in.left()));
    ++packet.sequence;
    (*made)->push(packet, (head & 2) != 0);
  }
  (*made)->flush();
  made->reset();
  SLUICE_CHECK(pool.bytes_in_use() == 0);
  return 0;
}
