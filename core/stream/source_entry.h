// SPDX-License-Identifier: Apache-2.0
// What is known of a pulled source: what it is to do (spec), how it does (status), and what every
// loop's viewers must know of it (entry). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "stream/pull.h"

namespace sluice::stream {

enum class SourceState : std::uint8_t {
  Idle,        // on demand, and nobody watches
  Connecting,  // an attempt is under way, or queues for its turn at the site
  Playing,
  Waiting,  // for the next attempt
};
inline constexpr std::size_t kSourceStates = 4;

const char *word(SourceState state);  // "idle", "connecting", "playing", "waiting"

// Of the configuration or of the admin API.
struct SourceSpec {
  std::vector<std::string> urls;  // in order of preference; secret in part
  config::Source settings;

  friend bool operator==(const SourceSpec &, const SourceSpec &) = default;
};

struct SourceStatus {
  struct Failure {
    PullEndReason reason;
    base::Error error;
    std::size_t url_index;
    std::int64_t at_wall_us;
  };

  SourceState state = SourceState::Idle;
  std::int64_t since_wall_us = 0;  // of the state
  std::size_t url_index = 0;       // the URL of the attempt, or of the last one
  std::optional<Failure> last_failure;
  std::optional<base::MonoTime> next_try_at;  // while waiting
  std::optional<base::MonoTime> stops_at;     // the last viewer has left an on-demand source
  std::uint64_t attempts = 0;
  std::uint64_t reconnects = 0;  // times that it played again after it had stopped
  bool is_wanted = false;        // somebody watches or waits
  PullFacts facts;
};

// Immutable; a new one at every change, handed to all loops.
struct SourceEntry {
  std::string name;
  SourceState state = SourceState::Idle;
  std::optional<base::MonoTime> next_try_at;
  base::Millis start_timeout{0};
};

}  // namespace sluice::stream
