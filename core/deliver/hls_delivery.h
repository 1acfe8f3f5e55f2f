// SPDX-License-Identifier: Apache-2.0
// HlsDelivery: the HLS of one loop. It answers the URLs of playlists and segments, owns the
// channels and the sessions that began here. Lives on its loop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "deliver/hls_channel.h"
#include "deliver/hls_session.h"
#include "deliver/hls_shared.h"
#include "http/router.h"
#include "loop/timer.h"
#include "stream/shelf.h"

namespace sluice::deliver {

class HlsDelivery {
 public:
  // Borrowed; shared by all loops.
  HlsDelivery(stream::Shelf &shelf, HlsShared &shared);
  ~HlsDelivery();
  HlsDelivery(const HlsDelivery &) = delete;
  HlsDelivery &operator=(const HlsDelivery &) = delete;

  void add_routes(http::Router &router);

  // Answers those who wait, ends the sessions, and takes no more.
  void drain();

  // For the channels.
  [[nodiscard]] stream::Shelf &shelf() const { return shelf_; }
  [[nodiscard]] HlsShared &shared() const { return shared_; }
  // The request belongs to the session, which begins if there is none of that name. False when it
  // may not: then the request is answered. An empty name is nobody, who may always.
  bool enter(HlsRequest &request, const std::string &session, const stream::StreamEntry &entry);
  // Bytes of an answer.
  void count(const std::string &session, const stream::StreamEntry &entry, std::uint64_t bytes);

 private:
  void redirect(http::Exchange &exchange);
  void serve(std::unique_ptr<http::Exchange> exchange, bool with_session);
  void admit(HlsRequest request, const std::string &name);
  bool begin_session(HlsRequest &request, const std::string &session,
                     const stream::StreamEntry &entry);
  void end_session(const std::string &name, const char *reason);
  void tick();

  stream::Shelf &shelf_;
  HlsShared &shared_;
  std::map<std::pair<std::string, stream::Format>, std::unique_ptr<HlsChannel>> channels_;
  std::map<std::string, std::shared_ptr<HlsSession>> sessions_;  // that began on this loop
  loop::Timer tick_;
  bool draining_ = false;
};

}  // namespace sluice::deliver
