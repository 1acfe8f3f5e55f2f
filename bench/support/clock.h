// SPDX-License-Identifier: Apache-2.0
// The monotonic clock as plain nanoseconds, which two processes of one machine share: the publisher
// writes it into its frames and the probe compares.
#pragma once

#include <time.h>

#include <cstdint>

namespace sluice::bench {

inline std::int64_t mono_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

inline void sleep_until_ns(std::int64_t due) {
  timespec t{.tv_sec = static_cast<time_t>(due / 1'000'000'000),
             .tv_nsec = static_cast<long>(due % 1'000'000'000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}

inline double to_ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace sluice::bench
