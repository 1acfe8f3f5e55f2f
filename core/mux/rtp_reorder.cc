// SPDX-License-Identifier: Apache-2.0
#include "mux/rtp_reorder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace sluice::mux {

namespace {

constexpr std::size_t kMaxPackets = 1024;
// RFC 3550, appendix A.1: farther ahead or behind than this is another sequence, not loss or delay.
constexpr unsigned kMaxDropout = 3000;
constexpr unsigned kMaxMisorder = 100;
constexpr std::uint32_t kNoSequence = 1U << 16;

}  // namespace

RtpReorder::RtpReorder(Limits limits, media::BufferPool &pool, RtpReorderSink &sink)
    : limits_(limits), pool_(pool), sink_(sink), stray_next_(kNoSequence) {
  if (limits_.packets > 0) ring_.resize(std::bit_ceil(std::min(limits_.packets, kMaxPackets)));
}

void RtpReorder::push(const wire::rtp::Packet &packet, const RtpArrival &arrival) {
  if (!started_) {
    started_ = true;
    next_ = packet.sequence;
  }
  const auto ahead = static_cast<std::uint16_t>(packet.sequence - next_);
  if (ahead == 0) {
    stray_next_ = kNoSequence;
    deliver(packet, arrival);
    return drain();
  }
  if (ahead <= kMaxDropout) return on_early(packet, arrival, ahead);
  const unsigned behind = 0x1'0000U - ahead;
  if (behind <= kMaxMisorder && !ring_.empty()) {
    ++late_;
    return;
  }
  on_stray(packet, arrival);
}

void RtpReorder::on_early(const wire::rtp::Packet &packet, const RtpArrival &arrival,
                          unsigned ahead) {
  stray_next_ = kNoSequence;
  if (ring_.empty()) {
    advance_to(packet.sequence);
    return deliver(packet, arrival);
  }
  if (ahead >= ring_.size()) {
    advance_to(static_cast<std::uint16_t>(packet.sequence - ring_.size() + 1));
    drain();
    // What waited may have reached up to this one.
    if (next_ == packet.sequence) {
      deliver(packet, arrival);
      return drain();
    }
    find_oldest();
  }
  keep(packet, arrival);
}

// Far from what is expected: a single one is dropped, and the second of a new sequence is followed.
void RtpReorder::on_stray(const wire::rtp::Packet &packet, const RtpArrival &arrival) {
  if (packet.sequence != stray_next_) {
    stray_next_ = static_cast<std::uint16_t>(packet.sequence + 1);
    ++late_;
    return;
  }
  ++restarts_;
  flush();
  restart();
  started_ = true;
  after_loss_ = true;
  next_ = packet.sequence;
  deliver(packet, arrival);
}

void RtpReorder::keep(const wire::rtp::Packet &packet, const RtpArrival &arrival) {
  Slot &to = slot(packet.sequence);
  if (to.present) {
    ++late_;
    return;
  }
  const std::size_t size = packet.payload.size();
  to.buffer = pool_.take(size);
  if (!to.buffer) return;  // lost, then
  if (size > 0) std::memcpy(to.buffer.memory().data(), packet.payload.data(), size);
  copied_bytes_ += size;
  to.packet = packet;
  to.packet.payload = to.buffer.memory().first(size);
  to.arrival = arrival;
  to.present = true;
  if (waiting_++ == 0) waiting_since_ = arrival.mono_us;
}

void RtpReorder::deliver(const wire::rtp::Packet &packet, const RtpArrival &arrival) {
  next_ = static_cast<std::uint16_t>(packet.sequence + 1);
  sink_.on_packet(packet, arrival, std::exchange(after_loss_, false));
}

// Gives out what has waited for the packet before it.
void RtpReorder::drain() {
  bool any = false;
  while (waiting_ > 0 && slot(next_).present) {
    Slot ready = std::exchange(slot(next_), Slot{});
    --waiting_;
    ++reordered_;
    any = true;
    deliver(ready.packet, ready.arrival);
  }
  if (any) find_oldest();
}

void RtpReorder::find_oldest() {
  if (waiting_ == 0) return;
  waiting_since_ = INT64_MAX;
  for (const Slot &waiting : ring_) {
    if (waiting.present) waiting_since_ = std::min(waiting_since_, waiting.arrival.mono_us);
  }
}

// Up to that sequence number nothing is waited for any more.
void RtpReorder::advance_to(std::uint16_t sequence) {
  while (next_ != sequence) {
    if (waiting_ > 0 && slot(next_).present) {
      Slot ready = std::exchange(slot(next_), Slot{});
      --waiting_;
      deliver(ready.packet, ready.arrival);
    } else {
      ++next_;
      ++lost_;
      after_loss_ = true;
    }
  }
}

void RtpReorder::give_up_gap() {
  std::uint16_t to = next_;
  while (!slot(to).present)
    ++to;
  advance_to(to);
  drain();
}

void RtpReorder::expire(std::int64_t mono_us) {
  while (waiting_ > 0 && mono_us - waiting_since_ >= limits_.wait_us)
    give_up_gap();
}

std::int64_t RtpReorder::deadline_us() const {
  return waiting_ == 0 ? -1 : waiting_since_ + limits_.wait_us;
}

void RtpReorder::flush() {
  while (waiting_ > 0)
    give_up_gap();
}

void RtpReorder::restart() {
  for (Slot &kept : ring_)
    kept = {};
  waiting_ = 0;
  started_ = false;
  after_loss_ = false;
  stray_next_ = kNoSequence;
}

}  // namespace sluice::mux
