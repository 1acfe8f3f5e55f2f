// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/id.h"
#include "http/dispatch.h"

namespace sluice::http {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
// Pipelined input that waits for its turn. More stays in the kernel.
constexpr std::size_t kMaxHeldInput = 16 * 1024;
// What one answer may weigh. It is the node's own text, and only the admin API's is large.
constexpr std::size_t kMaxAnswerBytes = 64 * 1024 * 1024;

}  // namespace

Connection::Connection(Server &server, Newcomer newcomer)
    : ServerConnection(newcomer.refusal != nullptr),
      server_(server),
      loop_(newcomer.socket->loop()),
      socket_(std::move(newcomer.socket)),
      outbox_(*socket_, kMaxAnswerBytes),
      permit_(std::move(newcomer.permit)),
      deadline_(loop_, [this] { on_deadline(); }),
      parser_(server.options().limits),
      refusal_(newcomer.refusal),
      first_deadline_(newcomer.deadline) {}

void Connection::begin() {
  socket_->set_events(this);
  if (refusal_ != nullptr) return refuse(refusal_);
  deadline_.start(time_left(first_deadline_));
}

void Connection::refuse(const char *message) {
  close_after_answer_ = true;
  const Request unread = unread_request(socket_->peer(), base::make_correlation_id());
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
    if (!std::exchange(timing_request_, true)) deadline_.start(server_.options().header_timeout);
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
  parser_ = RequestParser(server_.options().limits);
  request.peer = socket_->peer();
  request.secure = socket_->is_tls();
  // What follows a request to upgrade is not known to be HTTP when we do not upgrade.
  close_after_answer_ = server_.draining() || !request.keep_alive || request.wants_websocket();
  dispatch(server_.router(), server_.options(), *this, std::move(request), exchange_);
}

void Connection::answer_parse_error(const ParseError &error) {
  close_after_answer_ = true;
  input_ = {};
  const Request unread = unread_request(socket_->peer(), parser_.correlation_id());
  answer(unread, parse_error_response(error, unread.correlation_id));
}

HeadContext Connection::head_context(const Request &request) {
  return {.cors_origin = server_.options().cors_origin,
          .correlation_id = request.correlation_id,
          .close = close_after_answer_,
          .minor_version = request.minor_version};
}

void Connection::answer(const Request &request, Response response) {
  exchange_ = nullptr;
  if (server_.draining()) close_after_answer_ = true;
  count_answer(response.status);
  log_answer(request, response.status);
  state_ = State::Sending;
  deadline_.stop();
  std::string text = response_head(response, head_context(request));
  bool has_body = sends_body(request, response);
  std::uint64_t kept = has_body && response.stored.body ? response.stored.size() : 0;
  if (has_body && response.stored.body) {
    send_stored(std::move(text), std::move(response.stored));
  } else {
    send(has_body ? text + response.body : text);
  }
  if (state_ != State::Sending) return;
  if (unsent() == 0) return answer_sent();
  progress_.begin(unsent(), kept);
  deadline_.start(server_.options().send_timeout);
}

void Connection::count_answer(int status) { server_.metrics().request_answered(status); }

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
  body_.start(std::move(head), std::move(range));
  // What is left of a "100 Continue" goes first.
  if (outbox_.empty() && !body_.advance(*socket_)) end();
}

void Connection::answer_sent() {
  if (close_after_answer_) return linger();
  state_ = State::Reading;
  timing_request_ = !input_.empty();
  deadline_.start(timing_request_ ? server_.options().header_timeout
                                  : server_.options().idle_timeout);
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
      server_.metrics().request_timed_out();
      return answer_parse_error({408, "request_timeout", "the request took too long to arrive"});
    case State::Sending:
      if (!progress_.look(unsent())) return end();
      return deadline_.start(server_.options().send_timeout);
    case State::Lingering:
      return end();
    case State::Handling:
    case State::Gone:
      return;
  }
}

}  // namespace sluice::http
