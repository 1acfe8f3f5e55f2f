// SPDX-License-Identifier: Apache-2.0
// What a publisher says: control messages, commands in the orders that real encoders use them, and
// media.
#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "ingest/rtmp/rtmp_server.h"
#include "ingest/rtmp/rtmp_session.h"
#include "wire/url.h"

namespace sluice::ingest::rtmp {
namespace {

using wire::rtmp::Command;
using wire::rtmp::MessageHeader;
using wire::rtmp::MessageType;

// A publisher needs one message stream; encoders that make and delete them for tests stay far below
// this.
constexpr std::uint32_t kMaxStreams = 16;
// Each publication is told to every loop, so one connection does not begin and end them without an
// end.
constexpr std::uint32_t kMaxPublications = 64;

base::Status protocol_error(const char *what) {
  return base::fail(base::Domain::Rtmp, base::Code::Malformed, what);
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

base::Status RtmpSession::take_message(const MessageHeader &header, const media::Slice &body) {
  switch (header.type) {
    case MessageType::Audio:
    case MessageType::Video:
    case MessageType::DataAmf0:
    case MessageType::DataAmf3:
      return take_media(static_cast<std::uint8_t>(header.type), header.timestamp, body);
    case MessageType::Aggregate:
      return take_aggregate(header, body);
    case MessageType::CommandAmf0:
    case MessageType::CommandAmf3:
      return take_command(header, body.bytes());
    case MessageType::UserControl:
      return take_user_control(body.bytes());
    case MessageType::SetChunkSize: {
      SLUICE_TRY(size, wire::rtmp::parse_control(body.bytes()));
      return chunks_.set_chunk_size(size);
    }
    case MessageType::Abort: {
      SLUICE_TRY(chunk_stream, wire::rtmp::parse_control(body.bytes()));
      chunks_.abort(chunk_stream, *this);
      return {};
    }
    case MessageType::WindowAckSize: {
      SLUICE_TRY(window, wire::rtmp::parse_control(body.bytes()));
      ack_window_ = std::max<std::uint64_t>(window, 1);
      return {};
    }
    case MessageType::Acknowledgement: {
      SLUICE_TRY_VOID(wire::rtmp::parse_control(body.bytes()));
      return {};
    }
    case MessageType::SetPeerBandwidth: {
      SLUICE_TRY_VOID(wire::rtmp::parse_peer_bandwidth(body.bytes()));
      return {};
    }
    default:
      // Shared objects and whatever else an encoder sends are of no use here and do no harm.
      return {};
  }
}

base::Status RtmpSession::take_media(std::uint8_t type, std::uint32_t timestamp,
                                     const media::Slice &body) {
  if (publication_ == nullptr) return {};
  last_media_ = server_.shelf().loop().now();
  flv_->read({type, timestamp, body});
  return {};
}

base::Status RtmpSession::take_aggregate(const MessageHeader &header, const media::Slice &body) {
  const std::byte *start = body.bytes().data();
  return wire::rtmp::split_aggregate(
      header, body.bytes(), [&](const MessageHeader &inner, base::Bytes part) -> base::Status {
        media::Slice slice = body;
        if (!part.empty()) slice.offset += static_cast<std::uint32_t>(part.data() - start);
        slice.size = static_cast<std::uint32_t>(part.size());
        return take_media(static_cast<std::uint8_t>(inner.type), inner.timestamp, slice);
      });
}

base::Status RtmpSession::take_user_control(base::Bytes body) {
  SLUICE_TRY(control, wire::rtmp::parse_user_control(body));
  if (control.event == wire::rtmp::UserEvent::PingRequest) {
    commands_.pong(pending_output_, control.value);
  }
  return {};
}

base::Status RtmpSession::take_command(const MessageHeader &header, base::Bytes body) {
  SLUICE_TRY(command, wire::rtmp::parse_command(header.type, body));
  // A peer that sends commands and reads no answers would make us hold them.
  if (pending_output_.size() > 64 * 1024) return protocol_error("too many commands at once");
  return run_command(header, command);
}

base::Status RtmpSession::run_command(const MessageHeader &header, const Command &command) {
  const std::string &name = command.name;
  if (name == "connect") return on_connect(command);
  if (!connected_) return protocol_error("a command before connect");
  if (name == "createStream") {
    if (streams_made_ >= kMaxStreams) return protocol_error("too many message streams");
    commands_.create_stream_result(pending_output_, command.transaction, ++streams_made_);
  } else if (name == "publish") {
    return on_publish(header, command);
  } else if (name == "FCPublish") {
    commands_.result(pending_output_, command.transaction);
    commands_.on_fc_publish(pending_output_, command.argument(0).as_string().value_or(""));
  } else if (is_one_of(name, {"releaseStream", "_checkbw", "getStreamLength"})) {
    commands_.result(pending_output_, command.transaction);
  } else if (is_one_of(name, {"FCUnpublish", "deleteStream", "closeStream"})) {
    if (publication_ != nullptr) deadline_.start(server_.shelf().config()->rtmp.publish_timeout);
    unpublish();
    took_leave_ = true;
    if (name == "FCUnpublish") commands_.result(pending_output_, command.transaction);
  } else if (is_one_of(name, {"play", "play2"})) {
    commands_.on_status(pending_output_, header.stream_id,
                        {"error", "NetStream.Play.Failed",
                         "this node plays over HTTP: use /<server>/<camera>.flv"});
    close("refused");
  }
  // Any other command is somebody's extension; it is ignored as other servers do.
  return {};
}

base::Status RtmpSession::on_connect(const Command &command) {
  if (connected_) return protocol_error("connect was sent twice");
  const auto *app = command.object.find("app");
  auto text = app == nullptr ? std::nullopt : app->as_string();
  const auto &config = server_.shelf().config()->rtmp;
  commands_.begin_session(pending_output_, static_cast<std::uint32_t>(config.chunk_size_out),
                          static_cast<std::uint32_t>(config.window_ack_size));
  if (!text) {
    commands_.connect_error(pending_output_, command.transaction, "connect names no app");
    close("refused");
    return {};
  }
  app_ = *text;
  connected_ = true;
  const auto *version = command.object.find("flashVer");
  if (version != nullptr) encoder_ = version->as_string().value_or("").substr(0, 128);
  const auto *encoding = command.object.find("objectEncoding");
  double answer_encoding = encoding == nullptr ? 0 : encoding->as_number().value_or(0);
  commands_.connect_result(pending_output_, command.transaction, answer_encoding);
  return {};
}

base::Status RtmpSession::on_publish(const MessageHeader &header, const Command &command) {
  if (stage_ != Stage::Connecting) return protocol_error("publish was sent twice");
  if (++publications_ > kMaxPublications) return protocol_error("too many publications");
  publish_stream_id_ = header.stream_id;
  took_leave_ = false;
  const auto &config = *server_.shelf().config();
  auto key = command.argument(0).as_string().value_or("");
  auto parsed = wire::parse_rtmp_name(app_, key, config.stream.max_name_length);
  if (!parsed) {
    commands_.on_status(
        pending_output_, publish_stream_id_,
        {"error", "NetStream.Publish.BadName",
         "publish to rtmp://host/<server>/<camera>, with letters, digits and ._~@:+=-"});
    static base::log::Limiter limiter;
    if (auto held = limiter.admit()) {
      base::log::warning("publish refused: bad name", {{"session", base::to_string(id_)},
                                                       {"peer", socket_->peer().to_string()},
                                                       {"why", base::describe(parsed.error())},
                                                       {"suppressed", *held}});
    }
    close("refused");
    return {};
  }
  stream_name_ = wire::to_string(parsed->name);
  stage_ = Stage::Asking;
  apply_limits();
  socket_->watch_readable(false);
  stream::Publisher publisher{id_, socket_->peer().to_string(), socket_->peer().host(), "rtmp"};
  ticket_ = server_.shelf().publish(
      stream_name_, std::move(publisher), *this,
      [this](base::Result<stream::Publication *> answer) { on_publish_answer(answer); });
  return {};
}

void RtmpSession::on_publish_answer(base::Result<stream::Publication *> answer) {
  ticket_ = 0;
  if (!answer) {
    commands_.on_status(pending_output_, publish_stream_id_,
                        {"error", "NetStream.Publish.BadName", answer.error().what});
    base::log::warning("publish refused", {{"session", base::to_string(id_)},
                                           {"stream", stream_name_},
                                           {"peer", socket_->peer().to_string()},
                                           {"why", base::describe(answer.error())}});
    return close("refused");
  }
  publication_ = *answer;
  flv_.emplace(*this);  // Each publication announces its own tracks.
  stage_ = Stage::Publishing;
  apply_limits();
  last_media_ = server_.shelf().loop().now();
  deadline_.start(server_.shelf().config()->rtmp.stall_timeout);
  commands_.stream_begin(pending_output_, publish_stream_id_);
  commands_.on_status(pending_output_, publish_stream_id_,
                      {"status", "NetStream.Publish.Start", "Publishing."});
  base::log::info("publish started", {{"session", base::to_string(id_)},
                                      {"stream", stream_name_},
                                      {"peer", socket_->peer().to_string()},
                                      {"encoder", encoder_}});
  socket_->watch_readable(true);
  take_early();
  if (stage_ != Stage::Closed) send_pending();
}

void RtmpSession::unpublish() {
  if (ticket_ != 0) server_.shelf().cancel(std::exchange(ticket_, 0));
  if (publication_ != nullptr) server_.shelf().release(*std::exchange(publication_, nullptr));
  if (stage_ == Stage::Publishing || stage_ == Stage::Asking) {
    stage_ = Stage::Connecting;
    apply_limits();
  }
}

void RtmpSession::on_track(const media::Track &track) {
  if (publication_ != nullptr) publication_->set_track(track);
}

void RtmpSession::on_frame(media::Frame &&frame) {
  if (publication_ != nullptr) publication_->push(std::move(frame));
}

void RtmpSession::on_metadata(const media::Metadata &metadata) {
  if (!metadata.encoder.empty()) encoder_ = metadata.encoder;
  if (publication_ != nullptr) publication_->set_metadata(metadata);
}

void RtmpSession::on_ignored(const char *what) {
  if (publication_ != nullptr) publication_->note_ignored(what);
}

}  // namespace sluice::ingest::rtmp
