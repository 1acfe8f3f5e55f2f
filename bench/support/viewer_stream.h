// SPDX-License-Identifier: Apache-2.0
// ViewerStream: what comes back to a viewer, understood bit by bit as it arrives: HTTP answer head,
// then raw, chunked or WebSocket framing, then the container's frames.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "support/answer_head.h"
#include "support/container.h"

namespace sluice::bench {

class ViewerStream {
 public:
  ViewerStream(FrameSink &sink, Container container, bool websocket)
      : reader_(make_reader(container, sink)), websocket_(websocket) {}

  // False: not an answer or not a stream that a viewer can use; it takes no more.
  bool feed(base::Bytes bytes);

  [[nodiscard]] int status() const { return status_; }  // 0 before the answer's head is complete
  [[nodiscard]] bool body_begun() const { return body_begun_; }

 private:
  enum class Framing : std::uint8_t { Raw, Chunked, WebSocket };

  bool take_head(base::Bytes &bytes);
  bool deframe(base::Bytes bytes);
  bool read_chunk_head(base::Bytes &bytes);
  bool read_websocket_head(base::Bytes &bytes);

  std::unique_ptr<ContainerReader> reader_;
  bool websocket_;
  bool body_begun_ = false;
  int status_ = 0;
  AnswerHead head_;  // emptied when it is complete

  Framing framing_ = Framing::Raw;
  std::uint64_t frame_left_ = 0;  // payload bytes left in this chunk or WebSocket frame
  std::uint8_t frame_head_size_ = 0;
  std::array<char, 20> frame_head_{};
  bool is_text_ = false;  // this WebSocket message: what the node says beside the media
};

}  // namespace sluice::bench
