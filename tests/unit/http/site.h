// SPDX-License-Identifier: Apache-2.0
// Site: a server on the test's loop with a few routes, and ways to connect to it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "http/exchange.h"
#include "http/ranges.h"
#include "http/server.h"
#include "metrics/registry.h"
#include "support/socket_pair.h"

namespace sluice::test {

// A body that lies in more pieces than one write takes, and is larger than what the kernel holds.
class ManyPieces final : public http::Body {
 public:
  static constexpr std::size_t kPiece = 300'007;
  static constexpr std::size_t kPieces = 70;
  ManyPieces() {
    for (std::size_t i = 0; i < kPieces; ++i)
      pieces_.emplace_back(kPiece, static_cast<char>('0' + i));
  }
  [[nodiscard]] std::uint64_t size() const override { return kPiece * kPieces; }
  std::size_t gather(std::uint64_t offset, std::uint64_t length,
                     std::span<iovec> pieces) const override {
    std::size_t used = 0;
    while (length > 0 && used < pieces.size()) {
      const std::string &piece = pieces_[offset / kPiece];
      std::uint64_t skipped = offset % kPiece;
      std::uint64_t bytes = std::min<std::uint64_t>(length, kPiece - skipped);
      pieces[used++] = {const_cast<char *>(piece.data()) + skipped, bytes};
      offset += bytes;
      length -= bytes;
    }
    return used;
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const std::string &piece : pieces_)
      all += piece;
    return all;
  }

 private:
  std::vector<std::string> pieces_;
};

// A server on the test's loop with a few routes, and clients that connect to it.
class Site {
 public:
  explicit Site(http::ServerOptions options = {}, net::Admission::Limits limits = {100, 100})
      : admission(limits) {
    router.add(http::Method::Get, "/hello",
               [](auto exchange) { exchange->respond(text("hello")); });
    router.add(http::Method::Post, "/echo",
               [](auto exchange) { exchange->respond(text(exchange->request().body)); });
    router.add(http::Method::Get, "/late",
               [this](auto exchange) { waiting = std::move(exchange); });
    router.add(http::Method::Get, "/forgotten", [](auto) {});
    router.add(http::Method::Get, "/large",
               [](auto exchange) { exchange->respond(text(std::string(kLarge, 'x'))); });
    router.add(http::Method::Get, "/stored", [this](auto exchange) {
      http::Response response;
      response.stored = http::BodyRange::whole(stored);
      http::answer_as_asked(exchange->request(), "\"tag\"", response);
      exchange->respond(std::move(response));
    });
    router.add(http::Method::Get, "/stream", [this](auto exchange) {
      if (!exchange->claim_connection()) return;
      std::string head = exchange->stream_head(200, {{"Content-Type", "video/x-flv"}});
      detached = exchange->detach();
      [[maybe_unused]] auto sent = detached.socket->write(base::as_bytes(head));
    });
    server = std::make_unique<http::Server>(*loop, std::move(options), router, metrics, admission);
  }

  static constexpr std::size_t kLarge = 20'000'000;

  static http::Response text(std::string body) {
    http::Response response;
    response.content_type = "text/plain";
    response.body = std::move(body);
    return response;
  }

  Peer connect() {
    SocketPair pair = connected_pair(loop);
    server->accept(std::move(pair.socket));
    return std::move(pair.peer);
  }
  // As if ALPN had agreed on HTTP/2. refusal: why the connection is over a limit.
  Peer connect_http2(const char *refusal = nullptr) {
    SocketPair pair = connected_pair(loop);
    newest_fd = pair.socket->fd();
    http::Newcomer newcomer;
    newcomer.socket = std::move(pair.socket);
    newcomer.refusal = refusal;
    newcomer.deadline = base::mono_now() + server->options().header_timeout;
    server->welcome(std::move(newcomer), http::HttpVersion::Http2);
    return std::move(pair.peer);
  }

  [[nodiscard]] bool run_until_empty() {
    return loop.run_until([&] { return server->size() == 0; });
  }

  TestLoop loop;
  metrics::Registry registry{2};
  http::ServerMetrics metrics{registry};
  net::Admission admission;
  http::Router router;
  std::unique_ptr<http::Exchange> waiting;
  http::Detached detached;
  int newest_fd = -1;  // of the server's side of what connect_http2() connected last
  std::shared_ptr<const ManyPieces> stored = std::make_shared<ManyPieces>();
  std::unique_ptr<http::Server> server;
};

}  // namespace sluice::test
