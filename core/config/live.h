// SPDX-License-Identifier: Apache-2.0
// Live: the configuration as one loop sees it. A reload hands every loop the new tree by message;
// whoever is on that loop reads it here at the moment of use, so readers never lock. Lives on its
// loop.
#pragma once

#include <memory>
#include <utility>

#include "config/config.h"

namespace sluice::config {

class Live {
 public:
  explicit Live(std::shared_ptr<const Config> config) : current_(std::move(config)) {}

  void set(std::shared_ptr<const Config> config) { current_ = std::move(config); }
  const Config *operator->() const { return current_.get(); }
  const Config &operator*() const { return *current_; }

 private:
  std::shared_ptr<const Config> current_;
};

}  // namespace sluice::config
