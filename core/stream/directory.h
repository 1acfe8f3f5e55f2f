// SPDX-License-Identifier: Apache-2.0
// Directory: the one authority on who publishes which name. Lives on the main loop; loops ask by
// message, and every change is handed to every loop's shelf, which answers its viewers from its own
// copy.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/live.h"
#include "loop/timer.h"
#include "media/frame.h"
#include "stream/stream_entry.h"
#include "stream/stream_metrics.h"

namespace sluice::stream {

// May a publisher have a name: asked by a shelf, answered to the same shelf.
struct PublishRequest {
  std::string name;
  Shelf *shelf = nullptr;
  std::uint64_t ticket = 0;  // the shelf's own number for the answer
  Publisher publisher;
};

struct Grant {
  std::shared_ptr<const StreamEntry> entry;
  // Where the stream's time goes on: after the last frame of the publisher before, so that viewers
  // who stayed see a growing time line. For a new stream 0, except for renditions: players go from
  // one to the other by time (RFC 8216bis section 6.2.4), so theirs begins with the directory.
  media::Ticks start_at{0};
};

class Directory {
 public:
  Directory(loop::Loop &main, const config::Live &config, StreamMetrics &metrics);

  // Before the loops run.
  void add_shelf(Shelf &shelf) { shelves_.push_back(&shelf); }

  // No shelf is told anything from now on. Before the shelves are destroyed.
  void close();

  // [main] All of these are posted by shelves.
  void publish(PublishRequest request);
  void unpublish(const std::string &name, std::uint64_t epoch, media::Ticks next_dts);
  void describe(const std::string &name, std::uint64_t epoch, StreamFacts facts);

  // [main] The name is not pulled any more: whoever waits for its camera waits no longer than for a
  // publisher.
  void source_removed(const std::string &name);

  struct Listed {
    std::shared_ptr<const StreamEntry> entry;
    StreamFacts facts;
    std::int64_t grace_left_ms = 0;
  };
  [[nodiscard]] std::vector<Listed> list() const;  // [main] sorted by name
  [[nodiscard]] std::size_t size() const { return records_.size(); }

  [[nodiscard]] loop::Loop &loop() const { return main_; }

 private:
  struct Record {
    std::shared_ptr<const StreamEntry> entry;
    StreamFacts facts;
    media::Ticks next_dts{0};
    base::MonoTime ended_at{};
    base::MonoTime kept_until{};              // after that
    std::optional<PublishRequest> successor;  // waits for the present publisher to leave
    std::unique_ptr<loop::Timer> grace;
  };

  void grant(Record &record, PublishRequest request);
  void refuse(const PublishRequest &request, base::Error error);
  void take_over_or_refuse(Record &record, PublishRequest request);
  [[nodiscard]] bool is_reserved(const std::string &name) const;
  [[nodiscard]] bool may_take_over(const Record &record, const PublishRequest &request) const;
  void start_grace(Record &record);
  void forget_in(Record &record, base::Millis grace);
  void forget(const std::string &name);
  void tell_shelves(const std::string &name, const std::shared_ptr<const StreamEntry> &entry);

  loop::Loop &main_;
  const config::Live &config_;
  StreamMetrics &metrics_;
  const base::MonoTime started_ = base::mono_now();
  std::vector<Shelf *> shelves_;
  std::map<std::string, Record, std::less<>> records_;
  std::uint64_t last_epoch_ = 0;
};

}  // namespace sluice::stream
