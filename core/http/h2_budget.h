// SPDX-License-Identifier: Apache-2.0
// H2Budget: how much work beyond its requests a client of HTTP/2 may make. Frames that carry no
// request cost one each, whatever they are (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA,
// CONTINUATION, unknown ones), and a stream that it resets or spoils costs as much as many; one
// that the node resets for reasons of its own costs nothing. What a client is owed for comes back
// with time and with the bytes that it is sent, for which it has to open windows. So floods
// (CVE-2019-9511 to 9518), rapid resets (CVE-2023-44487) and windows that are opened by the byte
// all end in the same place.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace sluice::http {

class H2Budget {
 public:
  static constexpr std::int64_t kMost = 1000;  // also at the beginning
  static constexpr std::int64_t kPerSecond = 50;
  static constexpr std::int64_t kReset = 10;  // more, for a stream that the client resets or spoils
  static constexpr std::int64_t kBytesPerUnit = 1024;  // sent

  explicit H2Budget(base::MonoTime now) : filled_(now) {}

  // False: it is used up.
  [[nodiscard]] bool spend(std::int64_t cost, base::MonoTime now) {
    refill(now);
    left_ -= cost;
    return left_ >= 0;
  }
  void earn(std::size_t bytes_sent) {
    earned_bytes_ += static_cast<std::int64_t>(bytes_sent);
    left_ = std::min(kMost, left_ + earned_bytes_ / kBytesPerUnit);
    earned_bytes_ %= kBytesPerUnit;
  }

 private:
  // Whole units only, so that what is left of a unit's time counts the next time.
  void refill(base::MonoTime now) {
    constexpr auto kUnit = std::chrono::microseconds(1'000'000 / kPerSecond);
    auto units = std::max<std::int64_t>((now - filled_) / kUnit, 0);
    filled_ += units * kUnit;
    left_ = std::min(kMost, left_ + units);
  }

  std::int64_t left_ = kMost;
  std::int64_t earned_bytes_ = 0;
  base::MonoTime filled_;
};

}  // namespace sluice::http
