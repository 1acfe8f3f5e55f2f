// SPDX-License-Identifier: Apache-2.0
// Range: a piece of a tape between two frame boundaries, which it keeps alive by holding its
// blocks: an HLS segment or part. A value, cheap to copy, immutable, for any thread.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tape/block.h"

namespace sluice::tape {

class Range {
 public:
  Range() = default;
  // blocks: those that cover [from, to), in order.
  Range(std::uint64_t from, std::uint64_t to, std::vector<std::shared_ptr<const Block>> blocks);

  [[nodiscard]] std::uint64_t from() const { return from_; }
  [[nodiscard]] std::uint64_t to() const { return to_; }
  [[nodiscard]] std::uint64_t size() const { return to_ - from_; }
  [[nodiscard]] bool empty() const { return from_ == to_; }

  // How many pieces the bytes lie in.
  [[nodiscard]] std::size_t pieces() const { return blocks_.size(); }
  // Points pieces at the bytes [offset, offset + length) of the range, as far as the pieces
  // suffice; returns how many were used. No byte is copied.
  std::size_t gather(std::uint64_t offset, std::uint64_t length, std::span<iovec> pieces) const;

 private:
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
  std::vector<std::shared_ptr<const Block>> blocks_;
};

}  // namespace sluice::tape
