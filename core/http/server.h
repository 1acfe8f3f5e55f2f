// SPDX-License-Identifier: Apache-2.0
// Server: the HTTP connections of one loop. It is given accepted sockets, reads requests under
// deadlines, asks the router, and gives a connection away when a handler detaches it. Which version
// of HTTP is spoken is agreed on by ALPN; without TLS it is HTTP/1. Lives on its loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "http/request_parser.h"
#include "http/router.h"
#include "http/server_connection.h"
#include "http/server_metrics.h"
#include "loop/loop.h"
#include "net/admission.h"
#include "net/socket.h"

namespace sluice::http {

// What a listener over TLS agrees on, for net::TlsService.
inline constexpr std::string_view kAlpnHttp1 = "\x08http/1.1";
inline constexpr std::string_view kAlpnHttp2AndHttp1 = "\x02h2\x08http/1.1";

struct ServerOptions {
  base::Millis header_timeout{10'000};  // the whole request, from its first byte (or the accept) on
  base::Millis idle_timeout{30'000};    // between requests
  base::Millis send_timeout{
      10'000};  // in which the client must take 16 KiB, and a sixth of a stored body, or the rest
  RequestLimits limits;

  // Access-Control-Allow-Origin of every answer. Empty: no CORS, as the admin listener needs it,
  // where a page of another origin must not reach the API of a node without a token.
  std::string cors_origin = "*";
};

class Server {
 public:
  // router, metrics and admission are borrowed; metrics and admission are shared by all loops.
  Server(loop::Loop &loop, ServerOptions options, const Router &router, ServerMetrics &metrics,
         net::Admission &admission);
  ~Server();  // closes every connection; exchanges that wait are aborted
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  // Over the limits the client is answered 503 and closed.
  void accept(std::unique_ptr<net::Socket> socket);

  // For requests that begin from now on.
  void set_options(ServerOptions options);

  // Closes idle connections now and the others after their answer; refuses new ones. Those of
  // HTTP/2 are told so by a GOAWAY, and linger (2 s at most) until the client has closed too.
  void drain();

  // Connections held here; detached ones are not.
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

  // For its connections.
  [[nodiscard]] const ServerOptions &options() const { return options_; }
  [[nodiscard]] const Router &router() const { return router_; }
  [[nodiscard]] ServerMetrics &metrics() const { return metrics_; }
  [[nodiscard]] bool draining() const { return draining_; }
  // Begins with the version of HTTP that was agreed on.
  void welcome(Newcomer newcomer, HttpVersion version);
  // Forgets the connection, which lives until the current callback has returned.
  void release(ServerConnection &connection);

 private:
  void hold(std::unique_ptr<ServerConnection> connection);

  loop::Loop &loop_;
  ServerOptions options_;
  const Router &router_;
  ServerMetrics &metrics_;
  net::Admission &admission_;
  std::unordered_map<ServerConnection *, std::unique_ptr<ServerConnection>> connections_;
  std::size_t refused_ = 0;  // connections over the limits that are still being told so
  bool draining_ = false;
};

}  // namespace sluice::http
