// SPDX-License-Identifier: Apache-2.0
// FLV tags of a viewer's stream.
#include "support/flv_frames.h"

#include <algorithm>
#include <cstring>

namespace sluice::bench {
namespace {

constexpr std::size_t kFileHeader = 9 + 4;
constexpr std::size_t kTagHeader = 11;
constexpr std::uint32_t kPreviousTagSize = 4;
constexpr std::uint8_t kAudio = 8, kVideo = 9, kScript = 18;

}  // namespace

// Fills the header to the wanted size; true when it is complete.
bool FlvFrames::gather(base::Bytes &bytes, std::size_t want) {
  std::size_t size = std::min(want - gathered_, bytes.size());
  std::memcpy(header_.data() + gathered_, bytes.data(), size);
  gathered_ = static_cast<std::uint8_t>(gathered_ + size);
  bytes = bytes.subspan(size);
  return gathered_ == want;
}

bool FlvFrames::feed(base::Bytes bytes) {
  while (!bytes.empty()) {
    if (part_ == Part::FileHeader) {
      if (!gather(bytes, kFileHeader)) return true;
      if (std::memcmp(header_.data(), "FLV\x01", 4) != 0) return false;
      part_ = Part::TagHeader;
      gathered_ = 0;
    } else if (part_ == Part::TagHeader) {
      if (!gather(bytes, kTagHeader)) return true;
      if (!begin_tag()) return false;
    } else {
      auto size = std::min<std::size_t>(left_, bytes.size());
      // The last four bytes are the previous tag size, which is not of interest.
      std::size_t body = left_ > kPreviousTagSize ? left_ - kPreviousTagSize : 0;
      std::size_t seen = std::min({size, body, kSeenHead - seen_size_});
      std::memcpy(seen_.data() + seen_size_, bytes.data(), seen);
      seen_size_ += seen;
      left_ -= static_cast<std::uint32_t>(size);
      bytes = bytes.subspan(size);
      if (left_ == 0) finish_tag();
    }
  }
  return true;
}

bool FlvFrames::begin_tag() {
  base::ByteReader reader(header_);
  type_ = reader.u8();
  std::uint32_t size = reader.u24();
  std::uint32_t low = reader.u24();
  timestamp_ms_ = static_cast<std::uint32_t>(reader.u8()) << 24 | low;
  left_ = size + kPreviousTagSize;
  seen_size_ = 0;
  part_ = Part::TagBody;
  return type_ == kAudio || type_ == kVideo || type_ == kScript;
}

void FlvFrames::finish_tag() {
  part_ = Part::TagHeader;
  gathered_ = 0;
  base::Bytes head = base::Bytes(seen_).first(seen_size_);
  bool configuration = head.size() < 2 || head[1] == std::byte{0};
  // Metadata has no place on the time line, and a sequence header is no frame.
  if (type_ == kScript || configuration) return;
  SeenFrame frame{.video = type_ == kVideo, .time = timestamp_ms_, .stamp = {}};
  frame.key = frame.video && (head[0] & std::byte{0x70}) == std::byte{0x10};
  if (frame.video) frame.stamp = find_stamp(head);
  sink_.on_frame(frame);
}

}  // namespace sluice::bench
