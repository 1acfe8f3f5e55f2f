// SPDX-License-Identifier: Apache-2.0
// Setting the tracks up, over interleaved channels, ports or groups, in the clear or encrypted; and
// PLAY.
#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "ingest/rtsp/rtsp_client.h"
#include "net/address_filter.h"
#include "wire/mikey.h"
#include "wire/sdes.h"

namespace sluice::ingest::rtsp {
namespace {

using base::Code;
using base::Domain;
using stream::PullEndReason;
using wire::rtsp::LowerTransport;
using wire::rtsp::Message;
using wire::rtsp::Method;
using wire::rtsp::Profile;
using wire::rtsp::Transport;

// When there is another way to try, datagrams that do not come are not waited for any longer.
constexpr base::Millis kSilentDatagrams{4'000};

std::unexpected<base::Error> unsupported(const char *what) {
  return base::fail(Domain::Rtsp, Code::Unsupported, what);
}

Profile profile_of(const wire::sdp::Media &media) {
  if (media.protocol.contains("SAVPF")) return Profile::Savpf;
  if (media.protocol.contains("SAVP")) return Profile::Savp;
  return media.protocol.contains("AVPF") ? Profile::Avpf : Profile::Avp;
}

base::Result<net::Address> parse_host(const std::string &host) {
  bool is_ipv6 = host.contains(':');
  return net::Address::parse(is_ipv6 ? "[" + host + "]:0" : host + ":0");
}

// The camera's key, as its description has it.
base::Result<wire::mikey::Message> key_of(const wire::sdp::Media &media,
                                          const wire::sdp::Session &session) {
  const std::string &mikey = media.key_mgmt.empty() ? session.key_mgmt : media.key_mgmt;
  if (!mikey.empty()) return wire::mikey::parse_base64(mikey);
  base::Error why{Domain::Rtsp, Code::Unsupported, 0, "an encrypted track without a key"};
  for (const auto &crypto : media.crypto) {
    auto key = wire::sdes::parse(crypto);
    if (key) return wire::mikey::Message{.key = std::move(*key)};
    why = key.error();
  }
  return base::fail(why);
}

std::uint64_t ntp_now() { return wire::rtcp::ntp_of_wall_us(base::wall_us()); }

}  // namespace

void RtspClient::set_up() {
  if (stage_ != Stage::Described) return;
  stage_ = Stage::SettingUp;
  setting_up_ = 0;
  set_up_tracks_ = 0;
  udp_.clear();
  udp_.resize(media_->size());
  track_channels_.clear();
  for (std::size_t track = 0; track < media_->size(); ++track) {
    auto channel = static_cast<std::uint8_t>(track * 2);
    track_channels_.push_back({channel, static_cast<std::uint8_t>(channel + 1)});
  }
  set_up_next();
}

void RtspClient::set_up_next() {
  if (setting_up_ == media_->size()) return play();
  control_urls_ =
      wire::rtsp::control_urls(settings_.url, base_, media_->media(setting_up_).control);
  control_url_ = 0;
  set_up_track();
}

void RtspClient::set_up_track() {
  auto transport = wanted_transport(setting_up_);
  if (!transport) return try_next_way(PullEndReason::Unsupported, transport.error());
  Fields fields{{"Transport", wire::rtsp::to_string(*transport)}};
  if (wire::rtsp::is_encrypted(transport->profile)) {
    if (auto secured = secure_track(setting_up_, fields); !secured) {
      return end(PullEndReason::Unsupported, secured.error());
    }
  }
  ask(Method::Setup, control_urls_[control_url_], std::move(fields));
}

base::Result<Transport> RtspClient::wanted_transport(std::size_t track) {
  Transport wanted;
  wanted.profile = profile_of(media_->media(track));
  switch (way()) {
    case Way::Tcp:
    case Way::Http:
      wanted.lower = LowerTransport::Tcp;
      // What was planned may have become another track's, by the camera's own choice.
      for (unsigned rtp = 0; !is_free(track_channels_[track]); rtp += 2)
        track_channels_[track] = {static_cast<std::uint8_t>(rtp),
                                  static_cast<std::uint8_t>(rtp + 1)};
      wanted.interleaved = track_channels_[track];
      return wanted;
    case Way::Udp: {
      UdpTrackEvents &events = *this;
      SLUICE_TRY(opened, UdpTrack::open({context_.loop, context_.batch, events, track},
                                        link_->socket().local(), link_->socket().peer(),
                                        settings_.udp_ports));
      wanted.client_port = opened->ports();
      udp_[track] = std::move(opened);
      return wanted;
    }
    case Way::Multicast:
      wanted.multicast = true;
      return wanted;
  }
  return wanted;
}

// Each direction has a key of its own: the camera's is in its description, and ours, with which our
// reports are encrypted, goes along with SETUP. SDES has no place for ours, so there the camera's
// serves both.
base::Status RtspClient::secure_track(std::size_t track, Fields &fields) {
  const wire::sdp::Media &media = media_->media(track);
  SLUICE_TRY(theirs, key_of(media, description_));
  SLUICE_TRY(inbound, Srtp::inbound(theirs.key, theirs.streams));
  bool by_mikey = !media.key_mgmt.empty() || !description_.key_mgmt.empty();
  wire::SrtpKey ours = theirs.key;
  if (by_mikey) {
    ours = wire::make_srtp_key(theirs.key.suite, theirs.key.mki.size());
    std::uint32_t ssrc = media_->receiver(track).own_ssrc();
    std::string message = wire::mikey::make({.streams = {{ssrc, 0}}, .key = ours}, ntp_now());
    fields.emplace_back(
        "KeyMgmt", wire::rtsp::format_key_mgmt({.protocol = "mikey",
                                                .uri = control_urls_[control_url_],
                                                .data = base::base64(base::as_bytes(message))}));
  }
  SLUICE_TRY(outbound, Srtp::outbound(ours));
  media_->receiver(track).secure(std::move(inbound), std::move(outbound));
  return {};
}

void RtspClient::take_setup(const Message &message) {
  if (message.status >= 400) return take_refused_setup(message.status);
  // Some change the session's id from one SETUP to the next; the last one counts.
  if (auto value = message.find("Session")) {
    if (auto session = wire::rtsp::parse_session(*value)) {
      bool changed = !session_.id.empty() && session->id != session_.id;
      if (changed) events_.on_quirk("the session's id changes between SETUPs");
      session_ = std::move(*session);
    }
  }
  auto answer = wire::rtsp::parse_transport_answer(message.find("Transport").value_or(""));
  auto taken = answer ? take_transport(setting_up_, *answer) : base::fail(answer.error());
  if (!taken) return try_next_way(PullEndReason::Unsupported, taken.error());
  ++set_up_tracks_;
  ++setting_up_;
  set_up_next();
}

base::Status RtspClient::take_transport(std::size_t track, const Transport &answer) {
  if (way() == Way::Multicast) return join_group(track, answer);
  bool asked_for_channels = way() == Way::Tcp || way() == Way::Http;
  bool got_channels = answer.lower == LowerTransport::Tcp || answer.interleaved.has_value();
  if (asked_for_channels && !got_channels && answer.server_port) {
    return unsupported("the camera answers with ports where it was asked for channels");
  }
  if (!asked_for_channels && !got_channels) {
    if (answer.server_port) {
      udp_[track]->set_peer_ports(*answer.server_port);
    } else {
      events_.on_quirk("no server_port in the answer to SETUP");
    }
    return {};
  }
  // What the camera says counts, also when it is not what was asked for.
  udp_[track].reset();
  if (answer.interleaved && *answer.interleaved != track_channels_[track]) {
    events_.on_quirk("other interleaved channels than asked for");
    // One pair for two tracks would mix them; such an answer means what was asked.
    if (is_free(*answer.interleaved)) track_channels_[track] = *answer.interleaved;
  }
  wire::rtsp::ChannelPair channels = track_channels_[track];
  auto slot = static_cast<std::uint8_t>(track * 2 + 1);
  channels_[channels.rtcp] = static_cast<std::uint8_t>(slot + 1);
  channels_[channels.rtp] = slot;
  link_->expect_channel(channels.rtp);
  link_->expect_channel(channels.rtcp);
  media_->receiver(track).set_in_order();
  return {};
}

base::Status RtspClient::join_group(std::size_t track, const Transport &answer) {
  const wire::sdp::Media &media = media_->media(track);
  SLUICE_TRY(group, parse_host(answer.destination.empty() ? media.address : answer.destination));
  if (net::classify(group) != net::AddressKind::Multicast) {
    return unsupported("the camera names no multicast group");
  }
  auto described = wire::rtsp::PortPair{media.port, static_cast<std::uint16_t>(media.port + 1)};
  wire::rtsp::PortPair ports = answer.port.value_or(described);
  if (ports.rtp == 0 || ports.rtcp == 0) return unsupported("the camera names no multicast ports");
  UdpTrackEvents &events = *this;
  SLUICE_TRY(opened,
             UdpTrack::open_group({context_.loop, context_.batch, events, track}, group, ports));
  udp_[track] = std::move(opened);
  return {};
}

void RtspClient::take_refused_setup(std::uint16_t status) {
  // A track that was set up shows that the camera and the way are good: only this one is missing.
  bool first = set_up_tracks_ == 0;
  bool of_camera = status == 403 || status == 453 || status == 503;
  if (first && of_camera) return fail_with_status(status);
  base::Error refused{Domain::Rtsp, Code::Unsupported, 0, "the camera refused to set a track up"};
  if (first && status == 461) return try_next_way(PullEndReason::Unsupported, refused);
  bool elsewhere = !of_camera && status != 461 && control_url_ + 1 < control_urls_.size();
  if (elsewhere) {
    ++control_url_;
    return set_up_track();
  }
  // The other track may be worth it alone.
  bool others = set_up_tracks_ > 0 || setting_up_ + 1 < media_->size();
  if (!others) return try_next_way(PullEndReason::Unsupported, refused);
  events_.on_ignored("a track that the camera refused to set up");
  udp_[setting_up_].reset();
  ++setting_up_;
  set_up_next();
}

void RtspClient::play() {
  if (set_up_tracks_ == 0) {
    return try_next_way(PullEndReason::Unsupported,
                        {Domain::Rtsp, Code::Unsupported, 0, "no track could be set up"});
  }
  stage_ = Stage::Starting;
  ask(Method::Play, base_, {{"Range", "npt=0.000-"}});
}

void RtspClient::take_play(const Message &message) {
  if (message.status >= 400) return fail_with_status(message.status);
  if (auto info = message.find("RTP-Info")) take_rtp_info(*info);
  stage_ = Stage::Playing;
  media_->start();
  alive_.start_repeating(KeepAlive::interval(session_.timeout));
  bool datagrams = false;
  for (auto &track : udp_) {
    if (!track) continue;
    datagrams = true;
    track->punch();
  }
  if (media_told_) return watch_media();
  bool impatient = datagrams && way_ + 1 < settings_.ways.size();
  deadline_.start(impatient ? std::min(kSilentDatagrams, settings_.connect_timeout)
                            : settings_.connect_timeout);
}

// Each entry is for the track whose URL ends as its control does, or for the one in its place.
void RtspClient::take_rtp_info(std::string_view value) {
  auto infos = wire::rtsp::parse_rtp_info(value);
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (!infos[i].rtp_time) continue;
    std::size_t track = i;
    for (std::size_t t = 0; t < media_->size(); ++t) {
      const std::string &control = media_->media(t).control;
      if (!control.empty() && infos[i].url.ends_with(control)) track = t;
    }
    if (track < media_->size()) media_->receiver(track).on_rtp_info(*infos[i].rtp_time);
  }
}

}  // namespace sluice::ingest::rtsp
