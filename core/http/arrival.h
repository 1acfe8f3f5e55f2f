// SPDX-License-Identifier: Apache-2.0
// Arrival: a connection over TLS until its handshake has ended, when ALPN has told which version of
// HTTP is spoken (RFC 9113 section 3.2).
#pragma once

#include "http/server_connection.h"
#include "loop/timer.h"

namespace sluice::http {

class Server;

class Arrival final : public ServerConnection, net::SocketEvents {
 public:
  Arrival(Server &server, Newcomer newcomer);

  void begin() override;
  void drain() override { end(); }
  void end() override;

 private:
  // SocketEvents: the first of either is the end of the handshake, good or bad.
  void on_readable() override { go_on(); }
  void on_writable() override { go_on(); }
  void go_on();

  Server &server_;
  Newcomer newcomer_;
  loop::Timer deadline_;
};

}  // namespace sluice::http
