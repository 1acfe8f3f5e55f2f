// SPDX-License-Identifier: Apache-2.0
// RtpDepacketizer: the payloads of one RTP stream to tracks and frames, one class for each family
// of codecs. A frame is put together straight in a buffer of the pool: each payload byte is copied
// once (and once more when a picture outgrows the size that was foreseen). Pure; takes hostile
// bytes; nothing that a camera sends fails the stream: what cannot be used is dropped and reported.
// Loop of its pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "media/buffer.h"
#include "media/frame.h"
#include "wire/rtp.h"
#include "wire/sdp.h"

namespace sluice::mux {

// Why frames were lost or let go.
enum class Damage : std::uint8_t {
  Loss,       // packets were missing in it
  Reference,  // it is whole, but what it refers to was lost; until the next key frame
  Malformed,  // its payload breaks the format's grammar
  TooLarge,   // over a limit
  NoConfig,   // the parameter sets that it needs have not come yet
  NoMemory,
};
inline constexpr std::size_t kDamageKinds = 6;
const char *damage_name(Damage damage);  // "loss", "no_config", …

struct DepacketizerEvents {
  virtual ~DepacketizerEvents() = default;
  // A track is known, or a known one changed; always before the frame that needs it, and never
  // called twice in a row with the same. An announced stream that sends nothing has no track.
  virtual void on_track(const media::Track &track) = 0;
  // The frame has no time yet: dts is 0. Of several frames in one packet each has its own stamp,
  // counted in clock_rate().
  virtual void on_frame(media::Frame &&frame, std::uint32_t rtp_timestamp) = 0;
  // Something was dropped that is not understood. `what` is a literal: equal reasons are equal
  // pointers.
  virtual void on_ignored(const char *what) = 0;
  // One frame was lost or let go.
  virtual void on_damage(Damage damage) = 0;
  // The sender does something that it should not and that we put right. A literal; once for each.
  virtual void on_quirk(const char *what) { (void)what; }
};

// What becomes of pictures in which packets were lost.
enum class DamagedPictures : std::uint8_t {
  Drop,  // with all that follow, up to the next key frame; one that nothing refers to is dropped
         // alone
  Pass,  // passed on without the NAL units that are not whole
};

struct DepacketizerOptions {
  DamagedPictures damaged = DamagedPictures::Drop;
  std::size_t max_frame_bytes = std::size_t{8} << 20;
};

class RtpDepacketizer {
 public:
  virtual ~RtpDepacketizer() = default;
  RtpDepacketizer(const RtpDepacketizer &) = delete;
  RtpDepacketizer &operator=(const RtpDepacketizer &) = delete;

  // Packets in the order of their sequence numbers. `after_loss`: between this one and the one
  // before it at least one is missing, or it is not known whether any is.
  virtual void push(const wire::rtp::Packet &packet, bool after_loss) = 0;
  // No more packets come: what is whole is given out.
  virtual void flush() {}

  [[nodiscard]] media::Codec codec() const { return codec_; }
  // What the time stamps really count, whatever the session description states.
  [[nodiscard]] std::uint32_t clock_rate() const { return clock_rate_; }
  // Payload bytes that were copied so far.
  [[nodiscard]] std::uint64_t copied_bytes() const { return copied_bytes_; }

 protected:
  RtpDepacketizer(media::Codec codec, std::uint32_t clock_rate)
      : codec_(codec), clock_rate_(clock_rate) {}
  void count_copied(std::size_t bytes) { copied_bytes_ += bytes; }

 private:
  media::Codec codec_;
  std::uint32_t clock_rate_;
  std::uint64_t copied_bytes_ = 0;
};

// The depacketizer for one payload type of a media description. Unsupported, with a reason, for
// what we do not know; parameters that are wrong are left out. `pool` and `events` must outlive it;
// events come from push() and flush() only.
base::Result<std::unique_ptr<RtpDepacketizer>> make_depacketizer(
    const wire::sdp::Media &media, const wire::sdp::Format &format, media::BufferPool &pool,
    DepacketizerEvents &events, const DepacketizerOptions &options = {});

}  // namespace sluice::mux
