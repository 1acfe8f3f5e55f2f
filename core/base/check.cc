// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::base {

void check_failed(const char *expression, const char *file, int line) noexcept {
  std::fprintf(stderr, "sluice: bug: %s:%d: check failed: %s\n", file, line, expression);
  std::abort();
}

}  // namespace sluice::base
