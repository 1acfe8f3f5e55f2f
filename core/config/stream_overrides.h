// SPDX-License-Identifier: Apache-2.0
// StreamOverrides: what the configuration says of one stream. A part of Config, with its rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/words.h"

namespace sluice::config {

using base::Millis;

// One entry of `streams`: what is not set comes from `stream` and `source`.
struct StreamOverrides {
  std::optional<PublishPolicy> publish;
  std::vector<std::string> source;  // URLs in order of preference, secret in part; empty: no source
  std::optional<SourceTransport> transport;
  std::optional<bool> on_demand;
  std::optional<Millis> stop_after;
  std::optional<Millis> start_timeout;
  std::optional<Millis> keep_viewers;
  std::optional<Damaged> damaged;
  std::optional<bool> verify_tls;
  std::optional<Millis> connect_timeout;
  std::optional<Millis> media_timeout;
  std::vector<std::string> renditions;  // other streams that show the same; never itself

  friend bool operator==(const StreamOverrides &, const StreamOverrides &) = default;
};

}  // namespace sluice::config
