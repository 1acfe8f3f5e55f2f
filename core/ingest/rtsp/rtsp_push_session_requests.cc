// SPDX-License-Identifier: Apache-2.0
// What a pusher asks for, in the orders that real ones use.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "ingest/rtsp/push_url.h"
#include "ingest/rtsp/rtsp_push_session.h"
#include "ingest/rtsp/rtsp_server.h"

namespace sluice::ingest::rtsp {
namespace {

using wire::rtsp::Message;
using wire::rtsp::Method;
using wire::rtsp::Transport;

// Video, audio, and what else a camera has; each may take two UDP ports.
constexpr std::size_t kMaxMedia = 8;
constexpr std::size_t kMaxUserAgent = 128;

constexpr const char *kBadName =
    "publish to rtsp://host/<server>/<camera>, with letters, digits and ._~@:+=-";
constexpr const char *kNoPlaying =
    "this node takes streams by RTSP and plays them over HTTP: use /<server>/<camera>.flv";
constexpr const char *kNoTransport =
    "take RTP/AVP over TCP, or over UDP from your own address with an even port and the next one";

std::string methods() {
  wire::rtsp::MethodSet set;
  for (Method method :
       {Method::Options, Method::Announce, Method::Setup, Method::Record, Method::Pause,
        Method::Teardown, Method::GetParameter, Method::SetParameter}) {
    set.set(static_cast<std::size_t>(method));
  }
  return wire::rtsp::format_public(set);
}

ReceiverOptions receiver_options(const config::Config &config, std::string_view stream) {
  bool pass = config.source_settings(stream).damaged == config::Damaged::Pass;
  return {.damaged = pass ? mux::DamagedPictures::Pass : mux::DamagedPictures::Drop};
}

net::UdpSocket::PortRange port_range(const config::Rtsp &config) {
  if (config.udp_port_min == 0 && config.udp_port_max == 0) return {};
  auto or_else = [](std::uint32_t port, std::uint16_t fallback) {
    return port != 0 ? static_cast<std::uint16_t>(port) : fallback;
  };
  return {or_else(config.udp_port_min, 1'024), or_else(config.udp_port_max, 65'535)};
}

}  // namespace

RtspPushSession::Reply RtspPushSession::answer(const Message &message) {
  if (message.protocol != "RTSP/1.0") return {.status = 505};
  if (!message.cseq()) return {.status = 400, .why = "a request needs a CSeq"};
  if (auto required = message.find("Require")) {
    return {.status = 551, .fields = {{"Unsupported", std::string(*required)}}};
  }
  // The connection is the session's, so it need not be named; but another one's is not ours.
  if (auto named = message.find("Session")) {
    auto session = wire::rtsp::parse_session(*named);
    bool ours = session && !session_id_.empty() && session->id == session_id_;
    if (!ours) return {.status = 454};
  }
  if (user_agent_.empty()) {
    user_agent_ = message.find("User-Agent").value_or("").substr(0, kMaxUserAgent);
  }
  auto method = wire::rtsp::method_of(message.method);
  if (!method) return {.status = 501, .fields = {{"Public", methods()}}};
  return dispatch(*method, message);
}

RtspPushSession::Reply RtspPushSession::dispatch(Method method, const Message &message) {
  switch (method) {
    case Method::Options:
      return {.fields = {{"Public", methods()}}};
    case Method::Announce:
      return on_announce(message);
    case Method::Setup:
      return on_setup(message);
    case Method::Record:
      return on_record(message);
    case Method::Pause:
      return on_pause();
    case Method::Teardown:
      return on_teardown();
    case Method::GetParameter:
    case Method::SetParameter:
      // Without parameters it is a sign of life.
      if (message.body.empty()) return {};
      return {.status = 451};
    case Method::Describe:
    case Method::Play:
    case Method::Redirect:
      break;
  }
  return {.status = 405, .why = kNoPlaying, .fields = {{"Allow", methods()}}};
}

RtspPushSession::Reply RtspPushSession::on_announce(const Message &message) {
  if (stage_ != Stage::Idle) return {.status = 455, .why = "a stream has been announced already"};
  auto name = parse_publish_url(message.uri, server_.shelf().config()->stream.max_name_length);
  if (!name) {
    static base::log::Limiter limiter;
    if (auto held = limiter.admit()) {
      base::log::warning("publish refused: bad name", {{"session", base::to_string(id_)},
                                                       {"peer", link_->socket().peer().to_string()},
                                                       {"why", base::describe(name.error())},
                                                       {"suppressed", *held}});
    }
    return {.status = 400, .why = kBadName, .ends = "refused"};
  }
  auto type = message.find("Content-Type").value_or("application/sdp");
  if (!type.starts_with("application/sdp")) {
    return {.status = 415, .why = "a stream is announced as application/sdp"};
  }
  stream_name_ = wire::to_string(*name);
  return open_media(message);
}

RtspPushSession::Reply RtspPushSession::open_media(const Message &message) {
  auto description = wire::sdp::parse(message.body);
  if (!description) return {.status = 400, .why = description.error().what};
  if (description->media.size() > kMaxMedia) return {.status = 400, .why = "too many media"};
  tracks_.clear();
  ignored_.clear();
  auto media = std::make_unique<MediaSession>(
      server_.shelf().loop(), server_.media_context(), static_cast<MediaSessionEvents &>(*this),
      receiver_options(*server_.shelf().config(), stream_name_));
  if (auto opened = media->open(*description); !opened) {
    return {.status = 415, .why = opened.error().what};
  }
  description_ = std::move(*description);
  media_ = std::move(media);
  setups_.clear();
  setups_.resize(description_.media.size());
  for (std::size_t track = 0; track < media_->size(); ++track)
    setups_[media_->place(track)].track = track;
  stage_ = Stage::Announced;
  return {};
}

RtspPushSession::Reply RtspPushSession::on_setup(const Message &message) {
  if (stage_ == Stage::Idle) return {.status = 455, .why = kNoPlaying};
  if (stage_ != Stage::Announced) return {.status = 455};
  auto place = find_media(message.uri, description_);
  if (!place) return {.status = 404, .why = "the announced description has no such media"};
  if (setups_[*place].done) return {.status = 455, .why = "this media has been set up already"};
  auto wishes = wire::rtsp::parse_transport_request(message.find("Transport").value_or(""));
  if (!wishes) return {.status = 461, .why = kNoTransport};
  std::uint16_t status = 461;
  for (Transport &transport : *wishes) {
    if (!is_acceptable(transport)) continue;
    if (auto made = set_up(*place, transport); !made) {
      status = 503;
      continue;
    }
    setups_[*place].done = true;
    if (session_id_.empty()) session_id_ = base::make_correlation_id();
    return {.fields = {{"Transport", wire::rtsp::to_string(transport)}}};
  }
  return {.status = status, .why = status == 461 ? kNoTransport : "no UDP ports are free"};
}

// Nothing is ever sent to a host that is not the peer, whoever asks for it.
bool RtspPushSession::is_acceptable(const Transport &transport) const {
  if (transport.multicast || is_encrypted(transport.profile)) return false;
  if (transport.mode == wire::rtsp::TransportMode::Play) return false;
  const auto &peer = link_->socket().peer();
  if (!transport.destination.empty() && transport.destination != peer.host()) return false;
  if (transport.lower == wire::rtsp::LowerTransport::Udp) {
    // Media in the clear beside a connection that is not would be a surprise.
    return server_.shelf().config()->rtsp.udp && !is_secure();
  }
  return !transport.interleaved || !has_channel(*transport.interleaved);
}

bool RtspPushSession::has_channel(wire::rtsp::ChannelPair channels) const {
  return std::ranges::any_of(setups_, [&](const Setup &setup) {
    if (!setup.channels) return false;
    const auto &[rtp, rtcp] = *setup.channels;
    return rtp == channels.rtp || rtp == channels.rtcp || rtcp == channels.rtp ||
           rtcp == channels.rtcp;
  });
}

// Makes the transport the one to answer with.
base::Status RtspPushSession::set_up(std::size_t place, Transport &transport) {
  transport.mode = wire::rtsp::TransportMode::Record;
  transport.destination.clear();
  transport.source.clear();
  transport.ssrc.reset();
  Setup &setup = setups_[place];
  if (transport.lower == wire::rtsp::LowerTransport::Udp) return set_up_udp(place, transport);
  transport.client_port.reset();
  transport.server_port.reset();
  wire::rtsp::ChannelPair own{static_cast<std::uint8_t>(2 * place),
                              static_cast<std::uint8_t>(2 * place + 1)};
  setup.channels = transport.interleaved.value_or(own);
  transport.interleaved = setup.channels;
  if (setup.track) media_->receiver(*setup.track).set_in_order();
  return {};
}

base::Status RtspPushSession::set_up_udp(std::size_t place, Transport &transport) {
  const auto &config = server_.shelf().config()->rtsp;
  const net::Socket &socket = link_->socket();
  UdpTrack::Context context{server_.shelf().loop(), server_.batch(), *this, place};
  SLUICE_TRY(track, UdpTrack::open(context, socket.local(), socket.peer(), port_range(config)));
  track->set_peer_ports(*transport.client_port);
  transport.server_port = track->ports();
  setups_[place].udp = std::move(track);
  return {};
}

RtspPushSession::Reply RtspPushSession::on_record(const Message &message) {
  if (stage_ == Stage::Paused) stage_ = Stage::Recording;
  if (stage_ == Stage::Recording) return {};
  bool ready = std::ranges::any_of(
      setups_, [](const Setup &setup) { return setup.done && setup.track.has_value(); });
  if (stage_ != Stage::Announced || !ready) {
    return {.status = 455, .why = "announce a stream and set up its media first"};
  }
  record_cseq_ = message.find("CSeq").value_or("");
  stage_ = Stage::Asking;
  link_->pause();
  const auto &peer = link_->socket().peer();
  ticket_ = server_.shelf().publish(
      stream_name_, {id_, peer.to_string(), peer.host(), protocol()}, *this,
      [this](base::Result<stream::Publication *> answer) { on_publish_answer(answer); });
  return {.later = true};
}

void RtspPushSession::on_publish_answer(base::Result<stream::Publication *> answer) {
  ticket_ = 0;
  if (!answer) {
    base::log::warning("publish refused", {{"session", base::to_string(id_)},
                                           {"stream", stream_name_},
                                           {"peer", link_->socket().peer().to_string()},
                                           {"why", base::describe(answer.error())}});
    bool full = answer.error().code == base::Code::Busy;
    return send({.status = static_cast<std::uint16_t>(full ? 503 : 403),
                 .why = answer.error().what,
                 .ends = "refused"},
                record_cseq_);
  }
  publication_ = *answer;
  begin_recording();
}

void RtspPushSession::begin_recording() {
  stage_ = Stage::Recording;
  for (const media::Track &track : std::exchange(tracks_, {}))
    publication_->set_track(track);
  for (const char *what : std::exchange(ignored_, {}))
    publication_->note_ignored(what);
  media::Metadata metadata;
  metadata.set_encoder(user_agent_);
  publication_->set_metadata(metadata);
  recording_since_ = base::mono_now();
  deadline_.start(server_.shelf().config()->rtsp.stall_timeout);
  media_->start();
  base::log::info("publish started", {{"session", base::to_string(id_)},
                                      {"stream", stream_name_},
                                      {"peer", link_->socket().peer().to_string()},
                                      {"encoder", user_agent_}});
  send({}, record_cseq_);
  if (stage_ != Stage::Closed) link_->resume();
}

// The name is kept until media is missed.
RtspPushSession::Reply RtspPushSession::on_pause() {
  if (stage_ != Stage::Recording && stage_ != Stage::Paused) return {.status = 455};
  stage_ = Stage::Paused;
  return {};
}

RtspPushSession::Reply RtspPushSession::on_teardown() {
  if (stage_ == Stage::Idle) return {.status = 454};
  return {.ends = "client_closed"};
}

}  // namespace sluice::ingest::rtsp
