// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <utility>
#include <vector>

#include "http/connection.h"

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
  auto owned = std::make_unique<Connection>(*this, std::move(socket));
  Connection &connection = *owned;
  connections_.emplace(&connection, std::move(owned));
  metrics_.connection_opened();
  if (admitted) return connection.serve(std::move(*permit));
  ++refused_;
  connection.refuse(draining_ ? "this node is shutting down" : "too many connections");
}

void Server::set_options(ServerOptions options) {
  loop_.assert_here();
  options_ = std::move(options);
}

void Server::drain() {
  loop_.assert_here();
  draining_ = true;
  std::vector<Connection *> all;
  for (const auto &[connection, owned] : connections_)
    all.push_back(connection);
  // Only a connection itself ends in its drain(), so the pointers stay good.
  for (Connection *connection : all)
    connection->drain();
}

void Server::release(Connection &connection) {
  auto node = connections_.extract(&connection);
  if (node.empty()) return;
  if (connection.refused()) --refused_;
  metrics_.connection_closed();
  loop_.defer([ended = std::move(node.mapped())] {});
}

}  // namespace sluice::http
