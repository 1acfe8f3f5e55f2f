// SPDX-License-Identifier: Apache-2.0
// TlsPair: a server's and a client's net::Socket on one TestLoop, connected to each other; and a
// server's one whose peer is a plain descriptor, for what no proper client does.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "support/certificates.h"
#include "support/socket_pair.h"
#include "support/temp_folder.h"

namespace sluice::test {

inline std::shared_ptr<const net::TlsServerContext> server_context(
    std::vector<CertificateWish> wishes = {{.names = {"DNS:a.example"}}},
    net::TlsServerOptions options = {}) {
  for (const CertificateWish &wish : wishes)
    options.certificates.push_back(parsed_certificate(wish));
  if (options.tickets == nullptr) options.tickets = std::make_shared<net::TlsTickets>();
  auto context = net::TlsServerContext::make(std::move(options));
  REQUIRE(context.has_value());
  return *context;
}

inline std::shared_ptr<const net::TlsClientContext> trusting_client() {
  auto context = net::TlsClientContext::make_blocking({.trust = net::TlsTrust::Anyone});
  REQUIRE(context.has_value());
  return *context;
}

// One end: keeps what it reads, and what it learns of the connection.
class TlsEnd final : public net::SocketEvents {
 public:
  explicit TlsEnd(std::unique_ptr<net::Socket> s) : socket(std::move(s)) {
    socket->set_events(this);
  }

  void on_readable() override {
    ++readable;
    std::vector<std::byte> memory(read_size);
    auto got = socket->read(memory);
    if (!got) {
      error = got.error();
      failed = true;
      socket->watch_readable(false);
      return;
    }
    seen += base::as_text(base::Bytes(memory).first(*got));
  }
  void on_writable() override {
    ++writable;
    socket->watch_writable(false);
  }

  std::unique_ptr<net::Socket> socket;
  std::string seen;
  std::size_t read_size = 4096;
  int readable = 0;
  int writable = 0;
  bool failed = false;
  base::Error error;
};

struct TlsPair {
  TlsPair(TestLoop &loop, std::shared_ptr<const net::TlsServerContext> server_tls,
          std::shared_ptr<const net::TlsClientContext> client_tls,
          const std::string &host = "a.example", const net::TlsService &service = {"test", false})
      : TlsPair(connected_sockets(loop)) {
    REQUIRE(server.socket->start_tls_server(std::move(server_tls), service).has_value());
    REQUIRE(client.socket->start_tls_client(std::move(client_tls), host).has_value());
  }

  [[nodiscard]] bool open() const { return server.socket->tls() && client.socket->tls(); }

  TlsEnd server;
  TlsEnd client;

 private:
  using Sockets = std::pair<std::unique_ptr<net::Socket>, std::unique_ptr<net::Socket>>;
  explicit TlsPair(Sockets sockets)
      : server(std::move(sockets.first)), client(std::move(sockets.second)) {}

  static Sockets connected_sockets(TestLoop &loop) {
    SocketPair pair = connected_pair(loop);
    net::Address server_address = pair.socket->local();
    net::Address client_address = pair.socket->peer();
    auto client =
        std::make_unique<net::Socket>(*loop, pair.peer.release(), server_address, client_address);
    return {std::move(pair.socket), std::move(client)};
  }
};

}  // namespace sluice::test
