// SPDX-License-Identifier: Apache-2.0
// Boxes of a viewer's stream.
#include "support/fmp4_frames.h"

#include <algorithm>
#include <cstring>

namespace sluice::bench {
namespace {

constexpr std::uint32_t fourcc(const char (&name)[5]) {
  std::uint32_t code = 0;
  for (int i = 0; i < 4; i++)
    code = code << 8 | static_cast<std::uint8_t>(name[i]);
  return code;
}

constexpr std::uint32_t kMoof = fourcc("moof"), kMdat = fourcc("mdat");

// Of the fragment's first track: the time of version 1, which has 64 bits, behind version and
// flags. 0 when there is none.
std::uint64_t decoding_time(std::string_view moof) {
  std::size_t at = moof.find("tfdt");
  if (at == std::string_view::npos || moof.size() < at + 16) return 0;
  base::ByteReader reader(base::as_bytes(moof.substr(at + 8)));
  return reader.u64();
}

// The slice follows the stamp, behind its length.
bool is_key(std::string_view payload) {
  constexpr std::size_t kSlice = kStampSize + 4;
  return payload.size() > kSlice && (payload[kSlice] & 0x1f) == 5;
}

}  // namespace

bool Fmp4Frames::feed(base::Bytes bytes) {
  while (!bytes.empty()) {
    if (gathered_ < kBoxHeader) {
      std::size_t size = std::min(kBoxHeader - gathered_, bytes.size());
      std::memcpy(header_.data() + gathered_, bytes.data(), size);
      gathered_ += size;
      bytes = bytes.subspan(size);
      if (gathered_ == kBoxHeader && !begin_box()) return false;
    } else {
      std::size_t size = std::min(left_, bytes.size());
      take_body(bytes.first(size));
      left_ -= size;
      bytes = bytes.subspan(size);
      if (left_ == 0) finish_box();
    }
  }
  return true;
}

// Sizes 0 (to the end) and 1 (of 64 bits) have no place in a live stream's fragments.
bool Fmp4Frames::begin_box() {
  base::ByteReader reader(header_);
  std::uint32_t size = reader.u32();
  type_ = reader.u32();
  if (size <= kBoxHeader) return false;
  left_ = size - kBoxHeader;
  if (type_ == kMoof) moof_.clear();
  mdat_head_.clear();
  return type_ != kMoof || left_ <= kMostMoof;
}

void Fmp4Frames::take_body(base::Bytes bytes) {
  if (type_ == kMoof) moof_.append(base::as_text(bytes));
  if (type_ != kMdat) return;
  std::size_t room = kSeenHead - std::min(kSeenHead, mdat_head_.size());
  mdat_head_.append(base::as_text(bytes.first(std::min(room, bytes.size()))));
}

void Fmp4Frames::finish_box() {
  gathered_ = 0;
  if (type_ != kMdat) return;
  SeenFrame frame{.time = decoding_time(moof_), .stamp = find_stamp(base::as_bytes(mdat_head_))};
  frame.video = frame.stamp.has_value();
  frame.key = frame.video && is_key(mdat_head_);
  sink_.on_frame(frame);
}

}  // namespace sluice::bench
