// SPDX-License-Identifier: Apache-2.0
// Connection: one connection of a Server that speaks HTTP/1, as a machine with five states. One
// request is answered before the next is read, so that answers keep the order of the requests and a
// backlog is never more than one answer.
//
//   Reading → Handling → Sending → Reading …, or → Lingering → Gone
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "http/body_sender.h"
#include "http/exchange.h"
#include "http/request_parser.h"
#include "http/send_progress.h"
#include "http/server.h"
#include "http/server_connection.h"
#include "loop/timer.h"
#include "net/outbox.h"

namespace sluice::http {

class Connection final : public ServerConnection, net::SocketEvents, ExchangeHost {
 public:
  Connection(Server &server, Newcomer newcomer);

  void begin() override;
  void drain() override;
  void end() override;

 private:
  enum class State { Reading, Handling, Sending, Lingering, Gone };

  // SocketEvents
  void on_readable() override;
  void on_writable() override;
  // ExchangeHost
  loop::Loop &loop() override { return loop_; }
  HeadContext head_context(const Request &request) override;
  void answer(const Request &request, Response response) override;
  void count_answer(int status) override;
  bool claim() override { return true; }
  Detached hand_over() override;

  void refuse(const char *message);
  void on_deadline();
  void on_input_end();
  void keep_input(base::Bytes bytes);
  void process_input();
  void begin_exchange(Request request);
  void answer_parse_error(const ParseError &error);
  void send(const std::string &bytes);
  void send_stored(std::string head, BodyRange range);
  [[nodiscard]] std::size_t unsent() const { return outbox_.size() + body_.left(); }
  void answer_sent();
  void linger();

  Server &server_;  // not used once Gone
  loop::Loop &loop_;
  std::unique_ptr<net::Socket> socket_;
  net::Outbox outbox_;
  BodySender body_;  // begins when the outbox is empty
  net::Admission::Permit permit_;
  loop::Timer deadline_;
  RequestParser parser_;
  std::string input_;  // arrived, not parsed
  Exchange *exchange_ = nullptr;
  State state_ = State::Reading;
  bool processing_ = false;
  bool timing_request_ = true;  // the deadline is the request's, not that of idleness
  bool close_after_answer_ = false;
  const char *const refusal_;
  const base::MonoTime first_deadline_;
  SendProgress progress_;
  std::size_t lingered_bytes_ = 0;
};

}  // namespace sluice::http
