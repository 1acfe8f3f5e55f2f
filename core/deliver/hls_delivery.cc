// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_delivery.h"

#include <vector>

#include "wire/url.h"

namespace sluice::deliver {
namespace {

constexpr base::Millis kTick{250};

void respond_session_ended(http::Exchange &exchange) {
  exchange.respond_error(403, "session_ended", "an operator has ended this session");
}

// ?container=ts; anything else is fragmented MP4.
stream::Format container_of(const http::Request &request) {
  bool is_ts = request.query.find("container").value_or("") == "ts";
  return is_ts ? stream::Format::Ts : stream::Format::Fmp4;
}

}  // namespace

HlsDelivery::HlsDelivery(stream::Shelf &shelf, HlsShared &shared)
    : shelf_(shelf), shared_(shared), tick_(shelf.loop(), [this] { tick(); }) {
  tick_.start_repeating(kTick);
}

HlsDelivery::~HlsDelivery() {
  while (!sessions_.empty())
    end_session(sessions_.begin()->first, "shutdown");
}

// --- URLs ---

void HlsDelivery::add_routes(http::Router &router) {
  using Taken = std::unique_ptr<http::Exchange>;
  router.add(http::Method::Get, "/hls", [this](Taken x) { redirect(*x); });
  router.add(http::Method::Get, "/{server}/{camera}/{file}",
             [this](Taken x) { serve(std::move(x), false); });
  router.add(http::Method::Get, "/{server}/{camera}/{session}/{file}",
             [this](Taken x) { serve(std::move(x), true); });
}

void HlsDelivery::redirect(http::Exchange &exchange) {
  const auto &request = exchange.request();
  auto name = wire::StreamName::parse(request.query.find("server").value_or(""),
                                      request.query.find("camera").value_or(""),
                                      shelf_.config()->stream.max_name_length);
  if (!name) {
    return exchange.respond_error(400, "bad_name",
                                  "the query must name a stream: ?server=S&camera=C");
  }
  std::string location = "/" + wire::to_string(*name) + "/index.m3u8";
  if (container_of(request) == stream::Format::Ts) location += "?container=ts";
  http::Response response;
  response.status = 302;
  response.content_type = "";
  response.headers.push_back({"Location", std::move(location)});
  exchange.respond(std::move(response));
}

void HlsDelivery::serve(std::unique_ptr<http::Exchange> exchange, bool with_session) {
  const auto &asked = exchange->request();
  auto name = wire::StreamName::parse(asked.param("server"), asked.param("camera"),
                                      shelf_.config()->stream.max_name_length);
  auto file = parse_hls_file(asked.param("file"));
  std::string session(asked.param("session"));
  bool is_master = file && file->kind == HlsFile::Kind::Master;
  if (!name || !file || (with_session && (is_master || !is_hls_session(session)))) {
    return exchange->respond_error(404, "not_found",
                                   "no such resource; HLS begins at /S/C/index.m3u8");
  }
  shared_.metrics.requests[static_cast<std::size_t>(file->kind)]->add();
  if (with_session && shared_.sessions.refuses(session, base::mono_now())) {
    return respond_session_ended(*exchange);
  }
  auto directives = parse_hls_directives(asked.query);
  if (!directives) return exchange->respond_error(400, "bad_directive", directives.error());
  if (is_master) file->format = container_of(asked);
  admit({std::move(exchange), std::move(*file), *directives, std::move(session)},
        wire::to_string(*name));
}

void HlsDelivery::admit(HlsRequest request, const std::string &name) {
  if (draining_) {
    return request.exchange->respond_unavailable("draining", "the node is shutting down");
  }
  // Without its playlist nobody knows of a segment, so one of an unknown stream starts nothing.
  auto kind = request.file.kind;
  bool is_playlist = kind == HlsFile::Kind::Master || kind == HlsFile::Kind::Playlist;
  const std::pair key{
      name, request.file.kind == HlsFile::Kind::Init ? stream::Format::Fmp4 : request.file.format};
  if (!is_playlist && !shelf_.find(name)) {
    return request.exchange->respond_error(404, "not_found", "no such stream");
  }
  auto &channel = channels_[key];
  if (!channel) channel = std::make_unique<HlsChannel>(*this, name, key.second);
  channel->admit(std::move(request));
}

// --- Sessions ---

bool HlsDelivery::enter(HlsRequest &request, const std::string &session,
                        const stream::StreamEntry &entry) {
  if (session.empty()) return true;
  auto known = shared_.sessions.find(session, entry.name);
  if (!known) return begin_session(request, session, entry);
  known->touch();
  if (request.directives.msn || request.file.kind == HlsFile::Kind::Part)
    known->asked_for_the_future();
  return true;
}

bool HlsDelivery::begin_session(HlsRequest &request, const std::string &session,
                                const stream::StreamEntry &entry) {
  auto &exchange = *request.exchange;
  const auto &asked = exchange.request();
  auto refuse = [&] {
    shared_.delivery.refused_viewers.add();
    exchange.respond_unavailable("too_many_viewers", "no more viewers are taken");
    return false;
  };
  if (draining_) {
    exchange.respond_unavailable("draining", "the node is shutting down");
    return false;
  }
  // The request may have waited while its session was ended.
  if (shared_.sessions.refuses(session, base::mono_now())) {
    respond_session_ended(exchange);
    return false;
  }
  if (!shared_.delivery.take_seat(shelf_.config()->deliver, *entry.counters)) return refuse();
  auto made = std::make_shared<HlsSession>(HlsSession::Facts{
      .name = session,
      .stream = entry.name,
      .peer = asked.peer.to_string(),
      .host = asked.peer.site(),
      .correlation_id = asked.correlation_id,
      .user_agent = std::string(asked.find_header("User-Agent").value_or("").substr(0, 256)),
      .counters = entry.counters});
  // One host may have as many viewers this way as it may by connections that stay.
  auto added = shared_.sessions.add(made, shelf_.config()->http.max_connections_per_address);
  if (added != HlsSessions::Added::Yes) {
    shared_.delivery.give_seat_back(*entry.counters);
    // Another loop was quicker, or the name is that of a session of another stream.
    return added == HlsSessions::Added::Exists || refuse();
  }
  made->enter(shelf_.sessions(), [this, session] { end_session(session, "kicked"); });
  sessions_.emplace(session, std::move(made));
  shared_.metrics.viewers.add(1);
  return true;
}

void HlsDelivery::end_session(const std::string &name, const char *reason) {
  auto found = sessions_.find(name);
  if (found == sessions_.end()) return;
  auto session = std::move(found->second);
  sessions_.erase(found);
  if (std::string_view(reason) == "kicked") {
    const auto refused_for = shelf_.config()->hls.session_timeout;
    shared_.sessions.refuse(session->facts().name, base::mono_now() + refused_for);
  }
  shared_.sessions.remove(*session);
  session->leave(shelf_.sessions());
  stream::log_session_end(session->describe(), reason);
  shared_.delivery.ends.count(reason);
  shared_.metrics.viewers.add(-1);
  shared_.delivery.give_seat_back(*session->facts().counters);
  // Its own callback may be what has led here.
  shelf_.loop().defer([session = std::move(session)]() mutable { session.reset(); });
}

void HlsDelivery::count(const std::string &session, const stream::StreamEntry &entry,
                        std::uint64_t bytes) {
  shared_.metrics.egress_bytes.add(bytes);
  entry.counters->bytes_out.fetch_add(bytes, std::memory_order_relaxed);
  if (session.empty()) return;
  if (auto known = shared_.sessions.find(session, entry.name)) known->add_bytes(bytes);
}

void HlsDelivery::tick() {
  auto now = base::mono_now();
  for (auto it = channels_.begin(); it != channels_.end();) {
    it->second->tick(now);
    it = it->second->is_idle(now) ? channels_.erase(it) : std::next(it);
  }
  const auto timeout = shelf_.config()->hls.session_timeout;
  std::vector<std::pair<std::string, const char *>> ended;
  for (const auto &[name, session] : sessions_) {
    if (now - session->last_request() > timeout) {
      ended.emplace_back(name, "timeout");
    } else if (!shelf_.find(session->facts().stream)) {
      ended.emplace_back(name, "stream_ended");
    }
  }
  for (const auto &[name, reason] : ended)
    end_session(name, reason);
}

void HlsDelivery::drain() {
  draining_ = true;
  for (auto &[key, channel] : channels_)
    channel->drain();
  while (!sessions_.empty())
    end_session(sessions_.begin()->first, "shutdown");
}

}  // namespace sluice::deliver
