// SPDX-License-Identifier: Apache-2.0
#include "tape/block_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace sluice::tape {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kArenaBytes = 64 * BlockPool::kBlockBytes;

std::byte *map_shared(int fd, std::size_t size, std::uint64_t offset) {
  void *p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(offset));
  return p == MAP_FAILED ? nullptr : static_cast<std::byte *>(p);
}

}  // namespace

BlockPool::BlockPool(std::size_t kept_bytes)
    : kept_bytes_(kept_bytes), memfd_(memfd_create("sluice-blocks", MFD_CLOEXEC)) {}

BlockPool::~BlockPool() {
  SLUICE_CHECK(used_blocks_.load() == 0);
  for (std::byte *arena : arenas_)
    munmap(arena, kArenaBytes);
  if (memfd_ >= 0) close(memfd_);
}

base::MutableBytes BlockPool::take(std::size_t size) {
  if (size > kBlockBytes) return take_jumbo(size);
  std::lock_guard lock(mutex_);
  if (warm_.empty() && cold_.empty() && !grow()) return {};
  auto &list = warm_.empty() ? cold_ : warm_;
  std::byte *start = list.back();
  list.pop_back();
  least_warm_ = std::min(least_warm_, warm_.size());
  used_bytes_.fetch_add(kBlockBytes, std::memory_order_relaxed);
  used_blocks_.fetch_add(1, std::memory_order_relaxed);
  return {start, kBlockBytes};
}

void BlockPool::give_back(base::MutableBytes region) {
  used_bytes_.fetch_sub(region.size(), std::memory_order_relaxed);
  used_blocks_.fetch_sub(1, std::memory_order_relaxed);
  if (region.size() > kBlockBytes) {
    munmap(region.data(), region.size());
    return;
  }
  if (keep_warm(region.data())) return;
  // Outside the lock, because the kernel takes its time, and before the block is offered again.
  punch(region.data());
  std::lock_guard lock(mutex_);
  cold_.push_back(region.data());
}

bool BlockPool::keep_warm(std::byte *block) {
  std::lock_guard lock(mutex_);
  if ((warm_.size() + 1) * kBlockBytes > kept_bytes_) return false;
  warm_.push_back(block);
  return true;
}

void BlockPool::trim() {
  std::vector<std::byte *> unneeded;
  {
    std::lock_guard lock(mutex_);
    unneeded.assign(warm_.end() - static_cast<std::ptrdiff_t>(least_warm_), warm_.end());
    warm_.resize(warm_.size() - least_warm_);
    least_warm_ = warm_.size();
  }
  for (std::byte *block : unneeded)
    punch(block);
  std::lock_guard lock(mutex_);
  cold_.insert(cold_.end(), unneeded.begin(), unneeded.end());
}

BlockPool::Usage BlockPool::usage() const {
  std::lock_guard lock(mutex_);
  return {used_bytes_.load(std::memory_order_relaxed), used_blocks_.load(std::memory_order_relaxed),
          warm_.size() + cold_.size()};
}

bool BlockPool::grow() {
  std::uint64_t offset = arenas_.size() * kArenaBytes;
  if (memfd_ < 0 || ftruncate(memfd_, static_cast<off_t>(offset + kArenaBytes)) != 0) return false;
  std::byte *start = map_shared(memfd_, kArenaBytes, offset);
  if (start == nullptr) return false;
  arenas_.push_back(start);
  // Pushed backwards, so that blocks are handed out in the order of their addresses.
  for (std::size_t at = kArenaBytes; at > 0; at -= kBlockBytes) {
    cold_.push_back(start + at - kBlockBytes);
  }
  return true;
}

base::MutableBytes BlockPool::take_jumbo(std::size_t size) {
  std::size_t rounded = (size + kPage - 1) / kPage * kPage;
  int fd = memfd_create("sluice-jumbo", MFD_CLOEXEC);
  if (fd < 0) return {};
  std::byte *start = nullptr;
  if (ftruncate(fd, static_cast<off_t>(rounded)) == 0) start = map_shared(fd, rounded, 0);
  close(fd);  // The mapping keeps the memory.
  if (start == nullptr) return {};
  used_bytes_.fetch_add(rounded, std::memory_order_relaxed);
  used_blocks_.fetch_add(1, std::memory_order_relaxed);
  return {start, rounded};
}

void BlockPool::punch(std::byte *block) {
  // For shared memory this removes the pages from the file, too. Only memory is lost when it fails,
  // and the next return of the block tries again.
  [[maybe_unused]] int rc = madvise(block, kBlockBytes, MADV_REMOVE);
}

}  // namespace sluice::tape
