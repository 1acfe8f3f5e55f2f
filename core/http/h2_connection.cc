// SPDX-License-Identifier: Apache-2.0
#include "http/h2_connection.h"

#include <array>
#include <utility>

#include "base/log.h"

namespace sluice::http {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
// What is made of frames at once, beyond which there may be one frame more.
constexpr std::size_t kBatchBytes = 48 * 1024;
constexpr std::size_t kMaxOutbox = 128 * 1024;
// The kernel refuses more, so that a small answer does not wait behind megabytes of another.
constexpr std::size_t kMaxUnsent = 128 * 1024;
// Requests that are not answered yet, of all streams together, in bodies of full size: 256 KiB,
// where as many as there may be streams fit with heads of 2 KiB.
constexpr std::size_t kMaxRequests = 4;

// Of the calling thread, which is one loop's. Nothing stays in it between two calls.
std::string &batch_scratch() {
  thread_local std::string scratch;
  scratch.clear();
  return scratch;
}

}  // namespace

H2Connection::H2Connection(Server &server, Newcomer newcomer)
    : ServerConnection(newcomer.refusal != nullptr),
      server_(server),
      loop_(newcomer.socket->loop()),
      socket_(std::move(newcomer.socket)),
      peer_(socket_->peer()),
      outbox_(*socket_, kMaxOutbox),
      permit_(std::move(newcomer.permit)),
      session_(*this, server.options().limits),
      idle_(loop_, [this] { on_idle(); }),
      stuck_(loop_, [this] { on_stuck(); }),
      refusal_(newcomer.refusal),
      first_deadline_(newcomer.deadline) {}

void H2Connection::begin() {
  socket_->limit_unsent(kMaxUnsent);
  socket_->set_events(this);
  idle_.start(time_left(first_deadline_));
  send_soon();
}

void H2Connection::drain() {
  if (state_ != State::Open) return;
  leave();
  send_soon();
}

void H2Connection::end() {
  if (state_ == State::Gone) return;
  state_ = State::Gone;
  idle_.stop();
  stuck_.stop();
  socket_.reset();
  permit_.reset();
  server_.release(*this);
  // What one exchange does when it is aborted may answer or abort another, whose stream is there.
  for (auto &[id, stream] : streams_)
    stream->abort();
}

void H2Connection::send_soon() {
  if (state_ == State::Gone || std::exchange(sending_soon_, true)) return;
  // Runs before the connection, when it has been released since, is destroyed.
  loop_.defer([this] {
    sending_soon_ = false;
    if (state_ != State::Gone) send();
  });
}

bool H2Connection::count_request(std::size_t bytes) {
  if (request_bytes_ + bytes > kMaxRequests * server_.options().limits.max_body_bytes) return false;
  request_bytes_ += bytes;
  return true;
}

// --- Bytes in ---

void H2Connection::on_readable() {
  receive();
  send_soon();
}

void H2Connection::receive() {
  std::array<std::byte, kReadBytes> chunk;
  auto got = socket_->read(chunk);
  if (!got) return end();
  if (state_ == State::Lingering) {
    lingered_bytes_ += *got;
    if (lingered_bytes_ > kMaxLingerBytes) end();
    return;
  }
  session_.feed(base::Bytes(chunk).first(*got));
  if (session_.failure() == nullptr) handle_ready();
}

H2StreamEvents &H2Connection::on_stream(H2StreamId id) {
  idle_.stop();
  auto &stream = streams_[id];
  stream = std::make_unique<H2Stream>(*this, id);
  return *stream;
}

void H2Connection::handle_ready() {
  for (H2StreamId id : std::exchange(ready_, {})) {
    auto found = streams_.find(id);
    if (found == streams_.end()) continue;
    if (refusal_ == nullptr) {
      found->second->handle();
    } else {
      found->second->refuse(refusal_);
      if (state_ == State::Open) leave();
    }
  }
}

// --- Bytes out ---

void H2Connection::on_writable() {
  if (!outbox_.flush()) return end();
  // The next batch may fill the kernel again, so this is when a client that downloads is heard.
  if (outbox_.empty()) receive();
  if (state_ != State::Gone) send();
}

void H2Connection::send() {
  if (state_ == State::Lingering) return;
  forget_closed();
  while (outbox_.empty()) {
    std::string &batch = batch_scratch();
    session_.produce(batch, kBatchBytes);
    if (batch.empty()) break;
    if (!outbox_.send(batch)) return end();
    if (outbox_.empty()) continue;
    progress_.begin(outbox_.size());
    stuck_.start(server_.options().send_timeout);
  }
  report_failure();
  if (outbox_.empty()) stuck_.stop();
  socket_->watch_readable(outbox_.empty());
  forget_closed();
  if (outbox_.empty() && session_.done()) return linger();
  rest_if_idle();
}

void H2Connection::on_stuck() {
  if (!progress_.look(outbox_.size())) return end();
  stuck_.start(server_.options().send_timeout);
}

// --- The end ---

void H2Connection::forget_closed() {
  for (H2StreamId id : std::exchange(closed_, {})) {
    auto node = streams_.extract(id);
    if (!node.empty()) node.mapped()->abort();
  }
}

void H2Connection::rest_if_idle() {
  if (!streams_.empty() || !outbox_.empty() || idle_.active()) return;
  idle_.start(server_.options().idle_timeout);
}

void H2Connection::on_idle() {
  if (state_ != State::Open) return end();
  leave();
  idle_.start(kLingerTime);
  send();
}

void H2Connection::leave() {
  state_ = State::Leaving;
  session_.go_away();
}

void H2Connection::linger() {
  state_ = State::Lingering;
  socket_->shutdown_write();
  idle_.start(kLingerTime);
}

void H2Connection::report_failure() {
  if (session_.failure() == nullptr || std::exchange(reported_, true)) return;
  server_.metrics().http2_refused();
  static base::log::Limiter limiter;
  auto held = limiter.admit();
  if (!held) return;
  base::log::warning(
      "http2 connection ended for what its client did",
      {{"peer", peer_.to_string()}, {"why", session_.failure()}, {"suppressed", *held}});
}

}  // namespace sluice::http
