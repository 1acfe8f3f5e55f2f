// SPDX-License-Identifier: Apache-2.0
// NoTapeMemory: while it lives, no block pool can grow. Files must not grow, and a pool's memory is
// one.
#pragma once

#include <signal.h>
#include <sys/resource.h>

namespace sluice::test {

class NoTapeMemory {
 public:
  NoTapeMemory() {
    before_handler_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~NoTapeMemory() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, before_handler_);
  }
  NoTapeMemory(const NoTapeMemory &) = delete;
  NoTapeMemory &operator=(const NoTapeMemory &) = delete;

 private:
  rlimit before_{};
  sighandler_t before_handler_ = SIG_DFL;
};

}  // namespace sluice::test
