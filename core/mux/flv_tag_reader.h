// SPDX-License-Identifier: Apache-2.0
// FlvTagReader: cuts a byte stream in FLV into tags, however the bytes arrive. Bodies are copied
// once into buffers of the given pool. For relays, tests and benches. Loop of its pool.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "media/buffer.h"
#include "mux/flv_tag.h"

namespace sluice::mux {

struct FlvTagSink {
  virtual ~FlvTagSink() = default;
  virtual void on_flv_header(bool has_audio, bool has_video) = 0;
  virtual void on_flv_tag(FlvTag &&tag) = 0;
};

class FlvTagReader {
 public:
  static constexpr std::uint32_t kMaxBody = 8 << 20;

  // Both must outlive the reader.
  FlvTagReader(media::BufferPool &pool, FlvTagSink &sink, std::uint32_t max_body = kMaxBody)
      : pool_(pool), sink_(sink), max_body_(max_body) {}

  // Takes all bytes. After an error the stream is of no more use, and every further call fails.
  base::Status feed(base::Bytes bytes);

  // True between tags: the input may end here.
  [[nodiscard]] bool at_boundary() const { return state_ == State::TagHeader && have_ == 0; }
  // Tags whose size was not repeated after them as it should be. Players tolerate that, and so do
  // we.
  [[nodiscard]] std::uint64_t size_mismatches() const { return mismatches_; }

 private:
  enum class State : std::uint8_t { FileHeader, SkipHeader, TagHeader, Body, Trailer, Failed };

  base::Bytes collect(base::Bytes &bytes, std::size_t want);
  base::Status on_file_header(base::Bytes head);
  base::Status on_tag_header(base::Bytes head);
  void take_body(base::Bytes &bytes);
  void on_trailer(base::Bytes tail);
  base::Status fail(base::Code code, const char *what);

  media::BufferPool &pool_;
  FlvTagSink &sink_;
  std::uint32_t max_body_;
  State state_ = State::FileHeader;
  std::array<std::byte, 13> head_{};
  std::size_t have_ = 0;  // bytes of head_, or of the body
  std::uint32_t to_skip_ = 0;
  FlvTag tag_;
  base::Error error_;
  std::uint64_t mismatches_ = 0;
};

}  // namespace sluice::mux
