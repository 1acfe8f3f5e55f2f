// SPDX-License-Identifier: Apache-2.0
// Tape: an append-only log of one stream in one container format. One writer, the stream's home
// loop; readers on any loop through a TapeView. What lies below head() never changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/result.h"
#include "tape/block.h"
#include "tape/tape_view.h"

namespace sluice::tape {

class Tape : public std::enable_shared_from_this<Tape> {
 public:
  struct Limits {
    std::size_t window_bytes = 16u << 20;  // memory that the tape may hold
    // Older frames are dropped even when the bytes would fit, except for what follows the newest
    // key frame.
    media::Ticks window_time = std::chrono::seconds(6);
  };
  // Fails with Code::Busy when there is no memory for a first block.
  static base::Result<std::shared_ptr<Tape>> create(std::shared_ptr<BlockPool> pool, Limits limits);

  // Writer [home loop]

  // Holds for everything appended from now on.
  void set_prefix(Prefix prefix);
  // Contiguous memory for one frame of exactly `size` bytes; then commit() it. Fails with
  // Code::Busy when there is no memory to be had.
  base::Result<base::MutableBytes> reserve(std::size_t size);
  void commit(Mark mark);
  // Lets readers see what was committed.
  void publish();
  // No more will come. Readers drain to the head and then know.
  void end();

  [[nodiscard]] TapeView make_view() const;
  [[nodiscard]] std::uint64_t held_bytes() const { return held_bytes_; }

  // Readers [any thread]
  [[nodiscard]] std::uint64_t head() const { return head_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t tail() const { return tail_.load(std::memory_order_acquire); }
  // Offset of the newest mark at which a reader can start; valid when it is at or above tail().
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  [[nodiscard]] std::uint64_t newest_key() const {
    return newest_key_.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool ended() const { return ended_.load(std::memory_order_acquire); }

 private:
  Tape(std::shared_ptr<BlockPool> pool, Limits limits);
  bool open_block(std::size_t size);
  void retire();
  [[nodiscard]] bool is_stale(const Block &block) const;

  const std::shared_ptr<BlockPool> pool_;
  const Limits limits_;
  std::deque<std::shared_ptr<Block>> blocks_;
  std::shared_ptr<const Prefix> prefix_ = std::make_shared<Prefix>();
  bool prefix_changed_ = false;
  std::uint64_t written_ = 0;
  std::uint64_t written_key_ = kNone;
  std::uint64_t held_bytes_ = 0;
  media::Ticks newest_dts_{0};

  std::atomic<std::uint64_t> head_{0};
  std::atomic<std::uint64_t> tail_{0};
  std::atomic<std::uint64_t> newest_key_{kNone};
  std::atomic<bool> ended_{false};
};

}  // namespace sluice::tape
