// SPDX-License-Identifier: Apache-2.0
#include "stream/end_counters.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::stream {

EndCounters::EndCounters(metrics::Registry &registry, const char *kind,
                         std::initializer_list<const char *> reasons) {
  for (const char *reason : reasons) {
    auto &counter = registry.counter("sluice_sessions_total", "Sessions that have ended.",
                                     {{"kind", kind}, {"reason", reason}});
    by_reason_.emplace_back(reason, &counter);
  }
}

void EndCounters::count(std::string_view reason) const {
  auto found = std::ranges::find(by_reason_, reason,
                                 &std::pair<std::string_view, metrics::Counter *>::first);
  SLUICE_CHECK(found != by_reason_.end());
  found->second->add();
}

}  // namespace sluice::stream
