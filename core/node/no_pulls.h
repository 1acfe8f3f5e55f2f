// SPDX-License-Identifier: Apache-2.0
// NoPulls: stands where a protocol for cameras is missing. Every attempt fails as unsupported.
#pragma once

#include <memory>

#include "loop/loop.h"
#include "stream/pull.h"

namespace sluice::node {

class NoPulls final : public stream::PullFactory {
 public:
  explicit NoPulls(loop::Loop &loop) : loop_(loop) {}
  std::unique_ptr<stream::Pull> start(stream::PullRequest request,
                                      stream::PullEvents &events) override;

 private:
  loop::Loop &loop_;
};

}  // namespace sluice::node
