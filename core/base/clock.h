// SPDX-License-Identifier: Apache-2.0
// Clocks. Intervals are always measured with the monotonic clock; the wall clock only labels
// things.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::base {

using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
using MonoTime = std::chrono::steady_clock::time_point;

inline MonoTime mono_now() { return std::chrono::steady_clock::now(); }

// Microseconds since 1970 by the wall clock, which may step.
std::int64_t wall_us();

// RFC 3339 with microseconds, in UTC: 2026-01-31T23:59:59.000001Z.
std::string rfc3339(std::int64_t wall_us);

}  // namespace sluice::base
