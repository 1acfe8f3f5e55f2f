// SPDX-License-Identifier: Apache-2.0
// The one family in which every floor counts what it refuses.
#pragma once

#include "metrics/registry.h"

namespace sluice::metrics {

// listener: "http" or "rtmp". reason: a short word, as docs/metrics.md lists them.
inline Counter &refusals(Registry &registry, std::string_view listener, std::string_view reason) {
  return registry.counter("sluice_refused_total",
                          "Work refused by a limit, a deadline or a policy.",
                          {{"listener", listener}, {"reason", reason}});
}

}  // namespace sluice::metrics
