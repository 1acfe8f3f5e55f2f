// SPDX-License-Identifier: Apache-2.0
// FlushPacer: decides when a loop's viewers are written to. While the loop has time, at once when a
// tape has a new video frame; when it has not, in larger pieces at an interval that grows up to a
// ceiling and shrinks again. A viewer's write costs about the same whatever it carries, so a longer
// interval buys capacity for latency. Pure; lives on its loop.
#pragma once

#include "base/clock.h"

namespace sluice::deliver {

class FlushPacer {
 public:
  struct Limits {
    base::Millis least{0};  // 0: at once
    base::Millis most{350};
  };
  explicit FlushPacer(Limits limits) : limits_(limits) { set_limits(limits); }

  void set_limits(Limits limits);

  // The share of the recent past in which the loop was busy, 0 to 1. Called a few times per second.
  void adapt(double busy_share);

  // 0 means at once.
  [[nodiscard]] base::Millis interval() const { return interval_; }
  [[nodiscard]] bool immediate() const { return interval_.count() == 0; }

 private:
  Limits limits_;
  base::Millis interval_{0};
};

}  // namespace sluice::deliver
