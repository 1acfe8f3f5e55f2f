// SPDX-License-Identifier: Apache-2.0
#include "metrics/metrics.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"

namespace sluice::metrics {

void set_thread_shard(unsigned shard) {
  SLUICE_CHECK(shard < kMaxShards);
  detail::t_shard = shard;
}

namespace detail {

ShardedWords::ShardedWords(unsigned shards, std::size_t words)
    : shards_(shards), stride_((words + kLineWords - 1) / kLineWords) {
  SLUICE_CHECK(shards >= 1 && shards <= kMaxShards);
  lines_ = std::make_unique<Line[]>(shards_ * stride_);
}

std::uint64_t ShardedWords::sum(std::size_t word) const {
  std::uint64_t total = 0;
  for (unsigned shard = 0; shard < shards_; ++shard) {
    total += at(shard, word).load(std::memory_order_relaxed);
  }
  return total;
}

}  // namespace detail

Histogram::Histogram(std::vector<std::uint64_t> bounds, unsigned shards)
    : bounds_(std::move(bounds)), words_(shards, bounds_.size() + 2) {
  bool ascending = std::ranges::adjacent_find(bounds_, std::greater_equal{}) == bounds_.end();
  SLUICE_CHECK(ascending);
}

void Histogram::observe(std::uint64_t value) {
  auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  words_.add(static_cast<std::size_t>(bucket), 1);
  words_.add(bounds_.size() + 1, value);
}

std::uint64_t Histogram::count() const {
  std::uint64_t total = 0;
  for (std::size_t bucket = 0; bucket <= bounds_.size(); ++bucket)
    total += in_bucket(bucket);
  return total;
}

}  // namespace sluice::metrics
