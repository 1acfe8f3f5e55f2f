// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/id.h"
#include "base/log.h"

namespace sluice::http {
namespace {

namespace log = base::log;

constexpr std::size_t kReadBytes = 16 * 1024;
// Pipelined input that waits for its turn. More stays in the kernel.
constexpr std::size_t kMaxHeldInput = 16 * 1024;
// What one answer may weigh. It is the node's own text, and only the admin API's is large.
constexpr std::size_t kMaxAnswerBytes = 64 * 1024 * 1024;
// A client that takes less than this in a send timeout does not read.
constexpr std::size_t kMinSendProgress = 16 * 1024;
// Nor does one that would need more send timeouts than these for an answer: while it lasts, its
// bytes are kept.
constexpr std::size_t kMaxSendTimeouts = 6;
// After the last answer the client's bytes are read and dropped for a while: a close with unread
// input would be a reset, which can overtake the answer.
constexpr base::Millis kLingerTime{2'000};
constexpr std::size_t kMaxLingerBytes = 1024 * 1024;

constexpr const char *kAllMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

}  // namespace

Connection::Connection(Server &server, std::unique_ptr<net::Socket> socket)
    : server_(server),
      loop_(socket->loop()),
      socket_(std::move(socket)),
      outbox_(*socket_, kMaxAnswerBytes),
      deadline_(loop_, [this] { on_deadline(); }),
      parser_(server.options_.limits) {}

void Connection::serve(net::Admission::Permit permit) {
  permit_ = std::move(permit);
  deadline_.start(server_.options_.header_timeout);
  socket_->set_events(this);
}

void Connection::refuse(const char *message) {
  refused_ = true;
  close_after_answer_ = true;
  socket_->set_events(this);
  Request unread;
  unread.correlation_id = base::make_correlation_id();
  answer(unread, unavailable_response("busy", message, unread.correlation_id));
}

void Connection::drain() {
  close_after_answer_ = true;
  if (state_ == State::Reading && !parser_.started() && input_.empty()) end();
}

void Connection::end() {
  if (state_ == State::Gone) return;
  state_ = State::Gone;
  deadline_.stop();
  socket_.reset();
  permit_.reset();
  Exchange *waiting = std::exchange(exchange_, nullptr);
  server_.release(*this);
  if (waiting != nullptr) waiting->abort();
}

void Connection::on_readable() {
  std::array<std::byte, kReadBytes> chunk;
  auto got = socket_->read(chunk);
  if (!got) return on_input_end();
  if (*got > 0) keep_input(base::Bytes(chunk).first(*got));
}

void Connection::on_writable() {
  if (!outbox_.flush()) return end();
  if (outbox_.empty() && !body_.advance(*socket_)) return end();
  if (unsent() == 0 && state_ == State::Sending) answer_sent();
}

void Connection::on_input_end() {
  // A client may end its side and still read the answer that is on its way.
  if (state_ != State::Sending) return end();
  close_after_answer_ = true;
  socket_->watch_readable(false);
}

void Connection::keep_input(base::Bytes bytes) {
  if (state_ == State::Lingering) {
    lingered_bytes_ += bytes.size();
    if (lingered_bytes_ > kMaxLingerBytes) end();
    return;
  }
  input_.append(base::as_text(bytes));
  if (state_ == State::Reading) return process_input();
  if (input_.size() >= kMaxHeldInput) socket_->watch_readable(false);
}

// Takes requests from the input for as long as they are answered at once. Answers that come later
// call it again.
void Connection::process_input() {
  if (processing_) return;
  processing_ = true;
  while (state_ == State::Reading && !input_.empty()) {
    if (!std::exchange(timing_request_, true)) deadline_.start(server_.options_.header_timeout);
    auto [step, consumed] = parser_.feed(input_);
    input_.erase(0, consumed);
    if (input_.empty()) input_ = {};
    if (step == RequestParser::Step::SendContinue) send("HTTP/1.1 100 Continue\r\n\r\n");
    if (step == RequestParser::Step::Failed) answer_parse_error(parser_.error());
    if (step == RequestParser::Step::Complete) begin_exchange(parser_.take());
  }
  processing_ = false;
}

void Connection::begin_exchange(Request request) {
  deadline_.stop();
  state_ = State::Handling;
  parser_ = RequestParser(server_.options_.limits);
  request.peer = socket_->peer();
  // What follows a request to upgrade is not known to be HTTP when we do not upgrade.
  close_after_answer_ = server_.draining_ || !request.keep_alive || request.wants_websocket();
  Router::Match match = server_.router_.match(request.method, request.path);
  if (request.method == Method::Options) return answer_options(request, match.allow);
  request.params = std::move(match.params);
  ExchangeHost &host = *this;
  auto exchange = std::make_unique<Exchange>(host, std::move(request));
  exchange_ = exchange.get();
  if (match.handler != nullptr) return (*match.handler)(std::move(exchange));
  if (match.allow.empty()) {
    exchange->respond_error(404, "not_found", "there is nothing at this path");
  } else {
    exchange->respond_error(405, "method_not_allowed", "this path does not have the method",
                            {{"Allow", match.allow}});
  }
}

// Also for a path that is not there: else a page of another origin could not see its 404.
void Connection::answer_options(const Request &request, const std::string &allow) {
  std::string methods = allow.empty() ? "GET, HEAD, OPTIONS" : allow;
  if (request.path == "*") methods = kAllMethods;
  Response response;
  response.status = 204;
  response.headers = {{"Allow", methods}};
  if (!server_.options_.cors_origin.empty()) {
    response.headers.push_back({"Access-Control-Allow-Methods", methods});
    response.headers.push_back(
        {"Access-Control-Allow-Headers", "Authorization, Content-Type, Range, X-Correlation-ID"});
    response.headers.push_back({"Access-Control-Max-Age", "600"});
  }
  answer(request, std::move(response));
}

void Connection::answer_parse_error(const ParseError &error) {
  close_after_answer_ = true;
  input_ = {};
  Request unread;
  unread.peer = socket_->peer();
  unread.correlation_id = parser_.correlation_id();
  Response response =
      error_response(error.status, error.code, error.message, unread.correlation_id);
  if (error.status == 405) response.headers = {{"Allow", kAllMethods}};
  answer(unread, std::move(response));
}

HeadContext Connection::head_context(const Request &request) {
  return {.cors_origin = server_.options_.cors_origin,
          .correlation_id = request.correlation_id,
          .close = close_after_answer_,
          .minor_version = request.minor_version};
}

void Connection::answer(const Request &request, Response response) {
  exchange_ = nullptr;
  if (server_.draining_) close_after_answer_ = true;
  count_answer(response.status);
  if (log::enabled(log::Level::Debug)) {
    log::debug("request answered", {{"method", method_name(request.method)},
                                    {"path", request.path},
                                    {"status", response.status},
                                    {"peer", socket_->peer().to_string()},
                                    {"correlation_id", request.correlation_id}});
  }
  state_ = State::Sending;
  deadline_.stop();
  min_progress_ = kMinSendProgress;
  std::string text = response_head(response, head_context(request));
  bool has_body =
      request.method != Method::Head && response.status != 204 && response.status != 304;
  if (has_body && response.stored.body) {
    send_stored(std::move(text), std::move(response.stored));
  } else {
    send(has_body ? text + response.body : text);
  }
  if (state_ != State::Sending) return;
  if (unsent() == 0) return answer_sent();
  watch_progress();
}

void Connection::count_answer(int status) { server_.metrics_.request_answered(status); }

Detached Connection::hand_over() {
  state_ = State::Gone;
  exchange_ = nullptr;
  deadline_.stop();
  socket_->set_events(nullptr);
  Detached detached;
  detached.socket = std::move(socket_);
  detached.leftover_input = std::move(input_);
  detached.permit = std::move(permit_);
  server_.release(*this);
  return detached;
}

void Connection::send(const std::string &bytes) {
  if (!outbox_.send(bytes)) end();
}

void Connection::send_stored(std::string head, BodyRange range) {
  min_progress_ = std::max(kMinSendProgress, range.size() / kMaxSendTimeouts);
  body_.start(std::move(head), std::move(range));
  // What is left of a "100 Continue" goes first.
  if (outbox_.empty() && !body_.advance(*socket_)) end();
}

void Connection::watch_progress() {
  unsent_at_check_ = unsent();
  deadline_.start(server_.options_.send_timeout);
}

void Connection::answer_sent() {
  if (close_after_answer_) return linger();
  state_ = State::Reading;
  timing_request_ = !input_.empty();
  deadline_.start(timing_request_ ? server_.options_.header_timeout
                                  : server_.options_.idle_timeout);
  socket_->watch_readable(true);
  process_input();
}

void Connection::linger() {
  state_ = State::Lingering;
  input_ = {};
  socket_->shutdown_write();
  socket_->watch_readable(true);
  deadline_.start(kLingerTime);
}

void Connection::on_deadline() {
  switch (state_) {
    case State::Reading:
      if (!parser_.started()) return end();
      server_.metrics_.request_timed_out();
      return answer_parse_error({408, "request_timeout", "the request took too long to arrive"});
    case State::Sending:
      if (unsent_at_check_ - unsent() < min_progress_) return end();
      return watch_progress();
    case State::Lingering:
      return end();
    case State::Handling:
    case State::Gone:
      return;
  }
}

}  // namespace sluice::http
