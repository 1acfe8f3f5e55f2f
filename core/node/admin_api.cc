// SPDX-License-Identifier: Apache-2.0
#include "node/admin_api.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/hash.h"
#include "http/exchange.h"
#include "node/admin_json.h"
#include "node/node.h"
#include "node/scrape.h"

namespace sluice::node {
namespace {

// The admin API is for a few operators and a scraper.
constexpr net::Admission::Limits kLimits{256, 256};

void answer_json(http::Exchange &exchange, std::string body, int status = 200) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  exchange.respond(std::move(response));
}

// A page of another origin must not reach the API, and a rebound DNS name must not reach one that
// trusts loopback.
http::ServerOptions admin_options(const config::Config &config) {
  http::ServerOptions options = server_options(config);
  options.cors_origin.clear();
  options.limits.numeric_host_only = config.admin.token.empty();
  return options;
}

}  // namespace

AdminApi::AdminApi(Node &node)
    : node_(node),
      token_(node.config().admin.token),
      admission_(kLimits),
      self_(std::make_shared<AdminApi *>(this)) {
  using http::Method;
  router_.add(Method::Get, "/healthz", [this](Taken x) { health(std::move(x)); });
  router_.add(Method::Get, "/readyz", [this](Taken x) { readiness(std::move(x)); });
  add(Method::Get, "/metrics", &AdminApi::metrics);
  add(Method::Get, "/api/v1/node", &AdminApi::node);
  add(Method::Get, "/api/v1/streams", &AdminApi::streams);
  add(Method::Get, "/api/v1/sessions", &AdminApi::sessions);
  add(Method::Delete, "/api/v1/sessions/{id}", &AdminApi::kick);
  add(Method::Get, "/api/v1/sources", &AdminApi::sources);
  add(Method::Get, "/api/v1/sources/{server}/{camera}", &AdminApi::source);
  add(Method::Put, "/api/v1/sources/{server}/{camera}", &AdminApi::put_source);
  add(Method::Delete, "/api/v1/sources/{server}/{camera}", &AdminApi::remove_source);
  server_ = std::make_unique<http::Server>(node_.loop(), admin_options(node_.config()), router_,
                                           node_.shared().http_metrics, admission_);
}

AdminApi::~AdminApi() { *self_ = nullptr; }

base::Status AdminApi::listen(const std::vector<net::Address> &addresses) {
  for (const net::Address &address : addresses) {
    auto accept = [this](std::unique_ptr<net::Socket> socket) {
      server_->accept(std::move(socket));
    };
    SLUICE_TRY(listener, net::Listener::open(node_.loop(), address, std::move(accept)));
    listeners_.push_back(std::move(listener));
  }
  return {};
}

void AdminApi::apply(const config::Config &config) { server_->set_options(admin_options(config)); }

std::vector<net::Address> AdminApi::addresses() const {
  std::vector<net::Address> bound;
  for (const auto &listener : listeners_)
    bound.push_back(listener->address());
  return bound;
}

void AdminApi::add(http::Method method, const char *pattern, void (AdminApi::*answer)(Taken)) {
  router_.add(method, pattern, [this, answer](Taken exchange) {
    if (authorized(exchange->request())) return (this->*answer)(std::move(exchange));
    exchange->respond_error(401, "unauthorized",
                            "the admin API wants Authorization: Bearer <admin.token>",
                            {{"WWW-Authenticate", "Bearer"}});
  });
}

bool AdminApi::authorized(const http::Request &request) const {
  return token_.empty() ||
         base::equal_constant_time(base::as_bytes(request.bearer_token()), base::as_bytes(token_));
}

void AdminApi::health(Taken exchange) { answer_json(*exchange, R"({"status":"ok"})"); }

void AdminApi::readiness(Taken exchange) {
  switch (node_.state()) {
    case State::Ready:
      return answer_json(*exchange, R"({"status":"ready"})");
    case State::Starting:
      return answer_json(*exchange, R"({"status":"starting"})", 503);
    case State::Draining:
      return answer_json(*exchange, R"({"status":"draining"})", 503);
  }
}

void AdminApi::metrics(Taken exchange) {
  http::Response response;
  response.content_type = metrics::kTextContentType;
  response.body = scrape(node_);
  exchange->respond(std::move(response));
}

void AdminApi::node(Taken exchange) { answer_json(*exchange, node_json(node_)); }

void AdminApi::streams(Taken exchange) { answer_json(*exchange, streams_json(node_)); }

// Every worker is asked for its sessions; the answer goes out when the last one has replied.
void AdminApi::sessions(Taken exchange) {
  Number number = keep(std::move(exchange), node_.workers().size());
  auto reply = [self = self_, number](std::vector<stream::SessionInfo> part) {
    if (*self != nullptr) (*self)->take_sessions(number, std::move(part));
  };
  for (const auto &worker : node_.workers()) {
    bool asked = worker->loop().post([&shelf = worker->shelf(), &main = node_.loop(), reply] {
      auto part = shelf.sessions().describe();
      main.tell([reply, part = std::move(part)]() mutable { reply(std::move(part)); });
    });
    if (!asked) take_sessions(number, {});
  }
}

void AdminApi::kick(Taken exchange) {
  auto id = base::parse_session_id(exchange->request().param("id"));
  const auto &workers = node_.workers();
  if (!id || id->loop == 0 || id->loop > workers.size()) {
    return exchange->respond_error(404, "not_found", "no such session");
  }
  Number number = keep(std::move(exchange), 1);
  auto reply = [self = self_, number, id = *id](bool kicked) {
    if (*self != nullptr) (*self)->take_kick(number, id, kicked);
  };
  Worker &worker = *workers[id->loop - 1U];
  bool asked = worker.loop().post([&shelf = worker.shelf(), &main = node_.loop(), reply, id = *id] {
    bool kicked = shelf.sessions().kick(id);
    main.tell([reply, kicked] { reply(kicked); });
  });
  if (!asked) take_kick(number, *id, false);
}

AdminApi::Number AdminApi::keep(Taken exchange, std::size_t replies) {
  Number number = ++last_number_;
  exchange->on_abort([this, number] { asked_.erase(number); });
  asked_.emplace(number, Asked{std::move(exchange), replies, {}});
  return number;
}

void AdminApi::take_sessions(Number number, std::vector<stream::SessionInfo> part) {
  auto found = asked_.find(number);
  if (found == asked_.end()) return;  // the client has gone
  std::ranges::move(part, std::back_inserter(found->second.sessions));
  if (--found->second.missing > 0) return;
  Asked asked = std::move(found->second);
  asked_.erase(found);
  auto stream = asked.exchange->request().query.find("stream");
  answer_json(*asked.exchange, sessions_json(asked.sessions, stream));
}

void AdminApi::take_kick(Number number, base::SessionId id, bool kicked) {
  auto found = asked_.find(number);
  if (found == asked_.end()) return;  // the client has gone
  Asked asked = std::move(found->second);
  asked_.erase(found);
  if (kicked) return answer_json(*asked.exchange, kicked_json(id));
  asked.exchange->respond_error(404, "not_found", "no such session");
}

}  // namespace sluice::node
