// SPDX-License-Identifier: Apache-2.0
// Range: a piece of a tape between two frame boundaries, which it keeps alive: an HLS segment or
// part. It holds the memory of its blocks and not the blocks, which would keep all that follow. A
// value, immutable, for any thread.
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
  // Bytes of one block.
  struct Piece {
    std::shared_ptr<const BlockMemory> memory;
    const std::byte *data = nullptr;
    std::size_t size = 0;
  };

  Range() = default;
  explicit Range(std::vector<Piece> pieces);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // This range and the one that begins where it ends, as one.
  [[nodiscard]] Range joined_with(const Range &next) const;

  // How many pieces the bytes lie in.
  [[nodiscard]] std::size_t pieces() const { return pieces_.size(); }
  // Points pieces at the bytes [offset, offset + length) of the range, as far as the pieces
  // suffice; returns how many were used. No byte is copied.
  std::size_t gather(std::uint64_t offset, std::uint64_t length, std::span<iovec> pieces) const;

 private:
  std::vector<Piece> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace sluice::tape
