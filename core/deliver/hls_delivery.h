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
  HlsChannel &channel(const HlsChannel::Key &key);  // which begins when there is none
  [[nodiscard]] stream::Shelf &shelf() const { return shelf_; }
  [[nodiscard]] HlsShared &shared() const { return shared_; }
  // A master playlist begins a session, unless the request has one. Returns what goes before the
  // URIs of the playlist: the session's directory, or nothing when a cookie, which the response
  // then sets, has its name.
  std::string introduce(HlsRequest &request, http::Response &response);
  // An answer goes to the request's session, which begins when it has not, or has ended. False when
  // it may not: then the request is answered. A request without one is nobody's, who may always.
  bool enter(HlsRequest &request, const stream::StreamEntry &entry);
  // The request waits, so its session goes on. False as with enter().
  bool keep(const HlsRequest &request);
  // A place for a request that is held; false inside when its client has too many.
  HlsHolds::Place hold(const HlsRequest &request);
  // Answers with a stored body, whose bytes are counted: at the stream that is shown, if it is
  // there.
  void respond(HlsRequest &request, const stream::StreamEntry *entry, http::Response response);

 private:
  void redirect(http::Exchange &exchange);
  void serve(std::unique_ptr<http::Exchange> exchange);
  // The stream that the path names behind the session: main itself, or a rendition of it.
  [[nodiscard]] std::optional<std::string> rendition_of(const http::Request &asked,
                                                        const std::string &main) const;
  // Finds the request's session, by its path or its cookie. False when it has one and may not: then
  // it is answered.
  bool identify(HlsRequest &request);
  // What a session's name is worth for a stream. A known one may have ended without being asked to.
  enum class Standing : std::uint8_t { Known, Unknown, Refused };
  Standing look_up(HlsRequest &request);
  void admit(HlsRequest request, const std::string &name);
  bool begin_session(HlsRequest &request, const stream::StreamEntry &entry);
  void end_session(const std::string &name, const char *reason);
  [[nodiscard]] std::uint32_t per_host() const;
  void tick();

  stream::Shelf &shelf_;
  HlsShared &shared_;
  std::map<HlsChannel::Key, std::unique_ptr<HlsChannel>> channels_;
  std::map<std::string, std::shared_ptr<HlsSession>> sessions_;  // that began on this loop
  loop::Timer tick_;
  bool draining_ = false;
};

}  // namespace sluice::deliver
