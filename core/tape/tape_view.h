// SPDX-License-Identifier: Apache-2.0
// TapeView: one loop's window onto a tape. It holds the references to blocks for all viewers of
// that loop, so that taking bytes for a viewer costs no reference count. Lives on one loop; made by
// Tape::make_view() on the tape's home loop and moved to its own.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "tape/block.h"
#include "tape/range.h"

namespace sluice::tape {

class Tape;

class TapeView {
 public:
  TapeView(std::shared_ptr<const Tape> tape, std::deque<std::shared_ptr<Block>> blocks);

  // Looks at the tape again: takes up new blocks and drops retired ones. Everything below is as of
  // this call.
  void refresh();

  [[nodiscard]] std::uint64_t head() const { return head_; }
  [[nodiscard]] std::uint64_t tail() const { return blocks_.front()->start(); }
  [[nodiscard]] bool ended() const { return ended_; }
  // Offset of the newest frame at which a reader can start, if the window still has it.
  [[nodiscard]] std::optional<std::uint64_t> newest_key() const;

  // Points pieces at the bytes [from, to), which must lie within tail() and head(). Returns how
  // many pieces were used; fewer bytes are covered when they do not suffice. No byte is copied.
  std::size_t gather(std::uint64_t from, std::uint64_t to, std::span<iovec> pieces) const;

  // The end of the last frame that ends at or before `limit`; at least the end of the frame that
  // starts at `from`. `from` must be a frame boundary below head().
  [[nodiscard]] std::uint64_t boundary(std::uint64_t from, std::uint64_t limit) const;

  // Time of the frame that covers the offset; of the last frame when the offset is the head.
  [[nodiscard]] media::Ticks dts_at(std::uint64_t offset) const;
  [[nodiscard]] const Prefix &prefix_at(std::uint64_t offset) const;
  // The same, kept beyond the view.
  [[nodiscard]] std::shared_ptr<const Prefix> shared_prefix_at(std::uint64_t offset) const;
  // The mark that covers the offset, which must lie within tail() and head().
  [[nodiscard]] const Mark &mark_at(std::uint64_t offset) const;

  // The bytes [from, to), within tail() and head(), to be kept beyond the view.
  [[nodiscard]] Range range(std::uint64_t from, std::uint64_t to) const;

 private:
  [[nodiscard]] std::size_t block_index(std::uint64_t offset) const;

  std::shared_ptr<const Tape> tape_;
  std::deque<std::shared_ptr<Block>> blocks_;
  std::uint64_t head_ = 0;
  std::uint64_t newest_key_ = 0;
  bool ended_ = false;
};

}  // namespace sluice::tape
