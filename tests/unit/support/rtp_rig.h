// SPDX-License-Identifier: Apache-2.0
// A depacketizer that is fed by hand, and what came of it in the order in which it came.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mux/rtp_depacketizer.h"
#include "support/records.h"

namespace sluice::test {

struct RtpFrame {
  bool key = false;
  std::uint32_t timestamp = 0;
  std::string payload;
};

class RtpRig : public mux::DepacketizerEvents {
 public:
  explicit RtpRig(wire::sdp::Format format, mux::DepacketizerOptions options = {},
                  wire::sdp::Media media = {}) {
    auto made = mux::make_depacketizer(media, format, pool, *this, options);
    REQUIRE(made.has_value());
    depacketizer = std::move(*made);
  }

  // One packet with the next sequence number.
  RtpRig &push(std::string_view payload, std::uint32_t timestamp, bool marker = false) {
    const wire::rtp::Packet packet{.payload_type = 96,
                                   .marker = marker,
                                   .timestamp = timestamp,
                                   .payload = base::as_bytes(payload)};
    depacketizer->push(packet, std::exchange(gap, false));
    return *this;
  }
  // The packet that would have come is missing.
  RtpRig &lose() {
    gap = true;
    return *this;
  }
  RtpRig &flush() {
    depacketizer->flush();
    return *this;
  }

  void on_track(const media::Track &track) override {
    tracks.push_back(track);
    log += 'T';
  }
  void on_frame(media::Frame &&frame, std::uint32_t rtp_timestamp) override {
    log += frame.key ? 'K' : 'F';
    frames.push_back({frame.key, rtp_timestamp, std::string(base::as_text(frame.payload.bytes()))});
  }
  void on_ignored(const char *what) override { ignored.emplace_back(what); }
  void on_damage(mux::Damage damage) override { damages.push_back(damage); }
  void on_quirk(const char *what) override { quirks.emplace_back(what); }

  [[nodiscard]] bool has_quirk(std::string_view what) const {
    for (const std::string &quirk : quirks) {
      if (quirk == what) return true;
    }
    return false;
  }

  media::BufferPool pool;
  std::unique_ptr<mux::RtpDepacketizer> depacketizer;
  std::vector<media::Track> tracks;
  std::vector<RtpFrame> frames;
  std::vector<mux::Damage> damages;
  std::vector<std::string> ignored;
  std::vector<std::string> quirks;
  std::string log;  // T, K and F in their order
  bool gap = false;
};

// A NAL unit as a frame has it: with its length before it.
inline std::string sized(std::string_view nal) {
  std::string out;
  base::ByteWriter(out).u32(static_cast<std::uint32_t>(nal.size()));
  return out.append(nal);
}

}  // namespace sluice::test
