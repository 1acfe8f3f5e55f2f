// SPDX-License-Identifier: Apache-2.0
// The connection: bytes, media, deadlines, its end. What a pusher asks for is in
// rtsp_push_session_requests.cc.
#include "ingest/rtsp/rtsp_push_session.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "ingest/rtsp/rtsp_server.h"

namespace sluice::ingest::rtsp {
namespace {

// A dialogue is a few requests, then one now and then to show signs of life.
constexpr std::uint64_t kRequestsAtOnce = 200;
constexpr std::uint64_t kRequestsPerSecond = 20;
constexpr std::size_t kMaxIgnored = 16;

wire::rtsp::SplitterLimits limits_of(const config::Config &config) {
  return {.max_body_bytes = static_cast<std::size_t>(config.rtsp.max_sdp_size)};
}

}  // namespace

RtspPushSession::RtspPushSession(RtspServer &server, std::unique_ptr<net::Socket> socket,
                                 net::Admission::Permit permit)
    : server_(server),
      permit_(std::move(permit)),
      link_(std::make_unique<RtspLink>(
          std::move(socket), server.read_buffer(), wire::rtsp::Peer::Client,
          static_cast<RtspLinkEvents &>(*this), limits_of(*server.shelf().config()))),
      deadline_(server.shelf().loop(), [this] { watch_for_stall(); }),
      correlation_id_(base::make_correlation_id()),
      since_wall_us_(base::wall_us()),
      since_(base::mono_now()) {
  id_ = server_.shelf().sessions().add(*this);
  server_.metrics().connections.add(1);
}

RtspPushSession::~RtspPushSession() {
  server_.shelf().sessions().remove(id_);
  server_.metrics().connections.add(-1);
}

void RtspPushSession::start() {
  deadline_.start(server_.shelf().config()->rtsp.publish_timeout);
  link_->start();
}

void RtspPushSession::close(const char *reason) {
  if (stage_ == Stage::Closed) return;
  release();
  stage_ = Stage::Closed;
  deadline_.stop();
  count_link_bytes();
  link_->close();
  link_->socket().shutdown_write();
  server_.metrics().ends.count(reason);
  stream::log_session_end(describe(), reason);
  server_.remove_later(*this);
}

// What waits for packets that have not come is given out first.
void RtspPushSession::release() {
  if (ticket_ != 0) server_.shelf().cancel(std::exchange(ticket_, 0));
  if (publication_ == nullptr) return;
  media_->flush();
  server_.shelf().release(*std::exchange(publication_, nullptr));
}

stream::SessionInfo RtspPushSession::describe() const {
  stream::SessionInfo info;
  info.id = id_;
  info.kind = "publisher";
  info.protocol = protocol();
  info.stream = stream_name_;
  info.peer = link_->socket().peer().to_string();
  info.since_wall_us = since_wall_us_;
  info.duration_ms = std::chrono::duration_cast<base::Millis>(base::mono_now() - since_).count();
  info.bytes_in = link_->bytes_in() + udp_bytes_in_;
  info.bytes_out = link_->bytes_out() + udp_bytes_out_;
  info.correlation_id = correlation_id_;
  info.user_agent = user_agent_;
  return info;
}

void RtspPushSession::on_message(const wire::rtsp::Message &message) {
  loop::Activity activity(server_.shelf().loop(), "rtsp session", id_.serial);
  count_link_bytes();
  if (message.protocol.starts_with("HTTP/")) return refuse_tunnel();
  if (!message.is_request) return;  // we ask nothing
  if (is_talkative()) return close("protocol_error");
  Reply reply = answer(message);
  if (!reply.later) send(reply, message.find("CSeq").value_or(""));
}

// A peer that asks and asks would keep the loop from its viewers.
bool RtspPushSession::is_talkative() {
  auto age = std::chrono::duration_cast<std::chrono::seconds>(base::mono_now() - since_).count();
  return ++requests_ > kRequestsAtOnce + kRequestsPerSecond * static_cast<std::uint64_t>(age);
}

void RtspPushSession::send(const Reply &reply, std::string_view cseq) {
  std::vector<wire::rtsp::Field> fields;
  fields.push_back({"Server", "Sluice"});
  std::string session = session_id_ + ";timeout=60";
  if (!session_id_.empty()) fields.push_back({"Session", session});
  for (const auto &[name, value] : reply.fields)
    fields.push_back({name, value});
  std::string why;
  if (!reply.why.empty()) {
    why = std::string(reply.why) + ".\n";
    fields.push_back({"Content-Type", "text/plain"});
  }
  auto sent = link_->send(wire::rtsp::make_response(reply.status, cseq, fields, why));
  if (reply.ends != nullptr) return close(reply.ends);
  if (!sent) close("connection_lost");
}

// The tunnel is for cameras that are pulled through a proxy. Pushers have no need of it, and a
// second connection that belongs to the first is one more thing that can be stolen.
void RtspPushSession::refuse_tunnel() {
  (void)link_->send(
      "HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  close("refused");
}

void RtspPushSession::on_link_lost(const base::Error &error) {
  if (error.domain != base::Domain::Wire) {
    return close(error.code == base::Code::Closed ? "client_closed" : "connection_lost");
  }
  static base::log::Limiter limiter;
  if (auto held = limiter.admit()) {
    base::log::warning("rtsp peer misbehaves", {{"session", base::to_string(id_)},
                                                {"peer", link_->socket().peer().to_string()},
                                                {"stream", stream_name_},
                                                {"why", base::describe(error)},
                                                {"code", base::code_name(error.code)},
                                                {"suppressed", *held}});
  }
  send({.status = 400, .why = error.what, .ends = "protocol_error"}, "");
}

void RtspPushSession::on_packet(std::uint8_t channel, base::MutableBytes packet) {
  count_link_bytes();
  for (std::size_t place = 0; place < setups_.size(); ++place) {
    const auto &channels = setups_[place].channels;
    if (!channels) continue;
    if (channels->rtp == channel) return take_media(place, false, packet);
    if (channels->rtcp == channel) return take_media(place, true, packet);
  }
}

void RtspPushSession::on_rtp(std::size_t place, base::MutableBytes datagram) {
  udp_bytes_in_ += datagram.size();
  server_.metrics().received_bytes.add(datagram.size());
  take_media(place, false, datagram);
}

void RtspPushSession::on_rtcp(std::size_t place, base::MutableBytes datagram) {
  udp_bytes_in_ += datagram.size();
  server_.metrics().received_bytes.add(datagram.size());
  take_media(place, true, datagram);
}

void RtspPushSession::take_media(std::size_t place, bool is_rtcp, base::MutableBytes packet) {
  const auto &track = setups_[place].track;
  if (stage_ != Stage::Recording || !track) return;
  loop::Activity activity(server_.shelf().loop(), "rtsp session", id_.serial);
  if (is_rtcp) {
    media_->take_rtcp(*track, packet);
  } else {
    media_->take_rtp(*track, packet);
  }
}

void RtspPushSession::on_track(const media::Track &track) {
  if (publication_ != nullptr) return publication_->set_track(track);
  tracks_.push_back(track);
}

void RtspPushSession::on_frame(media::Frame &&frame) {
  if (publication_ != nullptr) publication_->push(std::move(frame));
}

void RtspPushSession::on_ignored(const char *what) {
  if (publication_ != nullptr) return publication_->note_ignored(what);
  if (ignored_.size() < kMaxIgnored) ignored_.push_back(what);
}

void RtspPushSession::send_report(std::size_t track, std::string_view packet) {
  auto setup = std::ranges::find(setups_, track, &Setup::track);
  if (setup == setups_.end() || !setup->done) return;
  if (setup->udp) {
    udp_bytes_out_ += packet.size();
    return setup->udp->send_report(packet);
  }
  if (!link_->send_packet(setup->channels->rtcp, base::as_bytes(packet))) close("connection_lost");
}

void RtspPushSession::count_link_bytes() {
  std::uint64_t all = link_->bytes_in();
  if (all == counted_link_bytes_) return;
  server_.metrics().received_bytes.add(all - std::exchange(counted_link_bytes_, all));
}

// Media is the sign of life: FFmpeg sends no other when it pushes over UDP. The timer is not moved
// at every packet: it looks when the last one came.
void RtspPushSession::watch_for_stall() {
  if (stage_ != Stage::Recording && stage_ != Stage::Paused) return close("handshake_timeout");
  auto limit = server_.shelf().config()->rtsp.stall_timeout;
  auto last = std::max(recording_since_, media_->last_packet());
  auto silent = std::chrono::duration_cast<base::Millis>(base::mono_now() - last);
  if (silent >= limit) return close("stalled");
  deadline_.start(limit - silent + base::Millis(1));
}

}  // namespace sluice::ingest::rtsp
