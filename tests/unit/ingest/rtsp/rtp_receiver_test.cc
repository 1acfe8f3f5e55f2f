// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtp_receiver.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/bytes.h"

namespace sluice::ingest::rtsp {
namespace {

class ReceiverRig final : public MediaEvents {
 public:
  ReceiverRig() {
    media.kind = "video";
    media.formats = {{.payload_type = 96, .encoding = "H264", .clock_rate = 90000}};
    auto made = RtpReceiver::make({media, media.formats[0]}, {pool, metrics, stream_metrics}, clock,
                                  *this, {});
    REQUIRE(made.has_value());
    receiver = std::move(*made);
    receiver->set_in_order();
  }

  // A packet with the next sequence number.
  bool take(std::uint8_t payload_type, std::string_view payload, std::uint32_t ssrc = 7) {
    std::string text;
    base::ByteWriter out(text);
    out.u8(0x80);
    out.u8(0x80 | payload_type);
    out.u16(sequence++);
    out.u32(timestamp);
    out.u32(ssrc);
    out.text(payload);
    std::vector<std::byte> room(text.size() + Srtp::kSpareBytes);
    std::memcpy(room.data(), text.data(), text.size());
    timestamp += 3600;
    arrival.mono_us += 40'000;
    return receiver->take_rtp(base::MutableBytes(room).first(text.size()), arrival);
  }

  void on_track(const media::Track &) override {}
  void on_frame(media::Frame &&) override { ++frames; }
  void on_ignored(const char *) override {}
  void on_quirk(const char *) override {}

  metrics::Registry registry;
  RtspMetrics metrics{registry};
  stream::StreamMetrics stream_metrics{registry};
  media::BufferPool pool;
  mux::RtpSession clock;
  wire::sdp::Media media;
  std::unique_ptr<RtpReceiver> receiver;
  mux::RtpArrival arrival{.mono_us = 1'000'000};
  std::uint16_t sequence = 65534;
  std::uint32_t timestamp = 0;
  int frames = 0;
};

// An aggregation packet with both parameter sets of a picture of 320x180.
constexpr std::string_view kSets{
    "\x18\x00\x18\x67\x64\x00\x0c\xac\xb4\x0a\x0c\xfc\xf8\x08\x80\x00\x00\x03\x00\x80\x00\x00\x19"
    "\x07\x8a\x15\x50\x00\x05\x68\xef\x03\x9c\xb0",
    34};

}  // namespace

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE("rtp receiver: a packet of another payload type takes a number and nothing else") {
  ReceiverRig rig;
  rig.take(96, kSets);
  rig.take(96, "\x65\x88\x84");
  CHECK_FALSE(rig.take(50, "whatever"));
  rig.take(96, "\x41\x9a\x24");
  CHECK_FALSE(rig.take(13, ""));
  rig.take(96, "\x41\x9a\x24");
  CHECK(rig.receiver->facts().lost == 0);
  CHECK(rig.frames == 3);
  CHECK(rig.receiver->facts().bad == 2);
}

TEST_CASE("rtp receiver: a loss in front of a packet of another payload type is not forgotten") {
  ReceiverRig rig;
  rig.take(96, kSets);
  rig.take(96, "\x65\x88\x84");
  ++rig.sequence;
  rig.take(50, "whatever");
  rig.take(96, "\x41\x9a\x24");
  CHECK(rig.receiver->facts().lost == 1);
  CHECK(rig.frames == 1);
}

TEST_CASE("rtp receiver: strangers' packets with a foreign SSRC take no number") {
  ReceiverRig rig;
  rig.take(96, kSets);
  rig.take(96, "\x65\x88\x84");
  rig.take(50, "whatever", 9);
  --rig.sequence;
  rig.take(96, "\x41\x9a\x24");
  CHECK(rig.receiver->facts().lost == 0);
}

TEST_SUITE_END();

}  // namespace sluice::ingest::rtsp
