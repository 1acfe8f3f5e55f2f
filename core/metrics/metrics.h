// SPDX-License-Identifier: Apache-2.0
// Counter, Gauge, Histogram: numbers that every loop may write without disturbing the others. Each
// thread writes to its own shard, a cache line of its own; a scrape sums the shards. A shard above
// 0 belongs to one thread, which needs no locked instruction; shard 0 is shared by all threads
// without one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::metrics {

// The main thread and 256 loops.
inline constexpr unsigned kMaxShards = 257;

namespace detail {
inline constinit thread_local unsigned t_shard = 0;
}  // namespace detail

// Gives the calling thread its shard; no two running threads may have the same one, except 0.
void set_thread_shard(unsigned shard);
inline unsigned thread_shard() { return detail::t_shard; }

namespace detail {

using Word = std::atomic<std::uint64_t>;
inline constexpr std::size_t kLineWords = 64 / sizeof(Word);
struct alignas(64) Line {
  Word words[kLineWords]{};
};

// A row of words per shard, padded to whole cache lines.
class ShardedWords {
 public:
  ShardedWords(unsigned shards, std::size_t words);

  void add(std::size_t word, std::uint64_t n) {
    unsigned shard = t_shard < shards_ ? t_shard : 0;
    Word &cell = at(shard, word);
    if (shard != 0) {
      cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    } else {
      cell.fetch_add(n, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] std::uint64_t sum(std::size_t word) const;

 private:
  [[nodiscard]] Word &at(unsigned shard, std::size_t word) const {
    return lines_[shard * stride_ + word / kLineWords].words[word % kLineWords];
  }

  unsigned shards_;
  std::size_t stride_;  // in lines
  std::unique_ptr<Line[]> lines_;
};

}  // namespace detail

// [any thread] Only grows.
class Counter {
 public:
  explicit Counter(unsigned shards = kMaxShards) : words_(shards, 1) {}
  void add(std::uint64_t n = 1) { words_.add(0, n); }
  [[nodiscard]] std::uint64_t value() const { return words_.sum(0); }

 private:
  detail::ShardedWords words_;
};

// [any thread] Goes up and down; what one thread adds another may take away.
class Gauge {
 public:
  explicit Gauge(unsigned shards = kMaxShards) : words_(shards, 1) {}
  void add(std::int64_t n) { words_.add(0, static_cast<std::uint64_t>(n)); }
  [[nodiscard]] std::int64_t value() const { return static_cast<std::int64_t>(words_.sum(0)); }

 private:
  detail::ShardedWords words_;
};

// [any thread] Counts observations by size.
class Histogram {
 public:
  // bounds: upper bounds of the buckets, ascending, each inclusive; a last bucket without bound is
  // added.
  explicit Histogram(std::vector<std::uint64_t> bounds, unsigned shards = kMaxShards);
  void observe(std::uint64_t value);

  [[nodiscard]] const std::vector<std::uint64_t> &bounds() const { return bounds_; }
  // Observations in one bucket alone; bounds().size() names the last one.
  [[nodiscard]] std::uint64_t in_bucket(std::size_t bucket) const { return words_.sum(bucket); }
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] std::uint64_t sum() const { return words_.sum(bounds_.size() + 1); }

 private:
  std::vector<std::uint64_t> bounds_;
  detail::ShardedWords words_;
};

}  // namespace sluice::metrics
