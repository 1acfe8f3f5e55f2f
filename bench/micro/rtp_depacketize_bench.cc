// SPDX-License-Identifier: Apache-2.0
// rtp_depacketize: what it costs to make frames of a camera's H.264 packets, in order and with
// packets that change places on the way. Every byte should be copied once, which is what memcpy of
// the same bytes is compared with; a packet that waits for another is copied once more.
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "media/buffer.h"
#include "micro/measure.h"
#include "mux/rtp_depacketizer.h"
#include "mux/rtp_reorder.h"
#include "support/report.h"
#include "support/rtsp_camera.h"
#include "wire/sdp.h"

namespace sluice::bench {
namespace {

using Payloads = std::vector<CameraMedia::Payload>;

// As a track does it: through the reorder buffer into the depacketizer, whose frames are let go.
class Receiver final : public mux::RtpReorderSink, public mux::DepacketizerEvents {
 public:
  Receiver() {
    const auto session = wire::sdp::parse(CameraMedia::sdp());
    const wire::sdp::Media &media = session->media.at(0);
    depacketizer_ = std::move(*mux::make_depacketizer(media, media.formats.at(0), pool_, *this));
  }

  void push(const CameraMedia::Payload &payload, std::uint16_t ahead) {
    reorder_.push({.marker = payload.marker,
                   .sequence = static_cast<std::uint16_t>(sequence_ + ahead),
                   .timestamp = timestamp_,
                   .payload = payload.bytes},
                  {});
  }
  void push_frame(const Payloads &payloads, std::size_t swap_every) {
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      if (swap_every > 0 && i % swap_every == 0 && i + 1 < payloads.size()) {
        push(payloads[i + 1], 1);
        push(payloads[i], 0);
        ++i;
        ++sequence_;
      } else {
        push(payloads[i], 0);
      }
      ++sequence_;
    }
    timestamp_ += 90'000 / CameraMedia::kFps;
  }

  void on_packet(const wire::rtp::Packet &packet, const mux::RtpArrival &,
                 bool after_loss) override {
    depacketizer_->push(packet, after_loss);
  }
  void on_track(const media::Track &) override {}
  void on_frame(media::Frame &&frame, std::uint32_t) override {
    keep(frame.payload.bytes().data());
  }
  void on_ignored(const char *) override {}
  void on_damage(mux::Damage) override { ++damaged_; }

  [[nodiscard]] std::uint64_t copied_bytes() const {
    return depacketizer_->copied_bytes() + reorder_.copied_bytes();
  }
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

 private:
  media::BufferPool pool_;
  std::unique_ptr<mux::RtpDepacketizer> depacketizer_;
  mux::RtpReorder reorder_{{}, pool_, *this};
  std::uint16_t sequence_ = 65'000;
  std::uint32_t timestamp_ = 0;
  std::uint64_t damaged_ = 0;
};

struct Variant {
  const char *name;
  double mbit;
  std::size_t swap_every;  // of so many packets of a frame one is overtaken by the next; 0: none
};

base::Json measure_variant(const Variant &variant) {
  const CameraMedia camera(variant.mbit);
  Receiver receiver;
  std::size_t packets = 0, bytes = 0;
  for (std::uint64_t i = 0; i < CameraMedia::kGopFrames; ++i) {
    packets += camera.frame(i).size();
    for (const CameraMedia::Payload &payload : camera.frame(i))
      bytes += payload.bytes.size();
  }
  const auto run = [&] {
    for (std::uint64_t i = 0; i < CameraMedia::kGopFrames; ++i)
      receiver.push_frame(camera.frame(i), variant.swap_every);
  };
  std::vector<std::byte> memory(1 << 20);
  const auto copy = [&] {
    for (std::uint64_t i = 0; i < CameraMedia::kGopFrames; ++i) {
      std::byte *to = memory.data();
      for (const CameraMedia::Payload &payload : camera.frame(i)) {
        std::memcpy(to, payload.bytes.data(), payload.bytes.size());
        to += payload.bytes.size();
      }
      keep(memory.data());
    }
  };
  run();  // from here on the sizes of pictures are known
  const std::uint64_t copied_before = receiver.copied_bytes();
  run();
  const auto copied = static_cast<double>(receiver.copied_bytes() - copied_before);
  base::Json result = measure({.name = variant.name,
                               .frames = CameraMedia::kGopFrames,
                               .bytes = bytes,
                               .run = run,
                               .copy = copy});
  const double frames_per_packet =
      static_cast<double>(CameraMedia::kGopFrames) / static_cast<double>(packets);
  result["ns_per_packet"] = rounded(result["ns_per_frame"].get<double>() * frames_per_packet, 10);
  result["copies_per_byte"] = rounded(copied / static_cast<double>(bytes));
  result["damaged"] = receiver.damaged();
  return result;
}

}  // namespace
}  // namespace sluice::bench

int main() {
  using namespace sluice::bench;
  print_line({{"bench", "rtp_depacketize"},
              {"variants",
               {measure_variant({"1 Mbit/s", 1, 0}), measure_variant({"4 Mbit/s", 4, 0}),
                measure_variant({"4 Mbit/s, some packets overtaken", 4, 8})}}});
}
