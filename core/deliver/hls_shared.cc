// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_shared.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "metrics/refusals.h"

namespace sluice::deliver {

HlsMetrics::HlsMetrics(metrics::Registry &registry)
    : requests{},
      playlists_written(registry.counter("sluice_hls_playlists_written_total",
                                         "Media playlists that were written, for all who ask.")),
      held(registry.gauge("sluice_hls_held_requests",
                          "Requests that wait: for a stream, or for its next part or segment.")),
      refused_held(metrics::refusals(registry, "http", "held")),
      viewers(registry.gauge("sluice_viewers", "Viewers that are connected now.",
                             {{"protocol", "hls"}})),
      egress_bytes(registry.counter("sluice_egress_bytes_total", "Bytes sent to viewers.",
                                    {{"protocol", "hls"}})) {
  constexpr std::array kKinds{"master", "playlist", "init", "segment", "part"};
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    requests[i] = &registry.counter("sluice_hls_requests_total", "Requests for files of HLS.",
                                    {{"kind", kKinds[i]}});
  }
}

HlsHolds::Place &HlsHolds::Place::operator=(Place &&other) noexcept {
  if (this == &other) return *this;
  release();
  holds_ = std::exchange(other.holds_, nullptr);
  client_ = std::move(other.client_);
  return *this;
}

void HlsHolds::Place::release() {
  HlsHolds *holds = std::exchange(holds_, nullptr);
  if (holds == nullptr) return;
  holds->gauge_.add(-1);
  std::lock_guard lock(holds->mutex_);
  holds->by_host_.give_back(client_.host);
  if (!client_.session.empty()) holds->by_session_.give_back(client_.session);
}

HlsHolds::Place HlsHolds::take(Client client, std::uint32_t per_host) {
  {
    std::lock_guard lock(mutex_);
    if (!by_host_.take(client.host, per_host)) return {};
    if (!client.session.empty() && !by_session_.take(client.session, kPerSession)) {
      by_host_.give_back(client.host);
      return {};
    }
  }
  gauge_.add(1);
  return {this, std::move(client)};
}

HlsRuns::HlsRuns() {
  std::array<std::byte, 4> random;
  base::random_bytes(random);
  node_ = base::hex(random);
}

std::string HlsRuns::name(const std::shared_ptr<stream::SegmentLog> &log) {
  std::lock_guard lock(mutex_);
  auto found = logs_.find(log);
  if (found == logs_.end()) {
    std::erase_if(logs_, [](const auto &entry) { return entry.first.expired(); });
    found = logs_.emplace(log, ++last_).first;
  }
  return fmt::format("{}{:x}", node_, found->second);
}

}  // namespace sluice::deliver
