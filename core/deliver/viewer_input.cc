// SPDX-License-Identifier: Apache-2.0
// What a viewer says: nothing that matters over HTTP, control frames over WebSocket.
#include <algorithm>

#include "base/log.h"
#include "deliver/audience.h"
#include "deliver/viewer.h"

namespace sluice::deliver {
namespace {

// What a viewer may send: a start, and then what pings and heartbeats need.
constexpr std::uint64_t kFreeInput = 256 << 10;
constexpr std::uint64_t kInputPerSecond = 1 << 10;
// Answers to control frames that wait for a message boundary.
constexpr std::size_t kMaxControl = 1024;

}  // namespace

void Viewer::listen(std::string_view leftover_input) {
  if (ended_) return;
  socket_->set_events(this);
  // The first frames may already have filled the socket, at a time when nobody listened to it.
  if (blocked_) socket_->watch_writable(true);
  if (!leftover_input.empty()) take_input(base::as_bytes(leftover_input));
}

void Viewer::on_readable() {
  base::MutableBytes buffer = audience_.read_buffer();
  auto read = socket_->read(buffer);
  if (!read) {
    return end(read.error().code == base::Code::Closed ? "client_closed" : "connection_lost");
  }
  if (*read > 0) take_input(buffer.first(*read));
}

void Viewer::on_writable() {
  blocked_ = false;
  socket_->watch_writable(false);
  audience_.flush_one(*this);
}

void Viewer::take_input(base::Bytes input) {
  bytes_in_ += input.size();
  auto age = std::chrono::duration_cast<std::chrono::seconds>(base::mono_now() - since_).count();
  auto allowance = kFreeInput + kInputPerSecond * static_cast<std::uint64_t>(age);
  if (bytes_in_ > allowance) return end("protocol_error");
  if (!frames_ || closing_) return;
  if (auto fed = frames_->feed(input, *this); !fed) {
    static base::log::Limiter limiter;
    if (auto held = limiter.admit()) {
      base::log::warning("websocket peer misbehaves", {{"session", base::to_string(id_)},
                                                       {"peer", socket_->peer().to_string()},
                                                       {"why", base::describe(fed.error())},
                                                       {"suppressed", *held}});
    }
    begin_close(frames_->close_code(), "protocol_error");
  }
  if (started_ && (!control_.empty() || go_live_)) audience_.flush_one(*this);
}

void Viewer::on_message(wire::websocket::Opcode, base::Bytes payload) {
  // A viewer of FLV has nothing to say; players that send greetings are left alone.
  if (!mse_ || closing_) return;
  MseReply reply = mse_->take(payload, base::mono_now());
  // Answers are a courtesy as pongs are, and have the same room.
  if (reply.close_code == 0 && control_.size() + reply.text.size() > kMaxControl) {
    reply.text.clear();
  }
  queue(reply);
}

// What a client is answered waits for the next message boundary, as its effect does.
void Viewer::queue(const MseReply &reply) {
  go_live_ = go_live_ || reply.go_live;
  if (reply.anew) prefix_serial_ = kNoPrefix;
  if (!reply.text.empty()) {
    wire::websocket::append_frame(control_, wire::websocket::Opcode::Text,
                                  base::as_bytes(reply.text));
  }
  if (reply.close_code != 0) begin_close(reply.close_code, reply.end_reason);
}

// A close frame is the last one (RFC 6455, section 5.5.1), so it is sent once.
void Viewer::begin_close(std::uint16_t code, const char *end_reason) {
  if (closing_) return;
  auto body = wire::websocket::close_body(code);
  wire::websocket::append_frame(control_, wire::websocket::Opcode::Close, base::as_bytes(body));
  closing_ = true;
  closing_reason_ = end_reason;
}

void Viewer::on_ping(base::Bytes payload) {
  // A client that pings faster than it reads is answered as far as there is room (RFC 6455,
  // section 5.5.3 allows to answer only the most recent ping).
  if (closing_ || control_.size() + payload.size() > kMaxControl) return;
  wire::websocket::append_frame(control_, wire::websocket::Opcode::Pong, payload);
}

void Viewer::on_pong(base::Bytes) {}

void Viewer::on_close(std::uint16_t code, std::string_view) {
  if (closing_) return;
  auto answer = code == wire::websocket::kNoStatus ? wire::websocket::kNormal : code;
  auto body = wire::websocket::close_body(answer);
  wire::websocket::append_frame(control_, wire::websocket::Opcode::Close, base::as_bytes(body));
  closing_ = true;
}

}  // namespace sluice::deliver
