// SPDX-License-Identifier: Apache-2.0
// ViewerStream: what comes back to a viewer, understood bit by bit as it arrives: HTTP answer head,
// then raw, chunked or WebSocket framing, then FLV tags. Keeps no body; of each tag only the head
// that the sink needs to know a frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace sluice::bench {

struct SeenTag {
  std::uint8_t type = 0;
  std::uint32_t timestamp_ms = 0;
  std::uint32_t size = 0;  // of the body
  base::Bytes head;        // the body's first bytes, at most kSeenHead

  [[nodiscard]] bool video_frame() const {
    return type == 9 && head.size() >= 2 && head[1] == std::byte{1};
  }
  [[nodiscard]] bool key() const {
    return video_frame() && (head[0] & std::byte{0x70}) == std::byte{0x10};
  }
};

// Called when the tag's last byte has arrived.
class TagSink {
 public:
  virtual void on_tag(const SeenTag &tag) = 0;

 protected:
  ~TagSink() = default;
};

class ViewerStream {
 public:
  static constexpr std::size_t kSeenHead = 64;

  ViewerStream(TagSink &sink, bool websocket) : sink_(sink), websocket_(websocket) {}

  // False: not an answer or not a stream that a viewer can use; it takes no more.
  bool feed(base::Bytes bytes);

  [[nodiscard]] int status() const { return status_; }  // 0 before the answer's head is complete
  [[nodiscard]] bool body_begun() const { return body_begun_; }

 private:
  enum class Framing : std::uint8_t { Raw, Chunked, WebSocket };
  enum class Part : std::uint8_t { FileHeader, TagHeader, TagBody };
  static constexpr std::size_t kHeadLimit = 8192;

  bool take_head(base::Bytes &bytes);
  bool deframe(base::Bytes bytes);
  bool read_chunk_head(base::Bytes &bytes);
  bool read_websocket_head(base::Bytes &bytes);
  bool feed_flv(base::Bytes bytes);
  bool gather(base::Bytes &bytes, std::size_t want);
  bool begin_tag();
  void finish_tag();

  TagSink &sink_;
  bool websocket_;
  bool body_begun_ = false;
  int status_ = 0;
  std::string head_;  // of the HTTP answer; emptied when it is complete

  Framing framing_ = Framing::Raw;
  std::uint64_t frame_left_ = 0;  // payload bytes left in this chunk or WebSocket frame
  std::uint8_t frame_head_size_ = 0;
  std::array<char, 20> frame_head_{};

  Part part_ = Part::FileHeader;
  std::uint8_t gathered_ = 0;
  std::array<std::byte, 16> flv_head_{};
  SeenTag tag_;
  std::uint32_t tag_left_ = 0;  // of body and previous tag size
  std::uint8_t seen_size_ = 0;
  std::array<std::byte, kSeenHead> seen_{};
};

}  // namespace sluice::bench
