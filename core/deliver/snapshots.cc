// SPDX-License-Identifier: Apache-2.0
#include "deliver/snapshots.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "transcode/picture.h"
#include "wire/text.h"

namespace sluice::deliver {
namespace {

constexpr base::Millis kTick{100};
// Widths are rounded up to steps, so that there are few different ones to make.
constexpr std::uint32_t kWidthStep = 16;

metrics::Counter &counter(metrics::Registry &registry, const char *result) {
  return registry.counter("sluice_snapshots_total", "Single pictures: made, reused, or not.",
                          {{"result", result}});
}

// Without a wish the largest.
std::optional<std::uint32_t> width_of(const http::Request &request, std::uint32_t max_width) {
  auto text = request.query.find("w");
  if (!text) return max_width;
  auto asked = wire::parse_decimal(*text, std::numeric_limits<std::uint32_t>::max());
  if (!asked || *asked == 0) return std::nullopt;
  auto width =
      std::clamp(static_cast<std::uint32_t>(*asked), transcode::kMinPictureWidth, max_width);
  return std::min((width + kWidthStep - 1) / kWidthStep * kWidthStep, max_width);
}

}  // namespace

SnapshotMetrics::SnapshotMetrics(metrics::Registry &registry)
    : made(counter(registry, "made")),
      failed(counter(registry, "failed")),
      reused(counter(registry, "reused")),
      refused(counter(registry, "refused")) {}

Snapshots::Snapshots(stream::Shelf &shelf, SnapshotMetrics &metrics, loop::WorkPool &pool)
    : shelf_(shelf), metrics_(metrics), pool_(pool), tick_(shelf.loop(), [this] { tick(); }) {
  tick_.start_repeating(kTick);
}

Snapshots::~Snapshots() = default;

void Snapshots::serve(std::unique_ptr<http::Exchange> exchange, const std::string &name) {
  if (draining_) return exchange->respond_unavailable("draining", "the node is shutting down");
  auto width = width_of(exchange->request(), shelf_.config()->snapshot.max_width);
  if (!width) {
    return exchange->respond_error(400, "bad_width", "w is the picture's width, 16 or more");
  }
  auto key = std::pair(name, *width);
  auto found = kept_.find(key);
  if (found == kept_.end()) {
    if (kept_.size() >= kMaxKept) {
      metrics_.refused.add();
      return exchange->respond_unavailable("too_many_snapshots",
                                           "too many different pictures are asked for");
    }
    found = kept_.emplace(key, std::make_unique<Snapshot>(*this, name, *width)).first;
  }
  found->second->admit(std::move(exchange));
}

void Snapshots::make_room() {
  std::size_t bytes = 0;
  for (const auto &[key, snapshot] : kept_)
    bytes += snapshot->bytes();
  while (bytes > kMaxKeptBytes) {
    auto oldest = std::ranges::min_element(kept_, {}, [](const auto &row) {
      return row.second->bytes() == 0 ? base::MonoTime::max() : row.second->made_at();
    });
    bytes -= oldest->second->bytes();
    oldest->second->forget_picture();
  }
}

void Snapshots::tick() {
  auto now = base::mono_now();
  for (auto it = kept_.begin(); it != kept_.end();) {
    it->second->tick(now);
    it = it->second->is_idle(now) ? kept_.erase(it) : std::next(it);
  }
}

void Snapshots::drain() {
  draining_ = true;
  for (auto &[key, snapshot] : kept_)
    snapshot->drain();
}

}  // namespace sluice::deliver
