// SPDX-License-Identifier: Apache-2.0
// Transport packets of a viewer's stream.
#include "support/ts_frames.h"

#include <algorithm>
#include <cstring>

namespace sluice::bench {
namespace {

unsigned at(base::Bytes bytes, std::size_t i) { return std::to_integer<unsigned>(bytes[i]); }

// 33 bits in five bytes, with marker bits between.
std::uint64_t read_time(base::Bytes field) {
  return std::uint64_t{at(field, 0) >> 1 & 7U} << 30 | at(field, 1) << 22 |
         (at(field, 2) >> 1) << 15 | at(field, 3) << 7 | at(field, 4) >> 1;
}

// Of a PES header; the time of decoding stands behind that of presentation when they differ.
std::uint64_t decoding_time(base::Bytes pes) {
  constexpr std::size_t kTimes = 9;
  bool both = (at(pes, 7) & 0x40U) != 0;
  return read_time(pes.subspan(both ? kTimes + 5 : kTimes, 5));
}

}  // namespace

bool TsFrames::feed(base::Bytes bytes) {
  while (!bytes.empty()) {
    std::size_t size = std::min(kPacket - gathered_, bytes.size());
    std::memcpy(packet_.data() + gathered_, bytes.data(), size);
    gathered_ += size;
    bytes = bytes.subspan(size);
    if (gathered_ < kPacket) return true;
    gathered_ = 0;
    if (!take_packet()) return false;
  }
  return true;
}

bool TsFrames::take_packet() {
  const base::Bytes packet(packet_);
  if (packet[0] != std::byte{0x47}) return false;
  const unsigned pid = (at(packet, 1) & 0x1fU) << 8 | at(packet, 2);
  const bool begins = (at(packet, 1) & 0x40U) != 0;
  const bool has_adaptation = (at(packet, 3) & 0x20U) != 0;
  const std::size_t payload = 4 + (has_adaptation ? 1 + at(packet, 4) : 0);
  if (payload > kPacket) return false;
  if (begins) {
    const bool random_access = has_adaptation && payload > 5 && (at(packet, 5) & 0x40U) != 0;
    begin_pes(packet.subspan(payload), pid, random_access);
  } else if (pid == video_pid_ && has_adaptation) {
    end_picture();
  }
  return true;
}

void TsFrames::begin_pes(base::Bytes payload, unsigned pid, bool random_access) {
  if (pid == video_pid_) end_picture();
  constexpr std::size_t kLongestHeader = 19;
  bool is_pes = payload.size() >= kLongestHeader && at(payload, 0) == 0 && at(payload, 1) == 0 &&
                at(payload, 2) == 1;
  if (!is_pes) return;  // a table
  SeenFrame frame{.video = at(payload, 3) >> 4 == 0xe, .time = decoding_time(payload), .stamp = {}};
  if (!frame.video) return sink_.on_frame(frame);
  video_pid_ = pid;
  frame.key = random_access;
  frame.stamp = find_stamp(payload);
  picture_ = frame;
  in_picture_ = true;
}

void TsFrames::end_picture() {
  if (!in_picture_) return;
  in_picture_ = false;
  sink_.on_frame(picture_);
}

}  // namespace sluice::bench
