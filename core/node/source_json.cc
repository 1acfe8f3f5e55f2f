// SPDX-License-Identifier: Apache-2.0
#include "node/source_json.h"

#include "config/source_url.h"
#include "config/value.h"

namespace sluice::node {
namespace {

using base::Json;

Json seconds_until(const std::optional<base::MonoTime> &when) {
  if (!when) return nullptr;
  auto left = std::chrono::duration_cast<base::Millis>(*when - base::mono_now());
  return static_cast<double>(std::max<std::int64_t>(left.count(), 0)) / 1000;
}

std::string shown_url(const stream::SourceSpec &spec, std::size_t index) {
  return index < spec.urls.size() ? config::redact_url(spec.urls[index]) : std::string();
}

Json failure_json(const stream::SourceSpec &spec,
                  const std::optional<stream::SourceStatus::Failure> &failure) {
  if (!failure) return nullptr;
  std::string message = stream::sentence(failure->reason);
  if (std::string detail = base::describe(failure->error); !detail.empty())
    message += ": " + detail;
  return {{"reason", stream::word(failure->reason)},
          {"message", message},
          {"url", shown_url(spec, failure->url_index)},
          {"at", base::rfc3339(failure->at_wall_us)}};
}

}  // namespace

Json source_json(const stream::SourceDirectory::Listed &source, bool added) {
  const auto &[name, spec, status] = source;
  Json urls = Json::array();
  for (std::size_t i = 0; i < spec.urls.size(); ++i)
    urls.push_back(shown_url(spec, i));
  return {{"name", name},
          {"origin", added ? "api" : "config"},
          {"state", stream::word(status.state)},
          {"since", base::rfc3339(status.since_wall_us)},
          {"url", shown_url(spec, status.url_index)},
          {"urls", std::move(urls)},
          {"on_demand", spec.settings.on_demand},
          {"wanted", status.is_wanted},
          {"attempts", status.attempts},
          {"reconnects", status.reconnects},
          {"last_error", failure_json(spec, status.last_failure)},
          {"next_try_in_s", seconds_until(status.next_try_at)},
          {"stops_in_s", seconds_until(status.stops_at)},
          {"transport", status.facts.transport},
          {"peer", status.facts.peer},
          {"server", status.facts.server},
          {"packets", status.facts.packets},
          {"packets_lost", status.facts.packets_lost},
          {"packets_reordered", status.facts.packets_reordered},
          {"frames_damaged", status.facts.frames_damaged}};
}

}  // namespace sluice::node
