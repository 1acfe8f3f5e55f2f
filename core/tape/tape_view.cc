// SPDX-License-Identifier: Apache-2.0
#include "tape/tape_view.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tape/tape.h"

namespace sluice::tape {

TapeView::TapeView(std::shared_ptr<const Tape> tape, std::deque<std::shared_ptr<Block>> blocks)
    : tape_(std::move(tape)), blocks_(std::move(blocks)) {
  refresh();
}

void TapeView::refresh() {
  // The order matters, because the writer goes on meanwhile. It moves the tail, the key and the end
  // only after the head, so reading the head after them never shows a tail or key above the head,
  // or an end with bytes missing.
  std::uint64_t tail = tape_->tail();
  ended_ = tape_->ended();
  newest_key_ = tape_->newest_key();
  head_ = tape_->head();
  while (auto next = blocks_.back()->next())
    blocks_.push_back(std::move(next));
  while (blocks_.size() > 1 && blocks_[1]->start() <= tail)
    blocks_.pop_front();
}

std::optional<std::uint64_t> TapeView::newest_key() const {
  if (newest_key_ == Tape::kNone || newest_key_ < tail()) return std::nullopt;
  return newest_key_;
}

std::size_t TapeView::gather(std::uint64_t from, std::uint64_t to, std::span<iovec> pieces) const {
  std::size_t count = 0;
  for (std::size_t i = block_index(from); from < to && count < pieces.size(); ++i) {
    const Block &block = *blocks_[i];
    std::uint64_t end = std::min(to, i + 1 < blocks_.size() ? blocks_[i + 1]->start() : to);
    if (end == from) continue;
    // The kernel only reads; iovec has no const.
    auto *start = const_cast<std::byte *>(block.data()) + (from - block.start());
    pieces[count++] = {start, end - from};
    from = end;
  }
  return count;
}

std::uint64_t TapeView::boundary(std::uint64_t from, std::uint64_t limit) const {
  if (limit >= head_) return head_;
  std::uint64_t start = std::max(from, limit);
  const Block &block = *blocks_[block_index(start)];
  const Mark &mark = block.mark(block.mark_at(start));
  std::uint64_t mark_start = block.start() + mark.offset;
  return mark_start > from ? mark_start : mark_start + mark.size;
}

media::Ticks TapeView::dts_at(std::uint64_t offset) const {
  if (head_ == tail()) return media::Ticks{0};
  std::uint64_t inside = std::min(offset, head_ - 1);
  const Block &block = *blocks_[block_index(inside)];
  return block.mark(block.mark_at(inside)).dts;
}

const Prefix &TapeView::prefix_at(std::uint64_t offset) const {
  return blocks_[block_index(offset)]->prefix();
}

std::shared_ptr<const Prefix> TapeView::shared_prefix_at(std::uint64_t offset) const {
  return blocks_[block_index(offset)]->shared_prefix();
}

const Mark &TapeView::mark_at(std::uint64_t offset) const {
  const Block &block = *blocks_[block_index(offset)];
  return block.mark(block.mark_at(offset));
}

Range TapeView::range(std::uint64_t from, std::uint64_t to) const {
  std::vector<Range::Piece> pieces;
  for (std::size_t i = block_index(from); from < to; ++i) {
    const Block &block = *blocks_[i];
    std::uint64_t end = std::min(to, i + 1 < blocks_.size() ? blocks_[i + 1]->start() : to);
    if (end == from) continue;
    pieces.push_back({block.memory(), block.data() + (from - block.start()), end - from});
    from = end;
  }
  return Range(std::move(pieces));
}

std::size_t TapeView::block_index(std::uint64_t offset) const {
  // Viewers on time read near the head, so the search goes backwards.
  std::size_t i = blocks_.size() - 1;
  while (i > 0 && blocks_[i]->start() > offset)
    --i;
  return i;
}

}  // namespace sluice::tape
