// SPDX-License-Identifier: Apache-2.0
// How long a source waits before it tries again.
#pragma once

#include <optional>

#include "base/clock.h"

namespace sluice::stream {

struct RetryLimits {
  base::Millis min;
  base::Millis max;
};

// Doubles with each failure in a row (1 is the first), from min up to max; at once max when trying
// again cannot help. Shortened by up to a quarter by `random`, which is from 0 up to 1, so that
// cameras that went away together do not come back in step. A camera's own wish makes it longer, up
// to max.
base::Millis retry_delay(RetryLimits limits, unsigned failures, bool permanent,
                         std::optional<base::Millis> wish, double random);

}  // namespace sluice::stream
