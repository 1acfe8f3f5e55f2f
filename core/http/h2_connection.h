// SPDX-License-Identifier: Apache-2.0
// H2Connection: one connection of a Server that speaks HTTP/2, with many requests at once. Its
// session (h2_session.h) makes frames of answers only when the kernel has taken what was made
// before. Between two batches of them one read is made, and none while a batch waits: what a client
// has the node hold is a batch of frames and what one read asked for, and of its answers those
// pieces of stored bodies that were not sent. A download as fast as the link hides no request.
//
//   Open → Leaving (no more requests) → Lingering → Gone
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/h2_session.h"
#include "http/h2_stream.h"
#include "http/send_progress.h"
#include "http/server.h"
#include "http/server_connection.h"
#include "loop/timer.h"
#include "net/outbox.h"

namespace sluice::http {

class H2Connection final : public ServerConnection, net::SocketEvents, H2SessionEvents {
 public:
  H2Connection(Server &server, Newcomer newcomer);

  void begin() override;
  void drain() override;
  void end() override;

  // For its streams.
  [[nodiscard]] Server &server() { return server_; }
  [[nodiscard]] loop::Loop &loop() { return loop_; }
  [[nodiscard]] const net::Address &peer() const { return peer_; }
  [[nodiscard]] H2Session &session() { return session_; }
  void ready(H2StreamId id) { ready_.push_back(id); }
  void closed(H2StreamId id) { closed_.push_back(id); }
  // Room for requests, heads and bodies, which all streams share. False: it is full.
  [[nodiscard]] bool count_request(std::size_t bytes);
  void forget_request(std::size_t bytes) { request_bytes_ -= bytes; }
  // Sends what there is when the callbacks under way have returned.
  void send_soon();

 private:
  enum class State { Open, Leaving, Lingering, Gone };

  // SocketEvents
  void on_readable() override;
  void on_writable() override;
  // H2SessionEvents
  H2StreamEvents &on_stream(H2StreamId id) override;

  void receive();
  void handle_ready();
  void forget_closed();
  void send();
  void rest_if_idle();
  void leave();
  void linger();
  void report_failure();
  void on_idle();
  void on_stuck();

  Server &server_;  // not used once Gone
  loop::Loop &loop_;
  std::unique_ptr<net::Socket> socket_;
  const net::Address peer_;
  net::Outbox outbox_;
  net::Admission::Permit permit_;
  H2Session session_;
  std::unordered_map<H2StreamId, std::unique_ptr<H2Stream>> streams_;
  std::vector<H2StreamId> ready_;   // whose requests are complete
  std::vector<H2StreamId> closed_;  // to be forgotten
  loop::Timer idle_;                // while there is nothing to do; then of lingering
  loop::Timer stuck_;               // while the outbox is not empty
  SendProgress progress_;           // of the outbox
  State state_ = State::Open;
  bool sending_soon_ = false;
  bool reported_ = false;
  const char *const refusal_;
  const base::MonoTime first_deadline_;
  std::size_t request_bytes_ = 0;
  std::size_t lingered_bytes_ = 0;
};

}  // namespace sluice::http
