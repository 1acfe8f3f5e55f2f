// SPDX-License-Identifier: Apache-2.0
// HTTP head, framing and FLV of a viewer's stream.
#include "support/viewer_stream.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sluice::bench {
namespace {

constexpr std::size_t kFlvFileHeader = 9 + 4;
constexpr std::size_t kFlvTagHeader = 11;
constexpr std::uint32_t kPreviousTagSize = 4;
constexpr std::size_t kLongestChunkHead = 16;

bool has_chunked_coding(std::string_view head) {
  constexpr std::string_view kName = "\r\ntransfer-encoding:";
  for (std::size_t i = 0; i + kName.size() <= head.size(); i++)
    if (strncasecmp(head.data() + i, kName.data(), kName.size()) == 0)
      return head.substr(i, head.find("\r\n", i + 2) - i).find("chunked") != std::string_view::npos;
  return false;
}

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
  std::size_t before = head_.size();
  head_.append(base::as_text(bytes.first(std::min(bytes.size(), kHeadLimit - before))));
  auto end = head_.find("\r\n\r\n");
  if (end == std::string::npos) return head_.size() < kHeadLimit;
  bytes = bytes.subspan(end + 4 - before);
  head_.resize(end + 2);
  auto space = head_.find(' ');
  if (!head_.starts_with("HTTP/1.") || space == std::string::npos) return false;
  std::from_chars(head_.data() + space + 1, head_.data() + head_.size(), status_);
  if (status_ == 0) return false;
  framing_ = websocket_                  ? Framing::WebSocket
             : has_chunked_coding(head_) ? Framing::Chunked
                                         : Framing::Raw;
  head_ = {};
  return true;
}

bool ViewerStream::deframe(base::Bytes bytes) {
  if (framing_ == Framing::Raw) return feed_flv(bytes);
  while (!bytes.empty()) {
    if (frame_left_ == 0) {
      bool sound =
          framing_ == Framing::Chunked ? read_chunk_head(bytes) : read_websocket_head(bytes);
      if (!sound) return false;
      continue;
    }
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, bytes.size()));
    if (!feed_flv(bytes.first(size))) return false;
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
  return opcode == 2 || opcode == 0 || (opcode == 9 && frame_left_ == 0);
}

// Fills the header to the wanted size; true when it is complete.
bool ViewerStream::gather(base::Bytes &bytes, std::size_t want) {
  std::size_t size = std::min(want - gathered_, bytes.size());
  std::memcpy(flv_head_.data() + gathered_, bytes.data(), size);
  gathered_ = static_cast<std::uint8_t>(gathered_ + size);
  bytes = bytes.subspan(size);
  return gathered_ == want;
}

bool ViewerStream::feed_flv(base::Bytes bytes) {
  while (!bytes.empty()) {
    if (part_ == Part::FileHeader) {
      if (!gather(bytes, kFlvFileHeader)) return true;
      if (std::memcmp(flv_head_.data(), "FLV\x01", 4) != 0) return false;
      part_ = Part::TagHeader;
      gathered_ = 0;
    } else if (part_ == Part::TagHeader) {
      if (!gather(bytes, kFlvTagHeader)) return true;
      if (!begin_tag()) return false;
    } else {
      auto size = std::min<std::size_t>(tag_left_, bytes.size());
      // The last four bytes are the previous tag size, which is not of interest.
      std::size_t body = tag_left_ > kPreviousTagSize ? tag_left_ - kPreviousTagSize : 0;
      std::size_t seen = std::min({size, body, kSeenHead - seen_size_});
      std::memcpy(seen_.data() + seen_size_, bytes.data(), seen);
      seen_size_ = static_cast<std::uint8_t>(seen_size_ + seen);
      tag_left_ -= static_cast<std::uint32_t>(size);
      bytes = bytes.subspan(size);
      if (tag_left_ == 0) finish_tag();
    }
  }
  return true;
}

bool ViewerStream::begin_tag() {
  base::ByteReader reader(flv_head_);
  tag_.type = reader.u8();
  tag_.size = reader.u24();
  std::uint32_t low = reader.u24();
  tag_.timestamp_ms = static_cast<std::uint32_t>(reader.u8()) << 24 | low;
  tag_left_ = tag_.size + kPreviousTagSize;
  seen_size_ = 0;
  part_ = Part::TagBody;
  return tag_.type == 8 || tag_.type == 9 || tag_.type == 18;
}

void ViewerStream::finish_tag() {
  tag_.head = base::Bytes(seen_).first(seen_size_);
  part_ = Part::TagHeader;
  gathered_ = 0;
  sink_.on_tag(tag_);
}

}  // namespace sluice::bench
