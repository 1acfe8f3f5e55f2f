// SPDX-License-Identifier: Apache-2.0
// H2Stream: one request of an H2Connection and its answer, as a machine with five states.
//
//   Reading → Ready → Handling → Sending (the answer, or a reset) → Closed, and from each to Closed
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "http/body.h"
#include "http/exchange.h"
#include "http/h2_request_reader.h"
#include "http/h2_session.h"
#include "http/send_progress.h"
#include "loop/timer.h"

namespace sluice::http {

class H2Connection;

class H2Stream final : public H2StreamEvents, ExchangeHost {
 public:
  H2Stream(H2Connection &connection, H2StreamId id);

  // The connection, outside of the session's calls. Hands a complete request on.
  void handle();
  void refuse(const char *message);
  // The client is gone, or has no more interest. Also of a stream that was answered.
  void abort();

  // H2StreamEvents
  bool on_field(std::string_view name, std::string_view value) override;
  void on_head_end() override;
  void on_trailers() override;
  void on_body(std::string_view bytes) override;
  void on_request_end() override;
  void on_close() override;
  std::size_t read_body(base::MutableBytes into) override;
  [[nodiscard]] std::uint64_t body_left() const override { return body_.size(); }

 private:
  enum class State { Reading, Ready, Handling, Sending, Closed };

  // ExchangeHost
  loop::Loop &loop() override;
  HeadContext head_context(const Request &request) override;
  void answer(const Request &request, Response response) override;
  void count_answer(int status) override;
  bool claim() override;
  Detached hand_over() override;

  void on_deadline();
  void refuse_if_wrong();
  void answer_error(const ParseError &error);
  [[nodiscard]] bool count_request(std::size_t bytes);
  void forget_request();
  void give_up(H2Error error);

  H2Connection &connection_;
  const H2StreamId id_;
  State state_ = State::Reading;
  H2RequestReader reader_;
  std::size_t counted_ = 0;  // bytes of the request that the connection has counted
  Exchange *exchange_ = nullptr;
  BodyRange body_;  // of the answer, what has not gone into frames
  SendProgress progress_;
  loop::Timer deadline_;
};

}  // namespace sluice::http
