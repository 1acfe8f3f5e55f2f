// SPDX-License-Identifier: Apache-2.0
// The client's life: from dialling to its end, and from one way of transport to the next.
#include "ingest/rtsp/rtsp_client.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace sluice::ingest::rtsp {
namespace {

using base::Code;
using base::Domain;
using base::Error;
using stream::PullEndReason;

PullEndReason reason_of_dial(const Error &error) {
  if (error.code == Code::TimedOut) return PullEndReason::TimedOut;
  if (error.domain == Domain::Rtsp) {
    if (error.code == Code::Refused) return PullEndReason::Unauthorized;
    if (error.code == Code::Unsupported) return PullEndReason::Unsupported;
    return PullEndReason::Malformed;
  }
  if (error.code == Code::NotFound || error.code == Code::Busy) return PullEndReason::ResolveFailed;
  if (error.code == Code::Refused) return PullEndReason::Forbidden;
  return PullEndReason::ConnectFailed;
}

bool is_permanent(PullEndReason reason) {
  return reason == PullEndReason::Unauthorized || reason == PullEndReason::Forbidden ||
         reason == PullEndReason::NotFound;
}

}  // namespace

const char *way_name(Way way) {
  switch (way) {
    case Way::Tcp:
      return "tcp";
    case Way::Udp:
      return "udp";
    case Way::Multicast:
      return "multicast";
    case Way::Http:
      return "http";
  }
  return "";
}

RtspClient::RtspClient(ClientContext context, ClientSettings settings, RtspClientEvents &events)
    : context_(context),
      settings_(std::move(settings)),
      events_(events),
      authenticator_({settings_.url.user, settings_.url.password}),
      keep_alive_(settings_.keep_alive),
      deadline_(context.loop, [this] { on_deadline(); }),
      alive_(context.loop, [this] { send_keep_alive(); }) {}

RtspClient::~RtspClient() { hang_up(); }

void RtspClient::start() { dial(); }

void RtspClient::dial() {
  stage_ = Stage::Dialling;
  deadline_.start(settings_.connect_timeout);
  DialRequest request{.url = settings_.url,
                      .tunnel = way() == Way::Http,
                      .timeout = settings_.connect_timeout,
                      .filter = settings_.filter.get(),
                      .tls = settings_.tls};
  dial_ = std::make_unique<Dial>(context_.loop, context_.resolver, std::move(request),
                                 [this](Dial::Outcome o) { on_dialled(std::move(o)); });
}

void RtspClient::on_dialled(Dial::Outcome outcome) {
  if (!outcome) {
    PullEndReason reason = reason_of_dial(outcome.error());
    return end(reason, outcome.error(), is_permanent(reason));
  }
  RtspLinkEvents &link_events = *this;
  link_ = std::make_unique<RtspLink>(std::move(outcome->socket), context_.read_buffer,
                                     wire::rtsp::Peer::Server, link_events);
  context_.media.metrics.pulls.add(1);
  peer_ = link_->socket().peer();
  if (outcome->return_path) {
    auto sent = link_->set_return_path(std::move(outcome->return_path), outcome->return_head);
    if (!sent) return on_link_lost(sent.error());
  }
  stage_ = Stage::Asking;
  link_->start();
  ask(wire::rtsp::Method::Options, settings_.url.request_uri());
  // The camera may have gone before it could be asked.
  if (link_ && !outcome->early.empty()) link_->take_early(outcome->early);
}

std::uint64_t RtspClient::bytes_in() const {
  return bytes_in_before_ + udp_bytes_ + (link_ ? link_->bytes_in() : 0);
}

std::uint64_t RtspClient::bytes_out() const {
  return bytes_out_before_ + (link_ ? link_->bytes_out() : 0);
}

// A camera that is not told keeps the session, and its place among the few that it has, until that
// times out (live555). True when it is on its way.
bool RtspClient::goodbye() {
  if (!link_ || session_.id.empty()) return false;
  std::string request = make_request("TEARDOWN", base_, {}, ++last_cseq_);
  events_.on_sent(request);
  return link_->send(request).has_value();
}

// May be called from callbacks of what it takes down, which therefore goes a little later.
void RtspClient::hang_up() {
  deadline_.stop();
  alive_.stop();
  bool told = goodbye();
  dial_.reset();
  if (link_) {
    bytes_in_before_ += link_->bytes_in();
    bytes_out_before_ += link_->bytes_out();
    link_->close();
    context_.media.metrics.pulls.add(-1);
  }
  for (auto &track : udp_) {
    if (track) track->close();
  }
  auto farewells = told ? context_.farewells : nullptr;
  context_.loop.defer([link = std::move(link_), udp = std::move(udp_), farewells]() mutable {
    if (farewells) farewells->add(link->release_socket());
    link.reset();
    udp.clear();
  });
  udp_.clear();
  session_.id.clear();
  keep_alive_cseq_ = 0;
  channels_.fill(0);
  media_told_ = false;
}

void RtspClient::end(PullEndReason reason, const Error &error, bool permanent) {
  if (stage_ == Stage::Ended) return;
  if (media_) media_->flush();
  hang_up();
  stage_ = Stage::Ended;
  events_.on_client_end({.reason = reason, .error = error, .permanent = permanent});
}

// A camera may refuse a way, close the connection when it is asked for, or take it and send
// nothing.
void RtspClient::try_next_way(PullEndReason reason, const Error &error) {
  if (way_ + 1 >= settings_.ways.size()) return end(reason, error);
  hang_up();
  ++way_;
  dial();
}

void RtspClient::on_deadline() {
  if (stage_ == Stage::Playing) return watch_media();
  const Error error{Domain::Rtsp, Code::TimedOut, 0, "the camera did not answer in time"};
  // Some are silent where others refuse.
  bool of_way = stage_ == Stage::SettingUp || stage_ == Stage::Starting;
  if (of_way) return try_next_way(PullEndReason::TimedOut, error);
  end(PullEndReason::TimedOut, error);
}

// The timer is not moved at every packet: it looks when the last one came.
void RtspClient::watch_media() {
  if (!media_->has_packets()) {
    return try_next_way(PullEndReason::TimedOut,
                        {Domain::Rtsp, Code::TimedOut, 0, "no media came after PLAY was answered"});
  }
  auto silent = std::chrono::duration_cast<base::Millis>(base::mono_now() - media_->last_packet());
  if (silent >= settings_.media_timeout) {
    return end(PullEndReason::Stalled,
               {Domain::Rtsp, Code::TimedOut, 0, "the camera stopped sending media"});
  }
  deadline_.start(settings_.media_timeout - silent + base::Millis(1));
}

void RtspClient::on_link_lost(const Error &error) {
  if (!link_) return;
  bool handshaking = settings_.url.secure && !link_->socket().tls();
  if (handshaking) return end(PullEndReason::TlsFailed, error, error.code == Code::Refused);
  if (error.code == Code::Malformed || error.code == Code::TooLarge) {
    return end(PullEndReason::Malformed, error);
  }
  if (stage_ == Stage::SettingUp || stage_ == Stage::Starting) {
    return try_next_way(PullEndReason::ConnectionLost, error);
  }
  bool in_order = stage_ == Stage::Playing && error.code == Code::Closed;
  end(in_order ? PullEndReason::CameraClosed : PullEndReason::ConnectionLost, error);
}

void RtspClient::on_bytes_skipped(std::size_t) {
  events_.on_quirk("bytes between messages and packets that are neither");
}

// --- Media ---

void RtspClient::on_packet(std::uint8_t channel, base::MutableBytes packet) {
  context_.media.metrics.received_bytes.add(packet.size());
  std::uint8_t slot = channels_[channel];
  if (slot == 0) return events_.on_quirk("interleaved packets on a channel that was not set up");
  std::size_t track = (slot - 1U) / 2;
  if ((slot - 1U) % 2 == 1) return on_rtcp(track, packet);
  take_rtp(track, packet);
}

void RtspClient::on_rtp(std::size_t track, base::MutableBytes datagram) {
  if (stage_ == Stage::Ended) return;
  udp_bytes_ += datagram.size();
  context_.media.metrics.received_bytes.add(datagram.size());
  take_rtp(track, datagram);
}

void RtspClient::take_rtp(std::size_t track, base::MutableBytes packet) {
  events_.on_rtp_seen(track, packet);
  if (media_->take_rtp(track, packet)) note_media();
}

void RtspClient::on_rtcp(std::size_t track, base::MutableBytes datagram) {
  if (stage_ == Stage::Ended) return;
  media_->take_rtcp(track, datagram);
  if (stage_ == Stage::Playing && media_->said_goodbye()) {
    end(PullEndReason::CameraClosed, {Domain::Rtsp, Code::Closed, 0, "the camera said goodbye"});
  }
}

void RtspClient::note_media() {
  if (media_told_) return;
  media_told_ = true;
  // Some send before they have answered PLAY; the watchdog begins with the answer.
  if (stage_ == Stage::Playing) {
    watch_media();
  } else {
    events_.on_quirk("media before PLAY was answered");
  }
  events_.on_playing();
}

void RtspClient::send_report(std::size_t track, std::string_view packet) {
  if (!link_) return;
  if (track < udp_.size() && udp_[track]) return udp_[track]->send_report(packet);
  // A camera that does not read reports is no reason to end.
  (void)link_->send_packet(track_channels_[track].rtcp, base::as_bytes(packet));
}

}  // namespace sluice::ingest::rtsp
