// SPDX-License-Identifier: Apache-2.0
#include "tape/tape.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::tape {
namespace {

constexpr base::Error kNoMemory{base::Domain::Tape, base::Code::Busy, 0,
                                "no memory for a tape block"};

}  // namespace

Tape::Tape(std::shared_ptr<BlockPool> pool, Limits limits)
    : pool_(std::move(pool)), limits_(limits) {}

base::Result<std::shared_ptr<Tape>> Tape::create(std::shared_ptr<BlockPool> pool, Limits limits) {
  std::shared_ptr<Tape> tape(new Tape(std::move(pool), limits));
  // A view follows the chain from a block that it holds, so there is one from the start.
  if (!tape->open_block(1)) return base::fail(kNoMemory);
  return tape;
}

void Tape::set_prefix(Prefix prefix) {
  prefix.serial = prefix_->serial + 1;
  prefix_ = std::make_shared<const Prefix>(std::move(prefix));
  prefix_changed_ = true;
}

base::Result<base::MutableBytes> Tape::reserve(std::size_t size) {
  bool fits = !blocks_.empty() && !prefix_changed_ && blocks_.back()->has_room(size);
  if (!fits && !open_block(size)) return base::fail(kNoMemory);
  return blocks_.back()->room(size);
}

void Tape::commit(Mark mark) {
  blocks_.back()->commit(mark);
  if (mark.key) written_key_ = written_;
  written_ += mark.size;
  newest_dts_ = std::max(newest_dts_, mark.dts);
}

void Tape::publish() {
  // A reader that sees the new key sees the head above it, because the head goes first.
  head_.store(written_, std::memory_order_release);
  newest_key_.store(written_key_, std::memory_order_release);
  retire();
}

void Tape::end() {
  publish();
  ended_.store(true, std::memory_order_release);
}

TapeView Tape::make_view() const { return {shared_from_this(), blocks_}; }

bool Tape::open_block(std::size_t size) {
  base::MutableBytes region = pool_->take(std::max(size, BlockPool::kBlockBytes));
  if (region.empty()) return false;
  auto block = std::make_shared<Block>(pool_, region, written_, prefix_);
  if (!blocks_.empty()) blocks_.back()->link(block);
  blocks_.push_back(std::move(block));
  held_bytes_ += region.size();
  prefix_changed_ = false;
  return true;
}

void Tape::retire() {
  while (blocks_.size() > 1) {
    const Block &oldest = *blocks_.front();
    if (held_bytes_ <= limits_.window_bytes && !is_stale(oldest)) break;
    held_bytes_ -= oldest.capacity();
    tail_.store(blocks_[1]->start(), std::memory_order_release);
    blocks_.pop_front();
  }
}

bool Tape::is_stale(const Block &block) const {
  if (written_key_ != kNone && block.end() > written_key_) return false;
  std::uint32_t count = block.mark_count();
  return count == 0 || block.mark(count - 1).dts + limits_.window_time < newest_dts_;
}

}  // namespace sluice::tape
