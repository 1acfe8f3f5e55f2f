// SPDX-License-Identifier: Apache-2.0
#include "node/no_pulls.h"

#include "loop/timer.h"

namespace sluice::node {
namespace {

class FailingPull final : public stream::Pull {
 public:
  FailingPull(loop::Loop &loop, stream::PullEvents &events)
      : events_(events), timer_(loop, [this] { fail(); }) {
    timer_.start(base::Millis(0));
  }
  [[nodiscard]] stream::PullFacts facts() const override { return {}; }

 private:
  void fail() {
    base::Error error{base::Domain::Stream, base::Code::Unsupported, 0, "no protocol for the URL"};
    events_.on_pull_end({stream::PullEndReason::Unsupported, error, true, std::nullopt});
  }

  stream::PullEvents &events_;
  loop::Timer timer_;
};

}  // namespace

std::unique_ptr<stream::Pull> NoPulls::start(stream::PullRequest, stream::PullEvents &events) {
  return std::make_unique<FailingPull>(loop_, events);
}

}  // namespace sluice::node
