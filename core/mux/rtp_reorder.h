// SPDX-License-Identifier: Apache-2.0
// RtpReorder: the packets of one RTP stream in the order of their sequence numbers (RFC 3550,
// appendix A.1). A packet that comes in order passes through as it is; one that comes early is
// copied and waits for those before it, at most for so many packets and for so long. Duplicates and
// packets that come too late are dropped. A sequence that starts anew in mid-stream is followed
// after two packets. Pure; the caller brings the time. Loop of its pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/buffer.h"
#include "mux/rtp_clock.h"
#include "wire/rtp.h"

namespace sluice::mux {

struct RtpReorderSink {
  virtual ~RtpReorderSink() = default;
  // The packet's payload is valid during the call only.
  virtual void on_packet(const wire::rtp::Packet &packet, const RtpArrival &arrival,
                         bool after_loss) = 0;
};

class RtpReorder {
 public:
  struct Limits {
    // 0 packets: nothing waits, as over TCP, where a gap is a loss. Powers of two up to 1024.
    std::size_t packets = 128;
    std::int64_t wait_us = 100'000;
  };

  // `pool` and `sink` must outlive it.
  RtpReorder(Limits limits, media::BufferPool &pool, RtpReorderSink &sink);

  void push(const wire::rtp::Packet &packet, const RtpArrival &arrival);
  // Gives up on what has been waited for too long. Call it when deadline_us() has passed.
  void expire(std::int64_t mono_us);
  // When expire() has something to do; -1: nothing waits.
  [[nodiscard]] std::int64_t deadline_us() const;
  // Gives out all that waits, in order.
  void flush();
  // Forgets the sequence; the next packet is the first one.
  void restart();

  [[nodiscard]] std::uint64_t lost() const { return lost_; }  // packets that never came
  [[nodiscard]] std::uint64_t late() const { return late_; }  // too late, or twice
  [[nodiscard]] std::uint64_t reordered() const { return reordered_; }
  [[nodiscard]] std::uint64_t restarts() const { return restarts_; }
  [[nodiscard]] std::uint64_t copied_bytes() const { return copied_bytes_; }

 private:
  struct Slot {
    bool present = false;
    wire::rtp::Packet packet;  // its payload is in buffer
    media::Buffer buffer;
    RtpArrival arrival;
  };

  [[nodiscard]] Slot &slot(std::uint16_t sequence) { return ring_[sequence & (ring_.size() - 1)]; }
  void on_early(const wire::rtp::Packet &packet, const RtpArrival &arrival, unsigned ahead);
  void on_stray(const wire::rtp::Packet &packet, const RtpArrival &arrival);
  void keep(const wire::rtp::Packet &packet, const RtpArrival &arrival);
  void deliver(const wire::rtp::Packet &packet, const RtpArrival &arrival);
  void drain();
  void find_oldest();
  void advance_to(std::uint16_t sequence);
  void give_up_gap();

  Limits limits_;
  media::BufferPool &pool_;
  RtpReorderSink &sink_;
  std::vector<Slot> ring_;
  std::size_t waiting_ = 0;         // slots in use
  std::int64_t waiting_since_ = 0;  // when the oldest of them came
  bool started_ = false;
  bool after_loss_ = false;   // of the packet that is given out next
  std::uint16_t next_ = 0;    // the sequence number to be given out next
  std::uint32_t stray_next_;  // what would be the second packet of a new sequence
  std::uint64_t lost_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t reordered_ = 0;
  std::uint64_t restarts_ = 0;
  std::uint64_t copied_bytes_ = 0;
};

}  // namespace sluice::mux
