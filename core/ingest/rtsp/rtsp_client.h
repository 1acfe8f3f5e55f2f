// SPDX-License-Identifier: Apache-2.0
// RtspClient: reads one camera over RTSP (RFC 2326): DESCRIBE, SETUP and PLAY over whichever
// transport works, then media, reports and signs of life until it ends. It knows of no stream:
// RtspPull publishes what it gives, the probe looks at it. Lives on its loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/rtsp/dial.h"
#include "ingest/rtsp/farewells.h"
#include "ingest/rtsp/keep_alive.h"
#include "ingest/rtsp/media_session.h"
#include "ingest/rtsp/rtsp_link.h"
#include "ingest/rtsp/udp_track.h"
#include "loop/timer.h"
#include "stream/pull.h"
#include "wire/rtsp_auth.h"
#include "wire/rtsp_headers.h"
#include "wire/rtsp_transport.h"
#include "wire/rtsp_url.h"
#include "wire/sdp.h"

namespace sluice::ingest::rtsp {

// How media comes. Http is the tunnel.
enum class Way : std::uint8_t { Tcp, Udp, Multicast, Http };
const char *way_name(Way way);  // "tcp", "udp", "multicast", "http"

// What the sessions of one loop share. All borrowed.
struct ClientContext {
  loop::Loop &loop;
  net::Resolver &resolver;
  base::MutableBytes read_buffer;  // as RtspLink wants it
  net::UdpBatch &batch;
  MediaContext media;
  std::shared_ptr<Farewells> farewells;  // also for connections that outlive their client
};

struct ClientSettings {
  wire::rtsp::Url url;
  std::vector<Way> ways;  // at least one; tried in this order until media comes
  base::Millis connect_timeout{10'000};
  base::Millis media_timeout{10'000};
  ReceiverOptions receiver;
  net::UdpSocket::PortRange udp_ports;
  KeepAlive::Method keep_alive = KeepAlive::Method::GetParameter;
  std::shared_ptr<const net::AddressFilter> filter;  // null admits all
  std::shared_ptr<const net::TlsClientContext> tls;  // for rtsps, also after a redirect
};

// The client is not destroyed from inside these calls.
class RtspClientEvents : public MediaEvents {
 public:
  // The description is there and has something to play. The client waits for set_up(), which may be
  // called from here.
  virtual void on_described() = 0;
  // The first packet of media came.
  virtual void on_playing() = 0;
  // Once, and nothing afterwards.
  virtual void on_client_end(const stream::PullEnd &end) = 0;
  // What goes over the wire, without interleaved packets; for the probe. Holds secrets.
  virtual void on_sent(std::string_view /*text*/) {}
  virtual void on_received(const wire::rtsp::Message & /*message*/) {}
  // A packet as it came, before it is looked at.
  virtual void on_rtp_seen(std::size_t /*track*/, base::Bytes /*packet*/) {}

 protected:
  ~RtspClientEvents() = default;
};

class RtspClient final : RtspLinkEvents, UdpTrackEvents, MediaSessionEvents {
 public:
  RtspClient(ClientContext context, ClientSettings settings, RtspClientEvents &events);
  // Says goodbye to the camera as far as that does not block.
  ~RtspClient();
  RtspClient(const RtspClient &) = delete;
  RtspClient &operator=(const RtspClient &) = delete;

  // Tells no event before it has returned.
  void start();
  void set_up();

  // What is known so far.
  [[nodiscard]] Way way() const { return settings_.ways[way_]; }
  [[nodiscard]] bool playing() const { return stage_ == Stage::Playing && media_->has_packets(); }
  [[nodiscard]] const wire::sdp::Session &description() const { return description_; }
  [[nodiscard]] const MediaSession &media() const { return *media_; }  // from on_described() on
  [[nodiscard]] bool has_media() const { return media_ != nullptr; }
  [[nodiscard]] const KeepAlive &keep_alive() const { return keep_alive_; }
  [[nodiscard]] const wire::rtsp::Authenticator &login() const { return authenticator_; }
  [[nodiscard]] const std::string &server() const { return server_; }  // bounded and printable
  // Of the last connection; without family while there was none.
  [[nodiscard]] const net::Address &peer() const { return peer_; }
  [[nodiscard]] std::uint64_t bytes_in() const;
  [[nodiscard]] std::uint64_t bytes_out() const;
  [[nodiscard]] std::chrono::seconds session_timeout() const { return session_.timeout; }

 private:
  enum class Stage : std::uint8_t {
    Idle,
    Dialling,
    Asking,  // OPTIONS
    Describing,
    Described,  // the owner decides
    SettingUp,
    Starting,  // PLAY
    Playing,
    Ended,
  };
  // The request whose answer the stage waits for.
  struct Pending {
    wire::rtsp::Method method = wire::rtsp::Method::Options;
    std::string uri;
    std::vector<std::pair<std::string, std::string>> fields;
    std::uint32_t cseq = 0;
    unsigned attempts = 0;  // with other credentials
  };

  // RtspLinkEvents
  void on_message(const wire::rtsp::Message &message) override;
  void on_packet(std::uint8_t channel, base::MutableBytes packet) override;
  void on_bytes_skipped(std::size_t bytes) override;
  void on_link_lost(const base::Error &error) override;
  // UdpTrackEvents
  void on_rtp(std::size_t track, base::MutableBytes datagram) override;
  void on_rtcp(std::size_t track, base::MutableBytes datagram) override;
  // MediaSessionEvents
  void on_track(const media::Track &track) override { events_.on_track(track); }
  void on_frame(media::Frame &&frame) override { events_.on_frame(std::move(frame)); }
  void on_ignored(const char *what) override { events_.on_ignored(what); }
  void on_quirk(const char *what) override { events_.on_quirk(what); }
  void send_report(std::size_t track, std::string_view packet) override;

  // Life (rtsp_client.cc)
  void dial();
  void on_dialled(Dial::Outcome outcome);
  bool goodbye();
  void hang_up();
  void on_deadline();
  void watch_media();
  void end(stream::PullEndReason reason, const base::Error &error, bool permanent = false);
  void try_next_way(stream::PullEndReason reason, const base::Error &error);

  // Requests and answers (rtsp_client_dialogue.cc)
  using Fields = std::vector<std::pair<std::string, std::string>>;
  void ask(wire::rtsp::Method method, std::string uri, Fields fields = {});
  void send_pending();
  std::string make_request(std::string_view method, const std::string &uri, const Fields &fields,
                           std::uint32_t cseq);
  void answer_request(const wire::rtsp::Message &message);
  void take_answer(const wire::rtsp::Message &message);
  void take_unauthorized(const wire::rtsp::Message &message);
  void take_redirect(const wire::rtsp::Message &message);
  void take_options(const wire::rtsp::Message &message);
  void take_description(const wire::rtsp::Message &message);
  void fail_with_status(std::uint16_t status);
  void describe();
  void send_keep_alive();
  void take_keep_alive(const wire::rtsp::Message &message);

  // Transports (rtsp_client_setup.cc)
  void set_up_next();
  void set_up_track();
  base::Result<wire::rtsp::Transport> wanted_transport(std::size_t track);
  [[nodiscard]] bool is_free(wire::rtsp::ChannelPair pair) const {
    return channels_[pair.rtp] == 0 && channels_[pair.rtcp] == 0;
  }
  base::Status secure_track(std::size_t track, Fields &fields);
  void take_setup(const wire::rtsp::Message &message);
  base::Status take_transport(std::size_t track, const wire::rtsp::Transport &answer);
  base::Status join_group(std::size_t track, const wire::rtsp::Transport &answer);
  void take_refused_setup(std::uint16_t status);
  void play();
  void take_play(const wire::rtsp::Message &message);
  void take_rtp_info(std::string_view value);
  void take_rtp(std::size_t track, base::MutableBytes packet);
  void note_media();

  ClientContext context_;
  ClientSettings settings_;
  RtspClientEvents &events_;
  std::size_t way_ = 0;  // of settings_.ways
  Stage stage_ = Stage::Idle;
  unsigned redirects_ = 0;

  std::unique_ptr<Dial> dial_;
  std::unique_ptr<RtspLink> link_;
  net::Address peer_;
  wire::rtsp::Authenticator authenticator_;
  std::uint32_t last_cseq_ = 0;
  Pending pending_;
  KeepAlive keep_alive_;
  std::uint32_t keep_alive_cseq_ = 0;  // 0: none is unanswered

  std::string server_;
  std::string base_;  // the URL of the whole session
  wire::sdp::Session description_;
  std::unique_ptr<MediaSession> media_;
  wire::rtsp::SessionHeader session_;
  std::size_t setting_up_ = 0;  // the track that is being set up
  std::size_t set_up_tracks_ = 0;
  std::vector<std::string> control_urls_;  // of that track, from the best to the last resort
  std::size_t control_url_ = 0;
  std::array<std::uint8_t, 256> channels_{};  // of interleaved packets: track * 2 + 1 if RTCP
  std::vector<wire::rtsp::ChannelPair> track_channels_;
  std::vector<std::unique_ptr<UdpTrack>> udp_;  // by track; null over TCP
  std::uint64_t bytes_in_before_ = 0;           // of connections before this one
  std::uint64_t bytes_out_before_ = 0;
  std::uint64_t udp_bytes_ = 0;
  bool media_told_ = false;

  loop::Timer deadline_;
  loop::Timer alive_;
};

}  // namespace sluice::ingest::rtsp
