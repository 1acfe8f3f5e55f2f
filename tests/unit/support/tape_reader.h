// SPDX-License-Identifier: Apache-2.0
// TapeReader: somebody who reads one stream of a StreamRig in one format, as a loop's viewers do.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "support/flv_items.h"
#include "support/stream_rig.h"

namespace sluice::test {

// Tracks are not waited for long, and a tape that nobody reads goes at once.
inline config::Config quick_stream_config() {
  config::Config config;
  config.stream.track_wait = base::Millis(20);
  config.stream.tape_grace = base::Millis(20);
  return config;
}

inline std::shared_ptr<const stream::StreamEntry> entry_of(StreamRig &rig) {
  rig.settle();
  auto entry = rig.shelf->find("cams/gate");
  REQUIRE(entry != nullptr);
  return entry;
}

struct TapeReader {
  TapeReader(StreamRig &on, stream::Format in) : rig(on), format(in), entry(entry_of(on)) {
    subscriber = rig.shelf->wake_list().subscribe([this] { ++wakes; });
    rig.shelf->subscribe(*entry, format, subscriber,
                         [this](tape::TapeView given) { view.emplace(std::move(given)); });
    rig.settle();
  }
  ~TapeReader() { leave(); }
  TapeReader(const TapeReader &) = delete;
  TapeReader &operator=(const TapeReader &) = delete;

  void leave() {
    if (subscriber == nullptr) return;
    subscriber->silence();
    rig.shelf->unsubscribe(*entry, format, std::exchange(subscriber, nullptr));
    view.reset();
    rig.settle();
  }
  // All that is on the tape.
  [[nodiscard]] std::string bytes() {
    REQUIRE(view.has_value());
    view->refresh();
    return read_tape(*view, view->tail());
  }

  StreamRig &rig;
  const stream::Format format;
  std::shared_ptr<const stream::StreamEntry> entry;
  std::shared_ptr<stream::Subscriber> subscriber;
  std::optional<tape::TapeView> view;
  int wakes = 0;
};

}  // namespace sluice::test
