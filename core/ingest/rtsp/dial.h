// SPDX-License-Identifier: Apache-2.0
// Dial: from a camera's URL to a connection on which RTSP can be spoken: name, TCP, TLS for rtsps,
// and the two connections of the HTTP tunnel. Lives on its loop; destroying it gives up.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "ingest/rtsp/http_tunnel.h"
#include "net/connector.h"
#include "net/outbox.h"
#include "net/socket.h"
#include "net/tls_client_context.h"
#include "wire/rtsp_auth.h"
#include "wire/rtsp_url.h"

namespace sluice::ingest::rtsp {

struct DialRequest {
  wire::rtsp::Url url;
  bool tunnel = false;  // RTSP over HTTP
  base::Millis timeout{10'000};
  const net::AddressFilter *filter = nullptr;        // borrowed; null admits all
  std::shared_ptr<const net::TlsClientContext> tls;  // for rtsps
};

struct Dialed {
  std::unique_ptr<net::Socket> socket;
  // Of a tunnel: RTSP that came behind its answer, the second connection, and what is to be sent
  // there first.
  std::string early;
  std::unique_ptr<net::Socket> return_path;
  std::string return_head;
};

class Dial final : net::SocketEvents {
 public:
  // Called once, on the loop, never from inside the constructor; may destroy the Dial.
  using Outcome = base::Result<Dialed>;
  using OnOutcome = std::function<void(Outcome)>;

  // resolver must outlive the Dial.
  Dial(loop::Loop &loop, net::Resolver &resolver, DialRequest request, OnOutcome on_outcome);
  ~Dial();
  Dial(const Dial &) = delete;
  Dial &operator=(const Dial &) = delete;

 private:
  void connect();
  void on_connected(net::Connector::Outcome outcome);
  void open_tunnel(std::unique_ptr<net::Socket> socket);
  void on_readable() override;
  void on_writable() override;
  base::Status take_answer();
  base::Status authorize(const TunnelAnswer &answer);
  void authorize_again(std::string_view method);
  void finish(Outcome outcome);

  loop::Loop &loop_;
  net::Resolver &resolver_;
  DialRequest request_;
  OnOutcome on_outcome_;
  wire::rtsp::Authenticator authenticator_;
  TunnelTarget target_;
  std::unique_ptr<net::Connector> connector_;
  std::unique_ptr<net::Socket> get_;   // of the tunnel
  std::optional<net::Outbox> outbox_;  // of get_
  std::string answer_;                 // to the GET, so far
  std::string early_;
  bool get_answered_ = false;
  loop::Timer deadline_;
};

}  // namespace sluice::ingest::rtsp
