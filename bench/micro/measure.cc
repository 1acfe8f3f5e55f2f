// SPDX-License-Identifier: Apache-2.0
// The alternating rounds.
#include "micro/measure.h"

#include <algorithm>
#include <vector>

#include "support/clock.h"
#include "support/report.h"

namespace sluice::bench {
namespace {

constexpr int kRounds = 15;
constexpr std::int64_t kRoundNs = 30'000'000;

std::size_t calls_for_a_round(const std::function<void()> &run) {
  std::int64_t begin = mono_ns();
  std::size_t calls = 0;
  for (; mono_ns() - begin < kRoundNs; calls++)
    run();
  return calls;
}

double ns_per_call(const std::function<void()> &run, std::size_t calls) {
  std::int64_t begin = mono_ns();
  for (std::size_t i = 0; i < calls; i++)
    run();
  return static_cast<double>(mono_ns() - begin) / static_cast<double>(calls);
}

double median(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

base::Json measure(const Work &work) {
  std::size_t calls = calls_for_a_round(work.run), copies = calls_for_a_round(work.copy);
  std::vector<double> times, copy_times, ratios;
  for (int i = 0; i < kRounds; i++) {
    times.push_back(ns_per_call(work.run, calls));
    copy_times.push_back(ns_per_call(work.copy, copies));
    ratios.push_back(times.back() / copy_times.back());
  }
  auto frames = static_cast<double>(work.frames), bytes = static_cast<double>(work.bytes);
  double time = median(times);
  return {{"name", work.name},
          {"frames", work.frames},
          {"bytes_per_frame", rounded(bytes / frames, 10)},
          {"ns_per_frame", rounded(time / frames, 10)},
          {"gb_per_s", rounded(bytes / time, 100)},
          {"memcpy_gb_per_s", rounded(bytes / median(copy_times), 100)},
          {"ratio_to_memcpy", rounded(median(ratios), 100)}};
}

}  // namespace sluice::bench
