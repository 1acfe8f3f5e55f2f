// SPDX-License-Identifier: Apache-2.0
// BlockPool: page-aligned memory for tape blocks, in one memfd so that blocks can be mapped
// read-only into another process. Used from every loop. A region larger than the standard size gets
// a memfd of its own, which goes back to the system at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.h"

namespace sluice::tape {

class BlockPool {
 public:
  static constexpr std::size_t kBlockBytes = 256 * 1024;

  // kept_bytes: free memory beyond this is given back to the system.
  explicit BlockPool(std::size_t kept_bytes = 64u << 20);
  ~BlockPool();  // every region must be back
  BlockPool(const BlockPool &) = delete;
  BlockPool &operator=(const BlockPool &) = delete;

  // [any thread] At least `size` bytes, page-aligned. Empty when the system has no memory: the
  // caller ends the stream that asked, and no other.
  [[nodiscard]] base::MutableBytes take(std::size_t size);
  // [any thread] Exactly what take() gave.
  void give_back(base::MutableBytes region);

  // [any thread] Gives back the memory of free blocks that nobody has needed since the last call.
  // For a timer.
  void trim();

  struct Usage {
    std::uint64_t used_bytes = 0;
    std::uint64_t used_blocks = 0;
    std::uint64_t free_blocks = 0;
  };
  [[nodiscard]] Usage usage() const;  // [any thread]

 private:
  bool grow();
  base::MutableBytes take_jumbo(std::size_t size);
  bool keep_warm(std::byte *block);
  static void punch(std::byte *block);

  const std::size_t kept_bytes_;
  int memfd_ = -1;
  // Protects the lists below. Contended by home loops opening a block and by loops dropping the
  // last reference to one: once per block and loop, not per frame.
  mutable std::mutex mutex_;
  std::vector<std::byte *> warm_;    // free, with pages
  std::size_t least_warm_ = 0;       // the fewest that warm_ has had since the last trim
  std::vector<std::byte *> cold_;    // free, pages given back
  std::vector<std::byte *> arenas_;  // where each is mapped; in the order of the file
  std::atomic<std::uint64_t> used_bytes_{0};
  std::atomic<std::uint64_t> used_blocks_{0};
};

}  // namespace sluice::tape
