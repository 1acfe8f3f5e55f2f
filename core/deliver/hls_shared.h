// SPDX-License-Identifier: Apache-2.0
// What the HLS of all loops shares: who watches, who is made to wait, what files are called, and
// the counters. One per node. Nothing here is touched per frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/keyed_counts.h"
#include "deliver/deliver_metrics.h"
#include "deliver/hls_measured.h"
#include "deliver/hls_query.h"
#include "deliver/hls_session.h"
#include "deliver/hls_session_names.h"
#include "metrics/registry.h"
#include "stream/segments.h"

namespace sluice::deliver {

struct HlsMetrics {
  explicit HlsMetrics(metrics::Registry &registry);

  std::array<metrics::Counter *, 5> requests;  // by HlsFile::Kind
  metrics::Counter &playlists_written;
  metrics::Gauge &held;
  metrics::Counter &refused_held;
  metrics::Gauge &viewers;
  metrics::Counter &egress_bytes;
};

// Requests that are held until the future comes, counted per session and per host.
class HlsHolds {
 public:
  static constexpr std::uint32_t kPerSession = 32;

  struct Client {
    std::string session;  // its name; empty: it came without
    std::string host;     // without the port
  };

  // [any loop] A place, given back by its destructor; false inside when there are too many.
  class Place {
   public:
    Place() = default;
    Place(HlsHolds *holds, Client client) : holds_(holds), client_(std::move(client)) {}
    Place(Place &&other) noexcept
        : holds_(std::exchange(other.holds_, nullptr)), client_(std::move(other.client_)) {}
    Place &operator=(Place &&other) noexcept;
    ~Place() { release(); }
    explicit operator bool() const { return holds_ != nullptr; }

   private:
    void release();
    HlsHolds *holds_ = nullptr;
    Client client_;
  };
  explicit HlsHolds(metrics::Gauge &gauge) : gauge_(gauge) {}
  // per_host: how many one host may have, whatever sessions it has.
  [[nodiscard]] Place take(Client client, std::uint32_t per_host);

 private:
  metrics::Gauge &gauge_;
  // Protects the rest. Contended by loops whose requests begin and end to be held.
  std::mutex mutex_;
  base::KeyedCounts by_session_;
  base::KeyedCounts by_host_;
};

// A word for each log of segments that the node ever had, which stands in the names of its files:
// numbers begin anew with another log, and caches must not mix them.
class HlsRuns {
 public:
  HlsRuns();
  [[nodiscard]] std::string name(const std::shared_ptr<stream::SegmentLog> &log);

 private:
  using Logs = std::map<std::weak_ptr<stream::SegmentLog>, std::uint64_t, std::owner_less<>>;
  std::string node_;
  // Protects the rest. Contended when loops begin to serve a stream.
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  Logs logs_;
};

struct HlsShared {
  HlsShared(metrics::Registry &registry, DeliverMetrics &of_all)
      : metrics(registry), delivery(of_all), holds(metrics.held) {}

  HlsMetrics metrics;
  DeliverMetrics &delivery;
  HlsSessionNames names;
  HlsSessions sessions;
  HlsHolds holds;
  HlsRuns runs;
  HlsMeasured measured;
};

}  // namespace sluice::deliver
