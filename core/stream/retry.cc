// SPDX-License-Identifier: Apache-2.0
#include "stream/retry.h"

#include <algorithm>

namespace sluice::stream {

base::Millis retry_delay(RetryLimits limits, unsigned failures, bool permanent,
                         std::optional<base::Millis> wish, double random) {
  base::Millis delay = permanent ? limits.max : limits.min;
  for (unsigned i = 1; i < failures && delay < limits.max; ++i)
    delay *= 2;
  delay = std::min(delay, limits.max);
  constexpr double kShare = 0.25;
  delay = base::Millis(
      static_cast<std::int64_t>(static_cast<double>(delay.count()) * (1 - kShare * random)));
  if (wish) delay = std::max(delay, std::min(*wish, limits.max));
  return delay;
}

}  // namespace sluice::stream
