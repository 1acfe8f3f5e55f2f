// SPDX-License-Identifier: Apache-2.0
// SendProgress: whether a client takes an answer fast enough. The owner looks once per send
// timeout; a client that has taken too little since the last look does not read.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sluice::http {

class SendProgress {
 public:
  // left: bytes of the answer that have not gone. kept: those of them that the node keeps while the
  // answer lasts, which is why it may not last longer than a few send timeouts.
  void begin(std::uint64_t left, std::uint64_t kept = 0) {
    minimum_ = std::max(kMinimum, kept / kMaxTimeouts);
    left_ = left;
  }
  // False: too little was taken.
  [[nodiscard]] bool look(std::uint64_t left) {
    std::uint64_t taken = left_ - left;
    left_ = left;
    return taken >= minimum_;
  }

 private:
  static constexpr std::uint64_t kMinimum = 16 * 1024;
  static constexpr std::uint64_t kMaxTimeouts = 6;

  std::uint64_t minimum_ = kMinimum;
  std::uint64_t left_ = 0;
};

}  // namespace sluice::http
