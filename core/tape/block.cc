// SPDX-License-Identifier: Apache-2.0
#include "tape/block.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::tape {

Block::Block(std::shared_ptr<BlockPool> pool, base::MutableBytes region, std::uint64_t start,
             std::shared_ptr<const Prefix> prefix)
    : memory_(std::make_shared<BlockMemory>(std::move(pool), region)),
      region_(region),
      start_(start),
      prefix_(std::move(prefix)),
      marks_(kMaxMarks) {}

std::uint32_t Block::used() const {
  std::uint32_t count = mark_count();
  return count == 0 ? 0 : marks_[count - 1].offset + marks_[count - 1].size;
}

std::uint32_t Block::mark_at(std::uint64_t offset) const {
  auto within = static_cast<std::uint32_t>(offset - start_);
  auto end = marks_.begin() + mark_count();
  auto after = std::upper_bound(marks_.begin(), end, within,
                                [](std::uint32_t at, const Mark &m) { return at < m.offset; });
  SLUICE_DCHECK(after != marks_.begin());
  return static_cast<std::uint32_t>(after - marks_.begin() - 1);
}

std::shared_ptr<Block> Block::next() const {
  return linked_.load(std::memory_order_acquire) ? next_ : nullptr;
}

bool Block::has_room(std::size_t size) const {
  return mark_count_.load(std::memory_order_relaxed) < kMaxMarks && size <= capacity() - used();
}

base::MutableBytes Block::room(std::size_t size) { return region_.subspan(used(), size); }

void Block::commit(const Mark &mark) {
  std::uint32_t count = mark_count_.load(std::memory_order_relaxed);
  SLUICE_DCHECK(count < kMaxMarks);
  std::uint32_t offset = used();
  marks_[count] = mark;
  marks_[count].offset = offset;
  mark_count_.store(count + 1, std::memory_order_release);
}

void Block::link(std::shared_ptr<Block> next) {
  next_ = std::move(next);
  linked_.store(true, std::memory_order_release);
}

}  // namespace sluice::tape
