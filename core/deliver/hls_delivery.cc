// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_delivery.h"

#include <algorithm>
#include <vector>

#include "deliver/query_name.h"
#include "deliver/waiting.h"
#include "http/cookie.h"
#include "wire/url.h"

namespace sluice::deliver {
namespace {

constexpr base::Millis kTick{250};

void respond_session_ended(http::Exchange &exchange) {
  exchange.respond_error(403, "session_ended", "an operator has ended this session");
}

void respond_moved(http::Exchange &exchange, std::string location) {
  http::Response response;
  response.status = 302;
  response.content_type = "";
  response.headers.push_back({"Location", std::move(location)});
  exchange.respond(std::move(response));
}

std::string master_of(const std::string &name, stream::Format container) {
  std::string query = container == stream::Format::Ts ? "?container=ts" : "";
  return "/" + name + "/index.m3u8" + query;
}

// A name that this node never gave, or gave for another stream. Whoever asks for its playlist, a
// player after a restart of the node or a link that was kept, is led to where sessions begin.
void respond_no_session(const HlsRequest &request) {
  if (request.file.kind == HlsFile::Kind::Playlist) {
    return respond_moved(*request.exchange, master_of(request.main, request.file.format));
  }
  request.exchange->respond_error(404, "unknown_session",
                                  "there is no such session; one begins at /S/C/index.m3u8");
}

// ?container=ts; anything else is fragmented MP4.
stream::Format asked_container(const http::Request &request) {
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
  for (const char *session : {"", "/{session}"}) {
    for (const char *rendition : {"", "/{rendition_server}/{rendition_camera}"}) {
      const std::string path = std::string("/{server}/{camera}") + session + rendition + "/{file}";
      router.add(http::Method::Get, path, [this](Taken x) { serve(std::move(x)); });
    }
  }
}

void HlsDelivery::redirect(http::Exchange &exchange) {
  auto name = name_in_query(exchange, shelf_.config()->stream.max_name_length);
  if (name) respond_moved(exchange, master_of(*name, asked_container(exchange.request())));
}

void HlsDelivery::serve(std::unique_ptr<http::Exchange> exchange) {
  const auto &asked = exchange->request();
  const std::size_t longest = shelf_.config()->stream.max_name_length;
  auto name = wire::StreamName::parse(asked.param("server"), asked.param("camera"), longest);
  auto file = parse_hls_file(asked.param("file"));
  HlsRequest request;
  request.session_name = asked.param("session");
  bool is_master = file && file->kind == HlsFile::Kind::Master;
  bool is_deeper = !request.session_name.empty() || !asked.param("rendition_camera").empty();
  bool is_session = request.session_name.empty() || is_hls_session(request.session_name);
  auto shown = name ? rendition_of(asked, wire::to_string(*name)) : std::nullopt;
  if (!shown || !file || !is_session || (is_master && is_deeper)) {
    return exchange->respond_error(404, "not_found",
                                   "no such resource; HLS begins at /S/C/index.m3u8");
  }
  shared_.metrics.requests[static_cast<std::size_t>(file->kind)]->add();
  auto directives = parse_hls_directives(asked.query);
  if (!directives) return exchange->respond_error(400, "bad_directive", directives.error());
  if (is_master) file->format = asked_container(asked);
  request.main = wire::to_string(*name);
  request.file = std::move(*file);
  request.directives = *directives;
  request.exchange = std::move(exchange);
  if (identify(request)) admit(std::move(request), *shown);
}

std::optional<std::string> HlsDelivery::rendition_of(const http::Request &asked,
                                                     const std::string &main) const {
  if (asked.param("rendition_camera").empty()) return main;
  std::string name(asked.param("rendition_server"));
  name.append("/").append(asked.param("rendition_camera"));
  const auto &listed = shelf_.config()->renditions(main);
  bool is_one = std::ranges::find(listed, name) != listed.end();
  return is_one ? std::optional(std::move(name)) : std::nullopt;
}

void HlsDelivery::admit(HlsRequest request, const std::string &name) {
  if (draining_) {
    return request.exchange->respond_unavailable("draining", "the node is shutting down");
  }
  // Without its playlist nobody knows of a segment, so one of an unknown stream starts nothing.
  auto kind = request.file.kind;
  bool is_playlist = kind == HlsFile::Kind::Master || kind == HlsFile::Kind::Playlist;
  if (!is_playlist && !shelf_.find(name)) {
    return request.exchange->respond_error(404, "not_found", "no such stream");
  }
  auto format = kind == HlsFile::Kind::Init ? stream::Format::Fmp4 : request.file.format;
  HlsChannel &shown = channel({request.main, name, format});
  shown.admit(std::move(request));
}

HlsChannel &HlsDelivery::channel(const HlsChannel::Key &key) {
  auto &channel = channels_[key];
  if (!channel) channel = std::make_unique<HlsChannel>(*this, key);
  return *channel;
}

// --- Sessions ---

bool HlsDelivery::identify(HlsRequest &request) {
  const bool has_path = !request.session_name.empty();
  request.by_cookie = !has_path && shelf_.config()->hls.session == config::HlsSession::Cookie;
  if (request.by_cookie) {
    request.session_name = http::find_cookie(request.exchange->request(), kHlsCookie).value_or("");
  }
  if (request.session_name.empty()) return true;
  switch (look_up(request)) {
    case Standing::Known:
      break;
    case Standing::Refused:
      respond_session_ended(*request.exchange);
      return false;
    case Standing::Unknown:
      // Nobody chooses what cookies a browser sends, so one that says nothing is as good as none.
      if (has_path) respond_no_session(request);
      request.session_name.clear();
      return !has_path;
  }
  if (!request.session) return true;
  request.session->touch();
  if (request.directives.msn || request.file.kind == HlsFile::Kind::Part) {
    request.session->asked_for_the_future();
  }
  return true;
}

HlsDelivery::Standing HlsDelivery::look_up(HlsRequest &request) {
  if (!is_hls_session(request.session_name)) return Standing::Unknown;
  auto found = shared_.sessions.find(request.session_name, base::mono_now());
  if (found.refused) return Standing::Refused;
  // A name that has a session was looked at when it began.
  const bool is_known = found.session ? found.session->is_for(request.main)
                                      : shared_.names.gave(request.session_name);
  if (!is_known) return Standing::Unknown;
  request.session = std::move(found.session);
  return Standing::Known;
}

std::string HlsDelivery::introduce(HlsRequest &request, http::Response &response) {
  const bool is_new = request.session_name.empty();
  if (is_new) request.session_name = shared_.names.make();
  if (!request.by_cookie) return request.session_name + "/";
  if (is_new) {
    response.headers.push_back(http::set_cookie(kHlsCookie, request.session_name,
                                                "/" + request.main + "/",
                                                request.exchange->request().secure));
  }
  return {};
}

bool HlsDelivery::enter(HlsRequest &request, const stream::StreamEntry &entry) {
  if (request.session_name.empty()) return true;
  const bool is_open = request.session && request.session->state() == HlsSession::State::Open;
  return is_open || begin_session(request, entry);
}

bool HlsDelivery::keep(const HlsRequest &request) {
  if (!request.session) return true;
  request.session->touch();
  if (request.session->state() != HlsSession::State::Kicked) return true;
  respond_session_ended(*request.exchange);
  return false;
}

HlsHolds::Place HlsDelivery::hold(const HlsRequest &request) {
  auto place = shared_.holds.take({request.session_name, request.exchange->request().peer.site()},
                                  per_host());
  if (!place) shared_.metrics.refused_held.add();
  return place;
}

// One host may have as many viewers, and as many requests that are held, as it may have
// connections that stay.
std::uint32_t HlsDelivery::per_host() const {
  return shelf_.config()->http.max_connections_per_address;
}

bool HlsDelivery::begin_session(HlsRequest &request, const stream::StreamEntry &entry) {
  auto &exchange = *request.exchange;
  const auto &asked = exchange.request();
  auto refuse = [&] {
    respond_no_seat(exchange, shared_.delivery);
    return false;
  };
  if (draining_) {
    exchange.respond_unavailable("draining", "the node is shutting down");
    return false;
  }
  const std::string &name = request.session_name;
  // The request may have waited while its session was ended.
  if (shared_.sessions.find(name, base::mono_now()).refused) {
    respond_session_ended(exchange);
    return false;
  }
  // Whatever is shown of it, the seat is the main stream's, if that is there.
  const auto main = shelf_.find(request.main);
  const auto counters = main ? main->counters : entry.counters;
  // HEAD tells what GET would be answered, and begins nothing.
  if (asked.method == http::Method::Head) {
    return shared_.delivery.has_seat(shelf_.config()->deliver, *counters) || refuse();
  }
  if (!shared_.delivery.take_seat(shelf_.config()->deliver, *counters)) return refuse();
  auto made = std::make_shared<HlsSession>(HlsSession::Facts{
      .name = name,
      .stream = request.main,
      .peer = asked.peer.to_string(),
      .host = asked.peer.site(),
      .correlation_id = asked.correlation_id,
      .user_agent = std::string(asked.find_header("User-Agent").value_or("").substr(0, 256)),
      .counters = counters});
  request.session = shared_.sessions.add(made, per_host());
  if (request.session != made) {
    shared_.delivery.give_seat_back(*counters);
    // Another loop was quicker, if it is not the host that has too many.
    return request.session != nullptr || refuse();
  }
  made->enter(shelf_.sessions(), [this, name] { end_session(name, "kicked"); });
  sessions_.emplace(name, std::move(made));
  shared_.metrics.viewers.add(1);
  return true;
}

void HlsDelivery::end_session(const std::string &name, const char *reason) {
  auto found = sessions_.find(name);
  if (found == sessions_.end()) return;
  auto session = std::move(found->second);
  sessions_.erase(found);
  const bool kicked = std::string_view(reason) == "kicked";
  if (kicked) {
    const auto refused_for = shelf_.config()->hls.session_timeout;
    shared_.sessions.refuse(session->facts().name, base::mono_now() + refused_for);
  }
  shared_.sessions.remove(*session);
  session->leave(shelf_.sessions(), kicked ? HlsSession::State::Kicked : HlsSession::State::Ended);
  stream::log_session_end(session->describe(), reason);
  shared_.delivery.ends.count(reason);
  shared_.metrics.viewers.add(-1);
  shared_.delivery.give_seat_back(*session->facts().counters);
  // Its own callback may be what has led here.
  shelf_.loop().defer([session = std::move(session)]() mutable { session.reset(); });
}

void HlsDelivery::respond(HlsRequest &request, const stream::StreamEntry *entry,
                          http::Response response) {
  auto &exchange = *request.exchange;
  const bool has_body = exchange.request().method != http::Method::Head;
  const std::uint64_t bytes = has_body ? response.stored.size() : 0;
  shared_.metrics.egress_bytes.add(bytes);
  if (entry != nullptr) entry->counters->bytes_out.fetch_add(bytes, std::memory_order_relaxed);
  if (request.session) request.session->add_bytes(bytes);
  exchange.respond(std::move(response));
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
    } else if (!is_any_known(shelf_, session->facts().stream)) {
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
