// SPDX-License-Identifier: Apache-2.0
// What differs between two configurations: the plan that a reload shows before it acts.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace sluice::config {

struct Change {
  std::string path;    // "rtmp.stall_timeout", "streams.uin1/gate.publish"
  std::string before;  // as the file would say it; a secret is "***"
  std::string after;
  bool live = false;  // a reload applies it to new sessions; otherwise it waits for a restart

  friend bool operator==(const Change &, const Change &) = default;
};

// In the schema's order, then the overrides by stream name.
std::vector<Change> diff(const Config &before, const Config &after);

}  // namespace sluice::config
