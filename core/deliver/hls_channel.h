// SPDX-License-Identifier: Apache-2.0
// HlsChannel: one stream in one container as HLS, on one loop, for the viewers of one stream:
// itself, or the main one that it is a rendition of. It follows the stream's segments, keeps the
// text of the playlist, and holds the requests for what is not there yet. Owned by the loop's
// HlsDelivery; exists until nobody has asked for a while.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/hls_query.h"
#include "deliver/hls_renditions.h"
#include "deliver/hls_shared.h"
#include "http/coded_text.h"
#include "http/exchange.h"
#include "stream/shelf.h"

namespace sluice::deliver {

class HlsDelivery;

// A request that is understood.
struct HlsRequest {
  std::unique_ptr<http::Exchange> exchange;
  HlsFile file;
  HlsDirectives directives;
  std::string main;                     // whose session it is; it may be for a rendition of it
  std::string session_name;             // empty: it came without
  bool by_cookie = false;               // its name is in a cookie, not in the path
  std::shared_ptr<HlsSession> session;  // null until it has begun
  base::MonoTime since = base::mono_now();
  HlsHolds::Place place;  // while it waits
};

class HlsChannel final : public stream::NameWatcher {
 public:
  struct Key {
    std::string main;  // whose viewers ask
    std::string name;  // what they are shown
    stream::Format format;
    friend auto operator<=>(const Key &, const Key &) = default;
  };
  HlsChannel(HlsDelivery &delivery, const Key &key);
  ~HlsChannel();
  HlsChannel(const HlsChannel &) = delete;
  HlsChannel &operator=(const HlsChannel &) = delete;

  // Somebody will ask soon.
  void expect() { last_request_ = base::mono_now(); }
  // Answers now, or when there is what was asked for, or with an error in the end.
  void admit(HlsRequest request);
  // A few times per second: the deadlines of those who wait.
  void tick(base::MonoTime now);
  // Nobody waits here, and nobody has come for long.
  [[nodiscard]] bool is_idle(base::MonoTime now) const;
  // Answers everybody who waits that the node is shutting down.
  void drain();

 private:
  // NameWatcher
  void on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) override;

  void subscribe();
  void unsubscribe();
  void refresh();
  void retire(const stream::SegmentList &before);
  void answer_waiting();
  // False: it has to wait.
  bool try_answer(HlsRequest &request);
  bool try_playlist(HlsRequest &request);
  bool try_master(HlsRequest &request, bool is_last_chance);
  void answer_master(HlsRequest &request, HlsRenditions::Survey survey);
  bool try_file(HlsRequest &request);
  void answer_bytes(HlsRequest &request, std::shared_ptr<const http::Body> body, bool init);
  [[nodiscard]] const stream::Segment *find_segment(std::uint64_t number) const;
  [[nodiscard]] std::shared_ptr<const stream::Init> find_init(std::uint64_t number) const;
  http::CodedText &playlist(bool delta);
  [[nodiscard]] bool lists_parts() const;
  [[nodiscard]] bool has_nothing() const;
  // Whether it waits for the stream to begin, rather than for the future of one that has.
  [[nodiscard]] bool has_begun() const;
  // A player that begins now is shown what is new, not what a publisher that is gone has left.
  [[nodiscard]] bool waits_for_stream(const HlsRequest &request) const;
  [[nodiscard]] bool may_wait(const HlsRequest &request, base::MonoTime now) const;
  void wait(HlsRequest request);
  void give_up(HlsRequest &request);
  void forget(http::Exchange &exchange);

  HlsDelivery &delivery_;
  const std::string main_;
  const std::string name_;
  const stream::Format format_;
  HlsRenditions renditions_;
  std::shared_ptr<const stream::StreamEntry> entry_;       // null when the name is not known
  std::shared_ptr<const stream::StreamEntry> subscribed_;  // whose segments are asked for
  std::shared_ptr<stream::Subscriber> subscriber_;
  std::shared_ptr<stream::SegmentLog> log_;  // that list_ is of
  std::shared_ptr<const stream::SegmentList> list_;
  std::string run_;
  // Players that are behind may still ask for what has just left the list.
  std::deque<std::shared_ptr<const stream::Segment>> retired_;

  // What the text of a list follows from: one without parts stays when the list grows by a part.
  struct Shown {
    bool with_parts = false;
    std::uint64_t version = 0;  // with parts only
    std::uint64_t first = 0, next = 0, discontinuities = 0;
    media::Ticks target{0};
    friend bool operator==(const Shown &, const Shown &) = default;
  };
  [[nodiscard]] Shown shown() const;

  // The texts of one list, for all who ask.
  struct Rendered {
    Shown of;
    std::shared_ptr<http::CodedText> whole;
    std::shared_ptr<http::CodedText> delta;
  };
  Rendered rendered_;
  std::vector<HlsRequest> waiting_;
  base::MonoTime last_request_ = base::mono_now();
};

}  // namespace sluice::deliver
