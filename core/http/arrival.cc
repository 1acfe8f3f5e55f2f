// SPDX-License-Identifier: Apache-2.0
#include "http/arrival.h"

#include <utility>

#include "http/server.h"

namespace sluice::http {

Arrival::Arrival(Server &server, Newcomer newcomer)
    : ServerConnection(newcomer.refusal != nullptr),
      server_(server),
      newcomer_(std::move(newcomer)),
      deadline_(newcomer_.socket->loop(), [this] { end(); }) {}

void Arrival::begin() {
  deadline_.start(time_left(newcomer_.deadline));
  newcomer_.socket->set_events(this);
}

void Arrival::end() {
  deadline_.stop();
  newcomer_ = {};
  server_.release(*this);
}

void Arrival::go_on() {
  deadline_.stop();
  auto tls = newcomer_.socket->tls();  // none after a failure, which HTTP/1 will find when it reads
  bool http2 = tls && tls->protocol == "h2";
  server_.welcome(std::move(newcomer_), http2 ? HttpVersion::Http2 : HttpVersion::Http1);
  server_.release(*this);
}

}  // namespace sluice::http
