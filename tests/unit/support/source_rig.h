// SPDX-License-Identifier: Apache-2.0
// SourceRig: a StreamRig with a directory of sources and one table, on the one loop; and pulls that
// do what the test says.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stream/source_directory.h"
#include "stream/source_table.h"
#include "support/stream_rig.h"

namespace sluice::test {

class FakePulls;

class FakePull final : public stream::Pull {
 public:
  FakePull(FakePulls &pulls, stream::PullRequest asked, stream::PullEvents &to)
      : request(std::move(asked)), events(to), pulls_(pulls) {}
  ~FakePull() override;

  [[nodiscard]] stream::PullFacts facts() const override {
    stream::PullFacts facts;
    facts.transport = "tcp";
    facts.server = "Fake camera";
    return facts;
  }
  void play() const { events.on_playing(); }
  void end(stream::PullEndReason reason, bool permanent = false) const {
    base::Error error{base::Domain::Stream, base::Code::Closed, 0, "as the test says"};
    events.on_pull_end({reason, error, permanent, retry_after});
  }

  stream::PullRequest request;
  stream::PullEvents &events;
  std::optional<base::Millis> retry_after;

 private:
  FakePulls &pulls_;
};

class FakePulls final : public stream::PullFactory {
 public:
  std::unique_ptr<stream::Pull> start(stream::PullRequest request,
                                      stream::PullEvents &events) override {
    auto pull = std::make_unique<FakePull>(*this, std::move(request), events);
    live.push_back(pull.get());
    urls.push_back(pull->request.url);
    if (on_start) on_start(*pull);
    return pull;
  }

  // The one attempt that is under way.
  FakePull &only() {
    REQUIRE(live.size() == 1);
    return *live.front();
  }

  std::vector<FakePull *> live;
  std::vector<std::string> urls;  // of all attempts
  std::function<void(FakePull &)> on_start;
};

inline FakePull::~FakePull() { std::erase(pulls_.live, this); }

// Short waits, and no jitter that a test would have to wait for.
inline config::Config source_config(config::Config config = {}) {
  config.source.retry_min = base::Millis(1);
  config.source.retry_max = base::Millis(4);
  config.source.stop_after = base::Millis(20);
  config.source.start_timeout = base::Millis(300);
  return config;
}

// Somebody who watches a name.
class Watcher final : public stream::NameWatcher {
 public:
  Watcher(stream::Shelf &shelf, std::string name) : shelf_(shelf), name_(std::move(name)) {
    shelf_.watch(name_, *this);
  }
  ~Watcher() { shelf_.unwatch(name_, *this); }
  Watcher(const Watcher &) = delete;
  Watcher &operator=(const Watcher &) = delete;

  void on_entry(const std::shared_ptr<const stream::StreamEntry> &) override {}

 private:
  stream::Shelf &shelf_;
  const std::string name_;
};

struct SourceRig : StreamRig {
  explicit SourceRig(config::Config c = source_config()) : StreamRig(std::move(c)) {
    // The shelf of the StreamRig pulls nothing, so one that does takes its place.
    directory.close();
    shelf = make_shelf();
    sources.add_table(table);
  }
  ~SourceRig() {
    sources.close();
    table.close();
    settle();
  }

  // As another loop has it.
  stream::Shelf &add_shelf() { return *more_shelves.emplace_back(make_shelf()); }

  std::unique_ptr<stream::Shelf> make_shelf() {
    auto made = std::make_unique<stream::Shelf>(
        stream::Shelf::Context{*loop, directory, config, metrics, blocks, &sources});
    directory.add_shelf(*made);
    sources.add_shelf(*made);
    return made;
  }

  // Changes the configuration as a reload does.
  void reload(const std::function<void(config::Config &)> &change) {
    config::Config next = *config;
    change(next);
    config.set(std::make_shared<const config::Config>(std::move(next)));
    sources.apply();
    settle();
  }
  void add(const std::string &name, std::vector<std::string> urls,
           std::optional<bool> on_demand = std::nullopt) {
    reload([&](config::Config &c) {
      c.streams[name].source = std::move(urls);
      c.streams[name].on_demand = on_demand;
    });
  }
  [[nodiscard]] stream::SourceStatus status(std::string_view name = "cams/gate") {
    auto found = sources.find(name);
    REQUIRE(found.has_value());
    return found->status;
  }
  [[nodiscard]] bool wait_state(stream::SourceState state, std::string_view name = "cams/gate") {
    return loop.run_until([&] { return status(name).state == state; });
  }
  // An attempt on a URL that ends with `tail` is under way.
  [[nodiscard]] bool wait_attempt(std::string_view tail) {
    return loop.run_until(
        [&] { return !pulls.live.empty() && pulls.live.back()->request.url.ends_with(tail); });
  }

  FakePulls pulls;
  stream::SourceMetrics source_metrics{registry};
  stream::SourceDirectory sources{*loop, config, directory, source_metrics};
  stream::SourceTable table{*loop, pulls, sources};
  std::vector<std::unique_ptr<stream::Shelf>> more_shelves;
};

}  // namespace sluice::test
