// SPDX-License-Identifier: Apache-2.0
// measure(): times a piece of work against memcpy of the same bytes, in alternating rounds, so that
// a noisy machine disturbs both alike. What counts is the ratio; nanoseconds are this machine's.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/json.h"

namespace sluice::bench {

struct Work {
  std::string_view name;
  std::size_t frames = 0;  // one call of either function handles so many frames
  std::size_t bytes = 0;   // and so many payload bytes
  std::function<void()> run;
  std::function<void()> copy;  // the same bytes by memcpy, frame by frame
};

// {name, frames, bytes_per_frame, ns_per_frame, gb_per_s, memcpy_gb_per_s, ratio_to_memcpy}
base::Json measure(const Work &work);

// Keeps the compiler from dropping work whose result nobody reads.
inline void keep(const void *p) { asm volatile("" : : "r"(p) : "memory"); }

}  // namespace sluice::bench
