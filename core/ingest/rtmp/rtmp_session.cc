// SPDX-License-Identifier: Apache-2.0
// The connection: reading, writing, deadlines, its end. What a publisher says is in
// rtmp_session_publish.cc.
#include "ingest/rtmp/rtmp_session.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "ingest/rtmp/rtmp_server.h"

namespace sluice::ingest::rtmp {
namespace {

// Reads per readiness, so that one fast publisher does not keep a loop from its viewers.
constexpr int kReadsPerTurn = 4;
// Answers that a publisher which does not read may make us hold.
constexpr std::size_t kMaxOutput = 64 * 1024;
// An encoder sends its headers and a few frames before it is answered. One read could hold tens of
// thousands of messages of a byte, each of which would keep a buffer of the smallest size.
constexpr std::size_t kMaxEarlyMessages = 256;

}  // namespace

RtmpSession::RtmpSession(RtmpServer &server, std::unique_ptr<net::Socket> socket,
                         net::Admission::Permit permit)
    : server_(server),
      socket_(std::move(socket)),
      permit_(std::move(permit)),
      outbox_(*socket_, kMaxOutput),
      deadline_(server.shelf().loop(), [this] { watch_for_stall(); }),
      correlation_id_(base::make_correlation_id()),
      since_wall_us_(base::wall_us()),
      since_(base::mono_now()),
      ack_window_(server.shelf().config()->rtmp.window_ack_size) {
  id_ = server_.shelf().sessions().add(*this);
  server_.metrics().connections.add(1);
  apply_limits();
}

RtmpSession::~RtmpSession() {
  server_.shelf().sessions().remove(id_);
  server_.metrics().connections.add(-1);
}

void RtmpSession::start() {
  deadline_.start(server_.shelf().config()->rtmp.handshake_timeout);
  socket_->set_events(this);
}

void RtmpSession::close(const char *reason) {
  if (stage_ == Stage::Closed) return;
  unpublish();
  stage_ = Stage::Closed;
  deadline_.stop();
  // The last answer says why; a peer that does not take it at once does not get it.
  bytes_out_ += pending_output_.size();
  if (!pending_output_.empty()) (void)outbox_.send(std::exchange(pending_output_, {}));
  socket_->set_events(nullptr);
  socket_->shutdown_write();
  server_.metrics().ends.count(reason);
  stream::log_session_end(describe(), reason);
  server_.remove_later(*this);
}

stream::SessionInfo RtmpSession::describe() const {
  stream::SessionInfo info;
  info.id = id_;
  info.kind = "publisher";
  info.protocol = "rtmp";
  info.stream = stream_name_;
  info.peer = socket_->peer().to_string();
  info.since_wall_us = since_wall_us_;
  info.duration_ms = std::chrono::duration_cast<base::Millis>(base::mono_now() - since_).count();
  info.bytes_in = bytes_in_;
  info.bytes_out = bytes_out_;
  info.correlation_id = correlation_id_;
  info.user_agent = encoder_;
  return info;
}

void RtmpSession::on_readable() {
  loop::Activity activity(server_.shelf().loop(), "rtmp session", id_.serial);
  base::MutableBytes buffer = server_.read_buffer();
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    auto read = socket_->read(buffer);
    if (!read) {
      bool orderly = read.error().code == base::Code::Closed;
      return close(orderly ? "client_closed" : lost_reason());
    }
    if (*read == 0) break;
    bytes_in_ += *read;
    server_.metrics().received_bytes.add(*read);
    take_input(buffer.first(*read));
    if (*read < buffer.size() || stage_ == Stage::Closed || stage_ == Stage::Asking) break;
  }
  if (stage_ == Stage::Closed) return;
  acknowledge_if_due();
  send_pending();
}

void RtmpSession::on_writable() {
  if (auto flushed = outbox_.flush(); !flushed) close(lost_reason());
}

void RtmpSession::take_input(base::Bytes input) {
  if (stage_ == Stage::Handshake) {
    auto consumed = handshake_.feed(input, pending_output_);
    if (!consumed) return fail(consumed.error());
    input = input.subspan(*consumed);
    if (!handshake_.done()) return;
    stage_ = Stage::Connecting;
    deadline_.start(server_.shelf().config()->rtmp.publish_timeout);
  }
  std::uint64_t copied_before = chunks_.payload_bytes_copied();
  auto fed = chunks_.feed(input, *this);
  server_.shelf().metrics().copied_ingest_bytes.add(chunks_.payload_bytes_copied() - copied_before);
  // A message may have ended the session already, with its own reason.
  if (!fed && stage_ != Stage::Closed) fail(fed.error());
}

base::Result<base::MutableBytes> RtmpSession::begin_message(
    const wire::rtmp::MessageHeader &header) {
  if (unfinished_.size() <= header.slot) unfinished_.resize(header.slot + std::size_t{1});
  media::Buffer buffer = server_.shelf().buffers().take(header.length);
  if (!buffer) return base::fail(base::Domain::Rtmp, base::Code::Busy, "no memory for a message");
  base::MutableBytes memory = buffer.memory().first(header.length);
  unfinished_[header.slot] = std::move(buffer);
  return memory;
}

base::Status RtmpSession::end_message(const wire::rtmp::MessageHeader &header) {
  media::Slice body;
  body.size = header.length;
  if (header.length > 0) body.buffer = std::exchange(unfinished_[header.slot], {});
  auto taken = accept_message(header, std::move(body));
  if (taken && stage_ == Stage::Closed) {
    return base::fail(base::Domain::Rtmp, base::Code::Closed, "the session has ended");
  }
  return taken;
}

base::Status RtmpSession::accept_message(const wire::rtmp::MessageHeader &header,
                                         media::Slice body) {
  using wire::rtmp::MessageType;
  // These are about the chunks that follow, so they cannot wait.
  bool at_once = header.type == MessageType::SetChunkSize || header.type == MessageType::Abort;
  if (stage_ != Stage::Asking || at_once) return take_message(header, body);
  if (early_.size() >= kMaxEarlyMessages) {
    return base::fail(base::Domain::Rtmp, base::Code::TooLarge,
                      "too many messages before publish was answered");
  }
  early_.push_back({header, std::move(body)});
  return {};
}

void RtmpSession::take_early() {
  for (EarlyMessage &message : std::exchange(early_, {})) {
    if (stage_ == Stage::Closed) return;
    auto taken = accept_message(message.header, std::move(message.body));
    if (!taken && stage_ != Stage::Closed) return fail(taken.error());
  }
}

void RtmpSession::drop_message(const wire::rtmp::MessageHeader &header) {
  if (header.slot < unfinished_.size()) unfinished_[header.slot] = {};
}

void RtmpSession::acknowledge_if_due() {
  // Once per read at the most, however small a window the peer asked for.
  if (stage_ == Stage::Handshake || bytes_in_ - acknowledged_ < ack_window_) return;
  acknowledged_ = bytes_in_;
  commands_.acknowledge(pending_output_, static_cast<std::uint32_t>(bytes_in_));
}

// One timer serves all stages. While publishing it is not moved at every frame: it looks when the
// last one came.
void RtmpSession::watch_for_stall() {
  if (stage_ == Stage::Handshake) return close("handshake_timeout");
  if (stage_ != Stage::Publishing) {
    commands_.on_status(pending_output_, 0,
                        {"error", "NetConnection.Connect.IdleTimeOut", "nothing was published"});
    return close("handshake_timeout");
  }
  auto limit = server_.shelf().config()->rtmp.stall_timeout;
  auto silent = std::chrono::duration_cast<base::Millis>(base::mono_now() - last_media_);
  if (silent >= limit) return close("stalled");
  deadline_.start(limit - silent + base::Millis(1));
}

void RtmpSession::apply_limits() {
  const auto &config = server_.shelf().config()->rtmp;
  // The first key frame may stand behind publish already. Its memory comes with its bytes, and
  // those are not read before the answer.
  bool large = stage_ == Stage::Publishing || stage_ == Stage::Asking;
  std::uint64_t message = large ? config.max_message_size : config.max_message_size_before_publish;
  wire::rtmp::ChunkLimits limits;
  limits.max_chunk_size = static_cast<std::uint32_t>(config.max_chunk_size);
  limits.max_chunk_streams = static_cast<std::uint16_t>(config.max_chunk_streams);
  limits.max_message_size = static_cast<std::uint32_t>(message);
  // One message of video, one of audio, and a few small ones.
  limits.max_unfinished_bytes = static_cast<std::uint32_t>(message * 2);
  chunks_.set_limits(limits);
}

void RtmpSession::send_pending() {
  if (pending_output_.empty()) return;
  bytes_out_ += pending_output_.size();
  auto sent = outbox_.send(pending_output_);
  pending_output_.clear();
  if (!sent) close(lost_reason());
}

void RtmpSession::fail(const base::Error &error) {
  static base::log::Limiter limiter;
  if (auto held = limiter.admit()) {
    base::log::warning("rtmp peer misbehaves", {{"session", base::to_string(id_)},
                                                {"peer", socket_->peer().to_string()},
                                                {"stream", stream_name_},
                                                {"why", base::describe(error)},
                                                {"code", base::code_name(error.code)},
                                                {"suppressed", *held}});
  }
  close("protocol_error");
}

}  // namespace sluice::ingest::rtmp
