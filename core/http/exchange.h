// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and the right to answer it once. A handler keeps it for as long as it
// thinks; it lives on its connection's loop and may outlive the connection, after which answering
// does nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "http/response.h"
#include "net/admission.h"
#include "net/socket.h"

namespace sluice::http {

// A connection given to a handler that streams by itself.
struct Detached {
  std::unique_ptr<net::Socket> socket;  // null when the client had gone already; no events are set
  std::string leftover_input;           // what the client sent after its request, up to 32 KiB
  net::Admission::Permit permit;  // keeps the connection counted: hold it as long as the socket
};

// The connection, as an Exchange sees it. answer() or hand_over() ends the exchange.
class ExchangeHost {
 public:
  virtual loop::Loop &loop() = 0;
  virtual HeadContext head_context(const Request &request) = 0;
  virtual void answer(const Request &request, Response response) = 0;
  virtual void count_answer(int status) = 0;
  // Whether hand_over() can be. If not, the client is told to ask again over HTTP/1.1 on a
  // connection of its own, and the exchange is over.
  virtual bool claim() = 0;
  virtual Detached hand_over() = 0;

 protected:
  ~ExchangeHost() = default;
};

class Exchange {
 public:
  Exchange(ExchangeHost &host, Request request);
  ~Exchange();  // unanswered: answers 500
  Exchange(const Exchange &) = delete;
  Exchange &operator=(const Exchange &) = delete;

  [[nodiscard]] const Request &request() const { return request_; }
  [[nodiscard]] loop::Loop &loop() const { return loop_; }

  // Answers. HEAD loses the body and keeps its length. The connection lives on when both sides wish
  // it.
  void respond(Response response);
  void respond_error(int status, std::string_view code, std::string_view message,
                     std::vector<Field> headers = {});
  // 503 with Retry-After.
  void respond_unavailable(std::string_view code, std::string_view message,
                           std::chrono::seconds retry_after = kRetrySoon);

  // Called at most once, when the client goes away (or the server ends) before the answer. It may
  // destroy the Exchange. A client that shuts down only its sending side counts as gone while it
  // waits.
  void on_abort(std::function<void()> callback) { on_abort_ = std::move(callback); }
  [[nodiscard]] bool aborted() const { return host_ == nullptr && !answered_; }

  // Before an answer that streams: whether the connection can be had for it. False over HTTP/2,
  // whose connection is shared by many requests; the client has been told to come again over
  // HTTP/1.1 (RFC 9113 section 9.1.3 and HTTP_1_1_REQUIRED), and this exchange is over.
  [[nodiscard]] bool claim_connection();
  // For an answer that streams: the text of its head, for a 101 or for a body that ends with the
  // connection, counted as this request's answer; then detach(), which takes the connection away
  // from the server. The caller sends the head, then what it likes, and closes at the end.
  [[nodiscard]] std::string stream_head(int status, const std::vector<Field> &headers);
  [[nodiscard]] Detached detach();

  // [connection] The client is gone.
  void abort();

 private:
  Request request_;
  loop::Loop &loop_;
  ExchangeHost *host_;  // null once answered, detached or aborted
  std::function<void()> on_abort_;
  bool answered_ = false;
};

}  // namespace sluice::http
