// SPDX-License-Identifier: Apache-2.0
// Buffer and BufferPool: where payload bytes lie between the socket's read buffer and the tapes. A
// buffer is written once while a message arrives, then only read. The reference count is a plain
// integer: a pool and its buffers belong to one loop. Size classes are powers of two up to 64 KiB
// and are kept for reuse; larger ones go straight back to the system, which maps them only as they
// are written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace sluice::media {

class BufferPool;

class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer &other);
  Buffer(Buffer &&other) noexcept;
  Buffer &operator=(Buffer other) noexcept;
  ~Buffer();

  explicit operator bool() const { return box_ != nullptr; }
  [[nodiscard]] std::size_t capacity() const;
  // The whole memory; writing is for the one who got it from the pool, before sharing it.
  [[nodiscard]] base::MutableBytes memory() const;

 private:
  friend class BufferPool;
  struct Box;
  explicit Buffer(Box *box) : box_(box) {}
  Box *box_ = nullptr;
};

// A part of a buffer, which it keeps alive.
struct Slice {
  Buffer buffer;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;

  [[nodiscard]] base::Bytes bytes() const {
    return size == 0 ? base::Bytes{} : base::Bytes(buffer.memory().subspan(offset, size));
  }
};

class BufferPool {
 public:
  BufferPool() = default;
  ~BufferPool();  // buffers may outlive it; they then free themselves
  BufferPool(const BufferPool &) = delete;
  BufferPool &operator=(const BufferPool &) = delete;

  // capacity() is at least size, also for size 0. An empty Buffer when the system has no memory.
  [[nodiscard]] Buffer take(std::size_t size);

  // With a copy of the bytes; an empty Slice when there is no memory.
  [[nodiscard]] Slice copy(base::Bytes bytes);

  // Bytes of all buffers in use, by capacity.
  [[nodiscard]] std::size_t bytes_in_use() const { return in_use_; }

 private:
  friend class Buffer;
  static constexpr std::size_t kSmallest = 512;
  static constexpr std::size_t kClasses = 8;          // 512 B … 64 KiB
  static constexpr std::size_t kKeptBytes = 1 << 20;  // per class

  void give_back(Buffer::Box *box);

  std::array<std::vector<Buffer::Box *>, kClasses> free_;
  std::size_t in_use_ = 0;
  struct Shared;  // lets a buffer find out whether its pool still lives
  Shared *shared_ = nullptr;
};

}  // namespace sluice::media
