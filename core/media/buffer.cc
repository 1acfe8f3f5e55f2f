// SPDX-License-Identifier: Apache-2.0
#include "media/buffer.h"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace sluice::media {

namespace {
constexpr std::size_t kPage = 4096;
}

// Stands before the memory that it describes. `size_class` says where it is kept for reuse;
// kClasses means that it was mapped and goes back to the system.
struct alignas(16) Buffer::Box {
  BufferPool::Shared *shared;
  std::size_t capacity;
  std::uint32_t references;
  std::uint32_t size_class;

  std::byte *data() { return reinterpret_cast<std::byte *>(this + 1); }
};

// One per pool, counted by the pool and by every buffer in use.
struct BufferPool::Shared {
  BufferPool *pool;
  std::size_t references;
};

namespace {

template <class Box>
void free_box(Box *box, bool mapped) {
  if (mapped) {
    ::munmap(static_cast<void *>(box), sizeof(Box) + box->capacity);
  } else {
    std::free(box);
  }
}

}  // namespace

Buffer::Buffer(const Buffer &other) : box_(other.box_) {
  if (box_ != nullptr) ++box_->references;
}

Buffer::Buffer(Buffer &&other) noexcept : box_(std::exchange(other.box_, nullptr)) {}

Buffer &Buffer::operator=(Buffer other) noexcept {
  std::swap(box_, other.box_);
  return *this;
}

Buffer::~Buffer() {
  if (box_ == nullptr || --box_->references > 0) return;
  BufferPool::Shared *shared = box_->shared;
  if (shared->pool != nullptr) {
    shared->pool->give_back(box_);
  } else {
    free_box(box_, box_->size_class == BufferPool::kClasses);
  }
  if (--shared->references == 0) delete shared;
}

std::size_t Buffer::capacity() const { return box_ == nullptr ? 0 : box_->capacity; }

base::MutableBytes Buffer::memory() const {
  return box_ == nullptr ? base::MutableBytes{} : base::MutableBytes(box_->data(), box_->capacity);
}

BufferPool::~BufferPool() {
  for (auto &kept : free_) {
    for (Buffer::Box *box : kept)
      free_box(box, false);
  }
  if (shared_ == nullptr) return;
  shared_->pool = nullptr;
  if (--shared_->references == 0) delete shared_;
}

Slice BufferPool::copy(base::Bytes bytes) {
  Slice slice{take(bytes.size()), 0, static_cast<std::uint32_t>(bytes.size())};
  if (!slice.buffer) return {};
  if (!bytes.empty()) std::memcpy(slice.buffer.memory().data(), bytes.data(), bytes.size());
  return slice;
}

Buffer BufferPool::take(std::size_t size) {
  if (shared_ == nullptr) shared_ = new Shared{this, 1};
  constexpr std::size_t kLargest = kSmallest << (kClasses - 1);
  void *memory = nullptr;
  std::size_t capacity = 0;
  std::size_t size_class = kClasses;
  if (size > kLargest) {
    // Mapped by the system page by page as it is written: a length that a peer only claims costs
    // nothing.
    std::size_t whole = (size + sizeof(Buffer::Box) + kPage - 1) / kPage * kPage;
    if (whole < size) return {};
    capacity = whole - sizeof(Buffer::Box);
    memory = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return {};
  } else {
    capacity = std::bit_ceil(size < kSmallest ? kSmallest : size);
    size_class = static_cast<std::size_t>(std::countr_zero(capacity / kSmallest));
    auto &kept = free_[size_class];
    if (kept.empty()) {
      memory = std::malloc(sizeof(Buffer::Box) + capacity);
      if (memory == nullptr) return {};
    } else {
      memory = kept.back();
      kept.pop_back();
    }
  }
  auto *box =
      new (memory) Buffer::Box{shared_, capacity, 1, static_cast<std::uint32_t>(size_class)};
  ++shared_->references;
  in_use_ += capacity;
  return Buffer(box);
}

void BufferPool::give_back(Buffer::Box *box) {
  SLUICE_DCHECK(in_use_ >= box->capacity);
  in_use_ -= box->capacity;
  if (box->size_class == kClasses) return free_box(box, true);
  auto &kept = free_[box->size_class];
  if ((kept.size() + 1) * box->capacity > kKeptBytes) return free_box(box, false);
  kept.push_back(box);
}

}  // namespace sluice::media
