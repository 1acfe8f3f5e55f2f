// SPDX-License-Identifier: Apache-2.0
#include "deliver/waiting.h"

#include <algorithm>
#include <string>

namespace sluice::deliver {

base::Millis patience(const stream::Shelf &shelf, const std::string &name,
                      const stream::StreamEntry *entry, base::MonoTime since,
                      base::Millis first_picture) {
  auto source = shelf.find_source(name);
  // Who comes to a camera has waited for the camera before.
  if (entry != nullptr && entry->live) {
    return (source ? source->start_timeout : base::Millis(0)) + first_picture;
  }
  const base::Millis unknown_wait = shelf.config()->stream.unknown_wait;
  if (!source) return unknown_wait;
  // A camera that is tried again too late for this request is not worth the whole wait.
  const base::Millis start = source->start_timeout;
  bool too_late = source->next_try_at && *source->next_try_at > since + start;
  return too_late ? std::min(start, unknown_wait) : start;
}

void respond_absent(http::Exchange &exchange, const stream::Shelf &shelf, const std::string &name,
                    const stream::StreamEntry *entry) {
  auto source = shelf.find_source(name);
  if (entry == nullptr && !source) {
    return exchange.respond_error(404, "not_found", "no such stream");
  }
  auto retry_after = http::kRetrySoon;
  if (source && source->next_try_at) {
    auto left = std::chrono::ceil<std::chrono::seconds>(*source->next_try_at - base::mono_now());
    retry_after = std::max(left, std::chrono::seconds(1));
  }
  exchange.respond_unavailable("stream_offline", "the stream has no picture at the moment",
                               retry_after);
}

void respond_no_seat(http::Exchange &exchange, DeliverMetrics &metrics) {
  metrics.refused_viewers.add();
  exchange.respond_unavailable("too_many_viewers", "no more viewers are taken");
}

void respond_no_track(http::Exchange &exchange, const MediaFormat &format) {
  exchange.respond_error(406, "no_track",
                         std::string(format.label) +
                             " can carry none of the stream's tracks; the API tells their codecs");
}

}  // namespace sluice::deliver
