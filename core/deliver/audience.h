// SPDX-License-Identifier: Apache-2.0
// Audience: the viewers of one stream in one format on one loop, and the requests that wait for it
// to begin. It holds the loop's view of the tape and writes to the viewers in passes. Owned by the
// loop's Delivery; exists while somebody watches or waits.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/rendition_choice.h"
#include "deliver/viewer.h"
#include "http/exchange.h"
#include "stream/shelf.h"
#include "tape/tape_view.h"

namespace sluice::deliver {

class Delivery;

// A request that is agreed to as far as its own words go, and waits for the stream.
struct ViewerRequest {
  std::unique_ptr<http::Exchange> exchange;
  std::vector<http::Field> head_fields;  // beyond what every answer carries
  int status = 200;                      // or 101
  Framing framing = Framing::Chunked;
  Protocol protocol = Protocol::HttpFlv;
  stream::Format format = stream::Format::Flv;  // of the tape; the audience's
  std::optional<MseSession::Options> mse;       // WsFmp4 only
  std::optional<RenditionChoice> choice;        // WsFmp4 only: what it is given if not this stream
};

class Audience final : public stream::NameWatcher {
 public:
  // Viewers stand in cohorts, so that with a longer interval a pass is many short bursts.
  static constexpr std::size_t kCohorts = 8;

  Audience(Delivery &delivery, std::string name, stream::Format format);
  ~Audience();  // ends everybody with reason shutdown
  Audience(const Audience &) = delete;
  Audience &operator=(const Audience &) = delete;

  // Starts the viewer now or when the stream has begun, or answers the request with an error in the
  // end.
  void admit(ViewerRequest request);

  // One pass over one cohort, or over all of them.
  void flush_cohort(std::size_t cohort);
  void flush_all();

  // A few times per second: deadlines of those who wait, viewers that are stuck.
  void tick(base::MonoTime now);

  // Ends everybody cleanly.
  void end_all(const char *reason);

  [[nodiscard]] bool empty() const { return viewer_count_ == 0 && waiting_.empty(); }
  [[nodiscard]] const std::string &name() const { return name_; }

  // For the viewers.
  [[nodiscard]] stream::Shelf &shelf() const;
  [[nodiscard]] base::MutableBytes read_buffer() const;
  void flush_one(Viewer &viewer);
  void forget(Viewer &viewer, const char *reason);
  void count_flush(std::size_t bytes);
  void count_skip();
  [[nodiscard]] std::int64_t lag_ms(std::uint64_t cursor) const;

 private:
  struct Waiting {
    ViewerRequest request;
    base::MonoTime since;
  };

  // NameWatcher
  void on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) override;

  void subscribe();
  void unsubscribe();
  void on_view(std::uint64_t epoch, tape::TapeView view);
  void on_wake();
  void start_waiting();
  void start_viewer(Waiting waiting, std::uint64_t key);
  // The stream is live, and will never have anything for this audience.
  [[nodiscard]] bool has_nothing() const;
  void refuse(Waiting &waiting);
  // Why the client, as far as it has told, would not play what is there; empty when it would.
  [[nodiscard]] std::string why_not(const ViewerRequest &request, std::uint64_t key) const;
  [[nodiscard]] bool may_wait_on(const Waiting &waiting, base::MonoTime now) const;
  void flush(Viewer &viewer);
  void change_over(Viewer &viewer);
  void close_pass();
  void forget_request(http::Exchange &exchange);

  Delivery &delivery_;
  const std::string name_;
  const stream::Format format_;
  std::shared_ptr<const stream::StreamEntry> entry_;       // as known now; null when unknown
  std::shared_ptr<const stream::StreamEntry> subscribed_;  // whose tape view_ is, or will be
  std::shared_ptr<stream::Subscriber> subscriber_;
  std::optional<tape::TapeView> view_;
  std::uint64_t view_epoch_ = 0;  // whose tape view_ is
  // The tape before, while viewers have a message from it under way.
  std::optional<tape::TapeView> previous_;

  std::vector<Waiting> waiting_;
  std::array<std::vector<std::unique_ptr<Viewer>>, kCohorts> cohorts_;
  std::size_t viewer_count_ = 0;
  std::size_t next_cohort_ = 0;
  std::array<std::uint64_t, kProtocols> pass_bytes_{};  // summed up over a pass, then counted once
  std::shared_ptr<Audience *> self_;  // null inside once destroyed: answers from other loops ask it
};

}  // namespace sluice::deliver
