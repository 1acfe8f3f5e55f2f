// SPDX-License-Identifier: Apache-2.0
// Snapshot: the newest picture of one stream in one width on one loop, and the requests that wait
// for it. However many wait, one picture is made. Owned by the loop's Snapshots; exists while
// somebody waits and as long as the picture is fresh.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/body.h"
#include "http/exchange.h"
#include "stream/shelf.h"

namespace sluice::deliver {

class Snapshots;

class Snapshot final : public stream::NameWatcher {
 public:
  Snapshot(Snapshots &owner, std::string name, std::uint32_t width);
  ~Snapshot();
  Snapshot(const Snapshot &) = delete;
  Snapshot &operator=(const Snapshot &) = delete;

  // Answers now, or when there is a picture, or with an error in the end.
  void admit(std::unique_ptr<http::Exchange> exchange);

  // A few times per second: asks again for what was not there, and gives up on those whose time is
  // over.
  void tick(base::MonoTime now);
  void drain();

  // Nobody waits, and what is kept is too old to be given to anybody.
  [[nodiscard]] bool is_idle(base::MonoTime now) const;
  [[nodiscard]] std::size_t bytes() const { return made_.body ? made_.body->size() : 0; }
  [[nodiscard]] base::MonoTime made_at() const { return made_.at; }
  void forget_picture() { made_ = {}; }

 private:
  struct Waiting {
    std::unique_ptr<http::Exchange> exchange;
    base::MonoTime since;
  };
  // What became of a key frame. Without a body it could not be decoded.
  struct Made {
    std::uint64_t epoch = 0;  // 0: nothing was made yet
    media::Ticks dts{0};
    std::shared_ptr<const http::TextBody> body;
    std::string etag;
    base::MonoTime at{};
  };
  enum class Phase : std::uint8_t { Idle, Asked, Converting };

  // NameWatcher
  void on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) override;

  [[nodiscard]] bool is_live() const { return entry_ && entry_->live; }
  [[nodiscard]] bool is_fresh(base::MonoTime now) const;
  void ask();
  void on_key_frame(std::uint64_t epoch, stream::KeyFrame key);
  void convert(std::uint64_t epoch, stream::KeyFrame key);
  void on_converted(Made made);
  void answer_all();
  void answer(http::Exchange &exchange) const;
  [[nodiscard]] bool may_wait(base::MonoTime since, base::MonoTime now) const;
  void wait(Waiting waiting);
  std::vector<Waiting> take_waiting();

  Snapshots &owner_;
  const std::string name_;
  const std::uint32_t width_;
  std::shared_ptr<const stream::StreamEntry> entry_;  // as known now; null when unknown
  std::vector<Waiting> waiting_;
  Made made_;
  Phase phase_ = Phase::Idle;
  std::uint64_t asked_epoch_ = 0;
  std::shared_ptr<Snapshot *> self_;  // null inside once destroyed: answers from elsewhere ask it
};

}  // namespace sluice::deliver
