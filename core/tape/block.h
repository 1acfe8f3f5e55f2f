// SPDX-License-Identifier: Apache-2.0
// Block, Mark and Prefix: what a tape is made of. The writer fills a block from front to back; what
// lies below the tape's published head never changes, so readers need no lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "media/frame.h"
#include "tape/block_pool.h"

namespace sluice::tape {

// The bytes that a reader must be given before it starts at a mark.
struct Prefix {
  std::uint64_t serial = 0;  // counts up on its tape; set by Tape::set_prefix
  std::string init;          // for a reader that has nothing yet
  std::string changeover;    // for a reader that has read another prefix of the same format before
  // What the bytes are, with their codecs (RFC 6381), for readers that have to tell a player before
  // it gets them. Empty in formats of which nobody asks.
  std::string mime;
};

// One frame on the tape. Flags are not mutually exclusive.
struct Mark {
  std::uint32_t offset = 0;  // from the block's first byte
  std::uint32_t size = 0;
  media::Ticks dts{0};
  std::int64_t wall_us = 0;  // when it was taken, since 1970; 0: not known
  bool key = false;          // a reader may start here
  bool config = false;       // not a frame but a change of configuration, for readers that read on
};

// The memory of a block, which goes back to its pool with the last who needs it.
class BlockMemory {
 public:
  BlockMemory(std::shared_ptr<BlockPool> pool, base::MutableBytes region)
      : pool_(std::move(pool)), region_(region) {}
  ~BlockMemory() { pool_->give_back(region_); }
  BlockMemory(const BlockMemory &) = delete;
  BlockMemory &operator=(const BlockMemory &) = delete;

  [[nodiscard]] base::MutableBytes region() const { return region_; }

 private:
  const std::shared_ptr<BlockPool> pool_;
  const base::MutableBytes region_;
};

class Block {
 public:
  // Full when either the bytes or this many marks are used up.
  static constexpr std::uint32_t kMaxMarks = 1024;

  Block(std::shared_ptr<BlockPool> pool, base::MutableBytes region, std::uint64_t start,
        std::shared_ptr<const Prefix> prefix);
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;

  // Readers. `start` is the tape offset of the first byte.
  [[nodiscard]] std::uint64_t start() const { return start_; }
  [[nodiscard]] const std::byte *data() const { return region_.data(); }
  // For who keeps the bytes without the block, which keeps all that follow it.
  [[nodiscard]] const std::shared_ptr<const BlockMemory> &memory() const { return memory_; }
  [[nodiscard]] const std::shared_ptr<const Prefix> &shared_prefix() const { return prefix_; }
  [[nodiscard]] const Prefix &prefix() const { return *prefix_; }
  [[nodiscard]] std::uint32_t mark_count() const {
    return mark_count_.load(std::memory_order_acquire);
  }
  [[nodiscard]] const Mark &mark(std::uint32_t i) const { return marks_[i]; }
  // Bytes written so far; only valid up to the tape's head for readers.
  [[nodiscard]] std::uint32_t used() const;
  [[nodiscard]] std::uint64_t end() const { return start_ + used(); }
  // The mark that covers the tape offset, which must lie in the block.
  [[nodiscard]] std::uint32_t mark_at(std::uint64_t offset) const;
  // The next block, once there is one.
  [[nodiscard]] std::shared_ptr<Block> next() const;

  // Writer.
  [[nodiscard]] std::size_t capacity() const { return region_.size(); }
  [[nodiscard]] bool has_room(std::size_t size) const;
  [[nodiscard]] base::MutableBytes room(std::size_t size);
  void commit(const Mark &mark);  // offset is filled in here
  void link(std::shared_ptr<Block> next);

 private:
  const std::shared_ptr<const BlockMemory> memory_;
  const base::MutableBytes region_;
  const std::uint64_t start_;
  const std::shared_ptr<const Prefix> prefix_;
  std::vector<Mark> marks_;  // sized once, so that elements never move
  std::atomic<std::uint32_t> mark_count_{0};
  std::shared_ptr<Block> next_;  // written before linked_ is set, constant afterwards
  std::atomic<bool> linked_{false};
};

}  // namespace sluice::tape
