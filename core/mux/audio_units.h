// SPDX-License-Identifier: Apache-2.0
// AudioUnits: the frames of one audio track, several of them in a packet or one in several packets.
// Tells the track when its configuration is known or changed, and gives each frame of a packet its
// own time stamp.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "mux/frame_writer.h"
#include "mux/rtp_payloads.h"

namespace sluice::mux {

class AudioUnits {
 public:
  struct Timing {
    std::uint32_t clock_rate = 0;
    std::uint32_t unit_ticks = 1024;  // of the clock, from one frame to the next
  };
  // So many samples at that rate, in ticks of the clock.
  static std::uint32_t ticks_of(std::uint32_t samples, std::uint32_t sample_rate,
                                std::uint32_t clock_rate) {
    if (sample_rate == 0) return samples;
    return static_cast<std::uint32_t>(std::uint64_t{samples} * clock_rate / sample_rate);
  }

  AudioUnits(const PayloadContext &context, media::Codec codec, Timing timing)
      : codec_(codec),
        events_(context.events),
        timing_(timing),
        writer_(context.pool, std::min(context.options.max_frame_bytes, kMaxUnit)) {}

  // An AudioSpecificConfig, or the track itself. Without one, frames are let go.
  void set_config(std::string_view config);
  void set_track(const media::Track &track);
  void set_unit_ticks(std::uint32_t ticks) { timing_.unit_ticks = ticks; }
  [[nodiscard]] const Timing &timing() const { return timing_; }
  // A packet begins. A frame of which parts were lost is let go.
  void begin(std::uint32_t timestamp, bool after_loss);

  void add_whole(base::Bytes unit);
  // A part of a frame of that size, which may be wrong.
  void add_part(base::Bytes part, std::size_t whole);
  [[nodiscard]] bool in_part() const { return writer_.size() > 0; }
  void continue_part(base::Bytes part);  // of the size that was told with its first part
  void end_part();

  void quirk(const char *what);
  void malformed();
  [[nodiscard]] std::uint64_t take_copied() { return std::exchange(copied_, 0); }

 private:
  // Real ones are at most some kilobytes.
  static constexpr std::size_t kMaxUnit = 64 << 10;

  bool append(base::Bytes bytes);
  void emit();

  media::Codec codec_;
  DepacketizerEvents &events_;
  Timing timing_;
  FrameWriter writer_;
  std::uint64_t copied_ = 0;
  std::uint32_t timestamp_ = 0;  // of the packet
  std::size_t part_whole_ = 0;
  std::uint32_t part_timestamp_ = 0;  // of the frame in progress
  std::uint32_t index_ = 0;           // of the next frame in the packet
  bool skips_ = false;                // parts of a frame whose beginning was lost
  std::uint32_t skipped_timestamp_ = 0;
  bool has_track_ = false;
  bool track_changed_ = false;
  bool begun_ = false;
  std::string config_;
  media::Track track_;
  std::array<const char *, 8> quirks_{};
  std::size_t quirk_count_ = 0;
};

}  // namespace sluice::mux
