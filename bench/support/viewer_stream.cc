// SPDX-License-Identifier: Apache-2.0
// HTTP head and framing of a viewer's stream.
#include "support/viewer_stream.h"

#include <algorithm>
#include <charconv>

namespace sluice::bench {
namespace {

constexpr std::size_t kLongestChunkHead = 16;

}  // namespace

bool ViewerStream::feed(base::Bytes bytes) {
  if (status_ == 0) {
    if (!take_head(bytes)) return false;
    if (status_ == 0) return true;
    if (status_ != (websocket_ ? 101 : 200)) return false;
  }
  if (bytes.empty()) return true;
  body_begun_ = true;
  return deframe(bytes);
}

bool ViewerStream::take_head(base::Bytes &bytes) {
  if (!head_.take(bytes)) return false;
  status_ = head_.status();
  if (status_ == 0) return true;
  framing_ = websocket_                                      ? Framing::WebSocket
             : head_.field("Transfer-Encoding") == "chunked" ? Framing::Chunked
                                                             : Framing::Raw;
  head_.clear();
  return true;
}

bool ViewerStream::deframe(base::Bytes bytes) {
  if (framing_ == Framing::Raw) return reader_->feed(bytes);
  while (!bytes.empty()) {
    if (frame_left_ == 0) {
      bool sound =
          framing_ == Framing::Chunked ? read_chunk_head(bytes) : read_websocket_head(bytes);
      if (!sound) return false;
      continue;
    }
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, bytes.size()));
    if (!is_text_ && !reader_->feed(bytes.first(size))) return false;
    bytes = bytes.subspan(size);
    frame_left_ -= size;
  }
  return true;
}

// The line with the size, and the empty rest of the line that ends the chunk before it.
bool ViewerStream::read_chunk_head(base::Bytes &bytes) {
  auto c = static_cast<char>(bytes[0]);
  bytes = bytes.subspan(1);
  if (c == '\r') return true;
  if (c != '\n') {
    if (frame_head_size_ == kLongestChunkHead) return false;
    frame_head_[frame_head_size_++] = c;
    return true;
  }
  if (frame_head_size_ == 0) return true;
  const char *begin = frame_head_.data(), *end = begin + frame_head_size_;
  frame_head_size_ = 0;
  auto [stop, error] = std::from_chars(begin, end, frame_left_, 16);
  return error == std::errc() && stop == end && frame_left_ > 0;  // a last chunk ends the stream
}

bool ViewerStream::read_websocket_head(base::Bytes &bytes) {
  frame_head_[frame_head_size_++] = static_cast<char>(bytes[0]);
  bytes = bytes.subspan(1);
  if (frame_head_size_ < 2) return true;
  auto code = static_cast<std::uint8_t>(frame_head_[1]);
  if (code > 127) return false;  // a server must not mask
  std::size_t extra = code == 126 ? 2 : code == 127 ? 8 : 0;
  if (frame_head_size_ < 2 + extra) return true;
  frame_head_size_ = 0;
  int opcode = frame_head_[0] & 15;
  frame_left_ = code;
  if (extra > 0) frame_left_ = 0;
  for (std::size_t i = 0; i < extra; i++)
    frame_left_ = frame_left_ << 8 | static_cast<std::uint8_t>(frame_head_[2 + i]);
  is_text_ = opcode == 1;
  return opcode <= 2 || (opcode == 9 && frame_left_ == 0);
}

}  // namespace sluice::bench
