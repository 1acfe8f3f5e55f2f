// SPDX-License-Identifier: Apache-2.0
// FrameWriter: a frame that is put together from packets, in a buffer whose size is foreseen from
// the frames before it. When one outgrows that, its bytes are moved to a buffer twice as large, and
// the copy is counted. Loop of its pool.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "media/buffer.h"
#include "mux/rtp_depacketizer.h"

namespace sluice::mux {

// How large the next frame of a kind will be.
class SizeGuess {
 public:
  [[nodiscard]] std::size_t next() const { return guess_; }
  void learn(std::size_t size) {
    const std::size_t roomy = size + size / 8;
    guess_ = roomy > guess_ ? roomy : guess_ - (guess_ - roomy) / 16;
  }

 private:
  std::size_t guess_ = 0;
};

class FrameWriter {
 public:
  FrameWriter(media::BufferPool &pool, std::size_t max_bytes)
      : pool_(pool), max_bytes_(max_bytes) {}

  // Makes room for so many bytes in all. What was written stays.
  bool reserve(std::size_t bytes);
  // False when that would be over the limit, or there is no memory: then nothing was written, and
  // failure() says which.
  bool append(base::Bytes bytes);
  void truncate(std::size_t size) { size_ = size; }
  void clear() { size_ = 0; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] base::MutableBytes bytes() const { return buffer_.memory().first(size_); }
  [[nodiscard]] Damage failure() const { return failure_; }
  [[nodiscard]] std::uint64_t copied_bytes() const { return copied_bytes_; }

  // The frame from `offset` on; a new one begins.
  media::Slice take(std::size_t offset = 0);

 private:
  media::BufferPool &pool_;
  std::size_t max_bytes_;
  media::Buffer buffer_;
  std::size_t size_ = 0;
  Damage failure_ = Damage::NoMemory;
  std::uint64_t copied_bytes_ = 0;
};

}  // namespace sluice::mux
