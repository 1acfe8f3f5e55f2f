// SPDX-License-Identifier: Apache-2.0
// Delivery: everything that one loop sends to viewers. It answers the media URLs, owns the
// audiences and paces their passes. Lives on its loop.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "deliver/audience.h"
#include "deliver/deliver_metrics.h"
#include "deliver/flush_pacer.h"
#include "http/router.h"
#include "loop/timer.h"
#include "stream/shelf.h"

namespace sluice::deliver {

class Snapshots;

// How a loop is doing, for the metrics; written by the loop, read anywhere.
struct LoopFigures {
  std::atomic<double> busy_share{0};
  std::atomic<std::int64_t> lag_us{0};  // the longest time without looking for new events
  std::atomic<std::int64_t> flush_interval_ms{0};
};

class Delivery {
 public:
  // Borrowed; metrics are shared by all loops, figures are this loop's.
  Delivery(stream::Shelf &shelf, DeliverMetrics &metrics, LoopFigures &figures);
  ~Delivery();
  Delivery(const Delivery &) = delete;
  Delivery &operator=(const Delivery &) = delete;

  // Adds the media URLs to this loop's router.
  void add_routes(http::Router &router);

  // Who answers /S/C.jpg, before add_routes(); borrowed. Without it there is no such URL.
  void set_snapshots(Snapshots &snapshots) { snapshots_ = &snapshots; }

  // Ends every viewer cleanly, and takes no more.
  void drain();

  // For the audiences.
  [[nodiscard]] stream::Shelf &shelf() const { return shelf_; }
  [[nodiscard]] DeliverMetrics &metrics() const { return metrics_; }
  [[nodiscard]] base::MutableBytes read_buffer() { return read_buffer_; }
  [[nodiscard]] bool flushes_at_once() const { return pacer_.immediate(); }
  // Lets the request wait for the next rendition that it may be given. why: what is wrong with the
  // one before. False when there is none: then nothing has changed.
  bool pass_on(ViewerRequest &request, std::string why);

 private:
  // What a request wants, as its URL says.
  struct Wish {
    std::string name;
    const MediaFormat &format;
    bool websocket_only = false;
  };
  void serve_query(std::unique_ptr<http::Exchange> exchange, stream::Format format,
                   bool websocket_only);
  void serve_path(std::unique_ptr<http::Exchange> exchange);
  void serve(std::unique_ptr<http::Exchange> exchange, const Wish &wish);
  void serve_http(std::unique_ptr<http::Exchange> exchange, const Wish &wish);
  void serve_websocket(std::unique_ptr<http::Exchange> exchange, const Wish &wish);
  [[nodiscard]] std::optional<RenditionChoice> choose(const http::Request &asked,
                                                      const std::string &main) const;
  void admit_chosen(ViewerRequest request);
  void answer_head(http::Exchange &exchange, const Wish &wish);
  void admit(ViewerRequest request, const std::string &name);
  void tick();
  void pace();
  void flush_next_cohort();

  stream::Shelf &shelf_;
  DeliverMetrics &metrics_;
  Snapshots *snapshots_ = nullptr;
  std::map<std::pair<std::string, stream::Format>, std::unique_ptr<Audience>> audiences_;
  std::array<std::byte, 16 * 1024> read_buffer_{};
  FlushPacer pacer_;
  LoopFigures &figures_;
  loop::Timer tick_;
  loop::Timer flush_timer_;
  base::Millis flush_period_{0};
  std::size_t next_cohort_ = 0;
  bool draining_ = false;
};

}  // namespace sluice::deliver
