// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <utility>
#include <vector>

#include "http/arrival.h"
#include "http/connection.h"
#include "http/h2_connection.h"

namespace sluice::http {
namespace {

// Connections over the limits that are told so politely at one time, per loop. Further ones are
// just closed.
constexpr std::size_t kMaxRefused = 256;

}  // namespace

Server::Server(loop::Loop &loop, ServerOptions options, const Router &router,
               ServerMetrics &metrics, net::Admission &admission)
    : loop_(loop),
      options_(std::move(options)),
      router_(router),
      metrics_(metrics),
      admission_(admission) {}

Server::~Server() {
  loop_.assert_here();
  while (!connections_.empty())
    connections_.begin()->second->end();
}

void Server::accept(std::unique_ptr<net::Socket> socket) {
  loop_.assert_here();
  auto permit = admission_.admit(socket->peer());
  bool admitted = permit.has_value() && !draining_;
  if (!permit && permit.error() == net::Admission::Refusal::Total) metrics_.refused_over_limit();
  if (!permit && permit.error() == net::Admission::Refusal::PerAddress) {
    metrics_.refused_over_address_limit();
  }
  if (!admitted && refused_ >= kMaxRefused) return;
  Newcomer newcomer;
  newcomer.socket = std::move(socket);
  newcomer.deadline = base::mono_now() + options_.header_timeout;
  if (permit) newcomer.permit = std::move(*permit);
  if (!admitted) {
    newcomer.refusal = draining_ ? "this node is shutting down" : "too many connections";
  }
  if (!newcomer.socket->is_tls()) return welcome(std::move(newcomer), HttpVersion::Http1);
  hold(std::make_unique<Arrival>(*this, std::move(newcomer)));
}

void Server::welcome(Newcomer newcomer, HttpVersion version) {
  if (version == HttpVersion::Http1) {
    return hold(std::make_unique<Connection>(*this, std::move(newcomer)));
  }
  metrics_.http2_agreed();
  hold(std::make_unique<H2Connection>(*this, std::move(newcomer)));
}

void Server::hold(std::unique_ptr<ServerConnection> owned) {
  ServerConnection &connection = *owned;
  connections_.emplace(&connection, std::move(owned));
  metrics_.connection_opened();
  if (connection.refused()) ++refused_;
  connection.begin();
}

void Server::set_options(ServerOptions options) {
  loop_.assert_here();
  options_ = std::move(options);
}

void Server::drain() {
  loop_.assert_here();
  draining_ = true;
  std::vector<ServerConnection *> all;
  for (const auto &[connection, owned] : connections_)
    all.push_back(connection);
  // Only a connection itself ends in its drain(), so the pointers stay good.
  for (ServerConnection *connection : all)
    connection->drain();
}

void Server::release(ServerConnection &connection) {
  auto node = connections_.extract(&connection);
  if (node.empty()) return;
  if (connection.refused()) --refused_;
  metrics_.connection_closed();
  loop_.defer([ended = std::move(node.mapped())] {});
}

}  // namespace sluice::http
