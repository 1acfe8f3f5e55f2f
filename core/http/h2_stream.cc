// SPDX-License-Identifier: Apache-2.0
#include "http/h2_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "http/dispatch.h"
#include "http/h2_connection.h"

namespace sluice::http {
namespace {

constexpr std::size_t kPieces = 16;
// An answer that goes before larger ones: a playlist, a part.
constexpr std::uint64_t kSmall = 64 * 1024;

}  // namespace

H2Stream::H2Stream(H2Connection &connection, H2StreamId id)
    : connection_(connection),
      id_(id),
      reader_(connection.server().options().limits),
      deadline_(connection.loop(), [this] { on_deadline(); }) {
  deadline_.start(connection_.server().options().header_timeout);
}

// --- Reading ---

bool H2Stream::on_field(std::string_view name, std::string_view value) {
  if (state_ == State::Reading && !count_request(h2_field_size(name, value))) {
    give_up(H2Error::RefusedStream);
  }
  return reader_.add_field(name, value);
}

void H2Stream::on_head_end() {
  reader_.end_head();
  if (reader_.wants_continue()) connection_.session().say_continue(id_);
  refuse_if_wrong();
}

void H2Stream::on_trailers() {
  reader_.refuse_trailers();
  refuse_if_wrong();
}

void H2Stream::on_body(std::string_view bytes) {
  if (state_ != State::Reading) return;
  if (!count_request(bytes.size())) return give_up(H2Error::RefusedStream);
  reader_.add_body(bytes);
  refuse_if_wrong();
}

void H2Stream::on_request_end() {
  if (state_ != State::Reading) return;
  state_ = State::Ready;
  deadline_.stop();
  connection_.ready(id_);
}

// What is wrong is answered as soon as it is known, and the rest of the request is not waited for.
void H2Stream::refuse_if_wrong() {
  if (state_ != State::Reading || !reader_.error()) return;
  answer_error(*reader_.error());
}

void H2Stream::answer_error(const ParseError &error) {
  const Request unread = unread_request(connection_.peer(), reader_.correlation_id());
  answer(unread, parse_error_response(error, unread.correlation_id));
}

bool H2Stream::count_request(std::size_t bytes) {
  if (!connection_.count_request(bytes)) return false;
  counted_ += bytes;
  return true;
}

// What is counted is also what is kept: until the answer, because a handler that waits keeps it.
void H2Stream::forget_request() {
  reader_.drop();
  connection_.forget_request(std::exchange(counted_, 0));
}

// --- Handling ---

void H2Stream::handle() {
  if (state_ != State::Ready) return;
  state_ = State::Handling;
  Request request = reader_.take();
  request.peer = connection_.peer();
  request.secure = true;  // HTTP/2 is spoken over TLS only
  Server &server = connection_.server();
  dispatch(server.router(), server.options(), *this, std::move(request), exchange_);
}

void H2Stream::refuse(const char *message) {
  const Request unread = unread_request(connection_.peer(), reader_.correlation_id());
  answer(unread, unavailable_response("busy", message, unread.correlation_id));
}

loop::Loop &H2Stream::loop() { return connection_.loop(); }

HeadContext H2Stream::head_context(const Request &request) {
  return {.cors_origin = connection_.server().options().cors_origin,
          .correlation_id = request.correlation_id};
}

void H2Stream::count_answer(int status) {
  connection_.server().metrics().request_answered(status);
  connection_.server().metrics().http2_request_answered();
}

// Browsers and curl ask again on a connection of their own, and remember it.
bool H2Stream::claim() {
  exchange_ = nullptr;
  give_up(H2Error::Http11Required);
  return false;
}

Detached H2Stream::hand_over() {
  claim();
  return {};
}

void H2Stream::answer(const Request &request, Response response) {
  exchange_ = nullptr;
  if (state_ == State::Closed) return;
  state_ = State::Sending;
  forget_request();
  count_answer(response.status);
  log_answer(request, response.status);
  auto fields = response_fields(response, head_context(request));
  bool stored = response.stored.body != nullptr;
  if (sends_body(request, response)) {
    body_ = stored ? std::move(response.stored)
                   : BodyRange::whole(std::make_shared<TextBody>(std::move(response.body)));
  }
  connection_.session().respond(id_, {.status = response.status,
                                      .fields = fields,
                                      .with_body = body_left() > 0,
                                      .urgent = body_left() <= kSmall});
  progress_.begin(body_left(), stored ? body_left() : 0);
  deadline_.start(connection_.server().options().send_timeout);
  connection_.send_soon();
}

// --- Sending ---

std::size_t H2Stream::read_body(base::MutableBytes into) {
  std::array<iovec, kPieces> pieces;
  std::size_t wanted = std::min<std::uint64_t>(into.size(), body_.size());
  std::size_t read = 0;
  while (read < wanted) {
    std::size_t count = body_.body->gather(body_.from, wanted - read, pieces);
    for (const iovec &piece : std::span(pieces).first(count)) {
      std::memcpy(into.data() + read, piece.iov_base, piece.iov_len);
      read += piece.iov_len;
      body_.from += piece.iov_len;
    }
  }
  if (body_left() == 0) body_ = {};
  return read;
}

void H2Stream::on_deadline() {
  if (state_ == State::Reading) {
    connection_.server().metrics().request_timed_out();
    // The rest of a head that is not complete cannot be left out.
    if (!reader_.head_ended()) return connection_.end();
    return answer_error({408, "request_timeout", "the request took too long to arrive"});
  }
  if (state_ != State::Sending) return;
  // What has gone into frames all is the connection's to watch.
  if (body_left() > 0 && !progress_.look(body_left())) return give_up(H2Error::Cancel);
  deadline_.start(connection_.server().options().send_timeout);
}

// --- The end ---

void H2Stream::give_up(H2Error error) {
  state_ = State::Sending;
  forget_request();
  body_ = {};
  connection_.session().reset(id_, error);
  connection_.send_soon();
}

void H2Stream::on_close() {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  deadline_.stop();
  forget_request();
  body_ = {};
  connection_.closed(id_);
}

void H2Stream::abort() {
  state_ = State::Closed;
  if (Exchange *waiting = std::exchange(exchange_, nullptr)) waiting->abort();
}

}  // namespace sluice::http
