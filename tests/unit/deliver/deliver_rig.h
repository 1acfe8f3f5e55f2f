// SPDX-License-Identifier: Apache-2.0
// DeliverRig: a whole worker's delivery on a TestLoop, with an HTTP server in front of it; and
// clients over socket pairs that take apart what they get.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "deliver/delivery.h"
#include "http/server.h"
#include "support/socket_pair.h"
#include "support/stream_rig.h"
#include "wire/websocket.h"

namespace sluice::test {

// Short waits, and flushes that do not depend on how busy the machine is.
inline config::Config quick_config() {
  config::Config config;
  config.stream.track_wait = base::Millis(20);
  config.stream.unknown_wait = base::Millis(20);
  config.deliver.flush_interval_max = base::Millis(0);
  return config;
}

struct DeliverRig : StreamRig {
  explicit DeliverRig(config::Config c = quick_config()) : StreamRig(std::move(c)) {
    delivery = std::make_unique<deliver::Delivery>(*shelf, deliver_metrics, figures);
    delivery->add_routes(router);
    server = std::make_unique<http::Server>(*loop, http::ServerOptions{}, router, http_metrics,
                                            admission);
  }
  ~DeliverRig() {
    server.reset();
    delivery.reset();
    settle();  // Viewers go a little later, and their permits must find the admission.
  }

  [[nodiscard]] std::uint32_t viewers() const { return deliver_metrics.seats_taken.load(); }
  [[nodiscard]] std::uint64_t ended(std::string_view reason) {
    metrics::TextWriter text;
    registry.write(text);
    std::string all = text.str();
    std::string line =
        R"(sluice_sessions_total{kind="viewer",reason=")" + std::string(reason) + "\"} ";
    std::size_t at = all.find(line);
    return at == std::string::npos ? 0 : std::stoull(all.substr(at + line.size()));
  }

  deliver::DeliverMetrics deliver_metrics{registry};
  http::ServerMetrics http_metrics{registry};
  net::Admission admission{{10'000, 10'000}};
  deliver::LoopFigures figures;
  http::Router router;
  std::unique_ptr<deliver::Delivery> delivery;
  std::unique_ptr<http::Server> server;
};

inline const std::string kGetFlv = "GET /cams/gate.flv HTTP/1.1\r\nHost: h\r\n\r\n";
inline const std::string kGetFlv10 = "GET /cams/gate.flv HTTP/1.0\r\nHost: h\r\n\r\n";
inline const std::string kUpgradeFlv =
    "GET /cams/gate.flv HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// A client that watches. poll() takes what has come; a message that is not whole FLV tags fails the
// test.
class Client {
 public:
  enum class Buffers { Normal, Small };

  Client(DeliverRig &rig, std::string_view request, Buffers buffers = Buffers::Normal)
      : Client(rig, connected_pair(rig.loop), request, buffers) {}

  void poll() {
    input_ += peer.read();
    if (status == 0 && !cut_head()) return;
    while (cut_message()) {
    }
  }
  [[nodiscard]] bool wait(const std::function<bool()> &done) {
    return rig_.loop.run_until([&] {
      poll();
      return done();
    });
  }
  // The client has the frame with that number.
  [[nodiscard]] bool wait_for(std::uint32_t serial) {
    return wait([&] { return !items.all.empty() && items.all.back().serial >= serial; });
  }
  [[nodiscard]] bool wait_for_end() {
    return wait([&] { return peer.ended() || peer.reset(); });
  }
  void send_frame(wire::websocket::Opcode opcode, std::string_view payload) {
    std::string frame;
    wire::websocket::append_masked_frame(frame, opcode, base::as_bytes(payload), 0x12345678);
    CHECK(peer.write(frame) == frame.size());
  }

  Peer peer;
  int status = 0;
  std::string head;
  std::string body;  // of the media, without framing
  FlvItems items;
  std::vector<std::size_t> messages;  // their sizes
  bool ended_cleanly = false;         // by the last chunk
  std::vector<std::string> pongs;
  std::vector<std::uint16_t> closes;  // codes of close frames

 private:
  Client(DeliverRig &rig, SocketPair pair, std::string_view request, Buffers buffers)
      : peer(std::move(pair.peer)), rig_(rig) {
    if (buffers == Buffers::Small) {
      // Not smaller, because a receiver that takes less than a segment makes the sender wait.
      int size = 48 * 1024;
      ::setsockopt(pair.socket->fd(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
      ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    rig.server->accept(std::move(pair.socket));
    CHECK(peer.write(request) == request.size());
  }

  bool cut_head() {
    std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    head = input_.substr(0, end + 2);
    status = std::stoi(head.substr(9, 3));
    input_.erase(0, end + 4);
    return true;
  }
  bool cut_message() {
    if (head.contains("Content-Length")) {
      body += std::exchange(input_, {});
      return false;
    }
    if (status == 101) return cut_frame();
    if (head.contains("Transfer-Encoding: chunked")) return cut_chunk();
    body += input_;
    items.feed(std::exchange(input_, {}));
    return false;
  }
  bool cut_chunk() {
    std::string_view rest = input_;
    if (!messages.empty()) {
      if (rest.size() < 2) return false;
      REQUIRE(rest.starts_with("\r\n"));
      rest.remove_prefix(2);
    }
    std::size_t line = rest.find("\r\n");
    if (line == std::string_view::npos) return false;
    std::size_t size = std::stoul(std::string(rest.substr(0, line)), nullptr, 16);
    rest.remove_prefix(line + 2);
    if (size == 0) {
      if (rest.size() < 2) return false;
      ended_cleanly = rest == "\r\n";
      input_.clear();
      return false;
    }
    if (rest.size() < size) return false;
    take_message(rest.substr(0, size));
    input_ = std::string(rest.substr(size));
    return true;
  }
  bool cut_frame() {
    base::ByteReader in(base::as_bytes(input_));
    std::uint8_t first = in.u8();
    std::uint64_t size = in.u8();
    if (size == 126) size = in.u16();
    if (size == 127) {
      size = in.u32();
      size = size << 32 | in.u32();
    }
    if (!in.ok() || in.left() < size) return false;
    std::string payload(base::as_text(in.rest().first(size)));
    input_.erase(0, in.position() + size);
    switch (first) {
      case 0x82:
        take_message(payload);
        break;
      case 0x88:
        closes.push_back(static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                                    static_cast<unsigned char>(payload[1])));
        break;
      case 0x8a:
        pongs.push_back(payload);
        break;
      default:
        FAIL("a frame that a server should not send");
    }
    return true;
  }
  void take_message(std::string_view message) {
    messages.push_back(message.size());
    body += message;
    items.feed(message);
    CHECK(items.at_boundary());
  }

  DeliverRig &rig_;
  std::string input_;
};

}  // namespace sluice::test
