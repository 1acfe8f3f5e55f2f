// SPDX-License-Identifier: Apache-2.0
// Snapshots: the single pictures that one loop gives out, /S/C.jpg. Bounded in how many are kept,
// and in their bytes. Lives on its loop; pictures are made by the node's pool of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "deliver/snapshot.h"
#include "loop/timer.h"
#include "loop/work_pool.h"
#include "metrics/registry.h"

namespace sluice::deliver {

// Shared by all loops.
struct SnapshotMetrics {
  explicit SnapshotMetrics(metrics::Registry &registry);

  metrics::Counter &made;     // pictures
  metrics::Counter &failed;   // key frames of which none could be made
  metrics::Counter &reused;   // requests that were answered with a picture that was there
  metrics::Counter &refused;  // requests that found too much going on
};

class Snapshots {
 public:
  static constexpr std::size_t kMaxKept = 2048;
  static constexpr std::size_t kMaxKeptBytes = std::size_t{32} << 20;

  // Borrowed.
  Snapshots(stream::Shelf &shelf, SnapshotMetrics &metrics, loop::WorkPool &pool);
  ~Snapshots();
  Snapshots(const Snapshots &) = delete;
  Snapshots &operator=(const Snapshots &) = delete;

  // GET or HEAD; ?w= is the width.
  void serve(std::unique_ptr<http::Exchange> exchange, const std::string &name);

  // Answers those who wait, and takes no more.
  void drain();

  // For the snapshots.
  [[nodiscard]] stream::Shelf &shelf() const { return shelf_; }
  [[nodiscard]] SnapshotMetrics &metrics() const { return metrics_; }
  [[nodiscard]] loop::WorkPool &pool() const { return pool_; }
  // A picture more is kept: the oldest ones go when they are too many bytes.
  void make_room();

 private:
  void tick();

  stream::Shelf &shelf_;
  SnapshotMetrics &metrics_;
  loop::WorkPool &pool_;
  std::map<std::pair<std::string, std::uint32_t>, std::unique_ptr<Snapshot>> kept_;
  loop::Timer tick_;
  bool draining_ = false;
};

}  // namespace sluice::deliver
