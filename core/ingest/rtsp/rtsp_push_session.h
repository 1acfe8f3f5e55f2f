// SPDX-License-Identifier: Apache-2.0
// RtspPushSession: one RTSP connection that wants to publish (RFC 2326): ANNOUNCE, SETUP and
// RECORD, then media into a publication, interleaved or over UDP. Playing by RTSP is refused with a
// clear answer. The RTSP session is the connection's: its id is of no use on another one, and it
// ends with it. Lives on its server's loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/rtsp/media_session.h"
#include "ingest/rtsp/rtsp_link.h"
#include "ingest/rtsp/udp_track.h"
#include "loop/timer.h"
#include "net/admission.h"
#include "stream/shelf.h"
#include "wire/rtsp_headers.h"
#include "wire/rtsp_transport.h"

namespace sluice::ingest::rtsp {

class RtspServer;

class RtspPushSession final : RtspLinkEvents,
                              UdpTrackEvents,
                              MediaSessionEvents,
                              stream::PublicationOwner,
                              public stream::Session {
 public:
  RtspPushSession(RtspServer &server, std::unique_ptr<net::Socket> socket,
                  net::Admission::Permit permit);
  ~RtspPushSession();
  RtspPushSession(const RtspPushSession &) = delete;
  RtspPushSession &operator=(const RtspPushSession &) = delete;

  void start();
  // Ends the session once; reason is one of the documented words. The server destroys it later.
  void close(const char *reason);

  // Session
  [[nodiscard]] stream::SessionInfo describe() const override;
  void kick() override { close("kicked"); }

 private:
  // Idle until a stream is announced, Asking while the directory decides on a RECORD.
  enum class Stage : std::uint8_t { Idle, Announced, Asking, Recording, Paused, Closed };

  // What a request is answered with.
  struct Reply {
    std::uint16_t status = 200;
    std::string_view why;        // a sentence for people; a literal
    const char *ends = nullptr;  // the session ends behind the answer, for this reason
    std::vector<std::pair<std::string_view, std::string>> fields;
    bool later = false;  // the answer is not known yet
  };

  // One media of the description, in its order.
  struct Setup {
    bool done = false;
    std::optional<std::size_t> track;  // of media_; none: set up, and what comes is let go
    std::unique_ptr<UdpTrack> udp;
    std::optional<wire::rtsp::ChannelPair> channels;
  };

  // RtspLinkEvents
  void on_message(const wire::rtsp::Message &message) override;
  void on_packet(std::uint8_t channel, base::MutableBytes packet) override;
  void on_bytes_skipped(std::size_t) override {}  // not told of clients
  void on_link_lost(const base::Error &error) override;

  // UdpTrackEvents; the track is the place in setups_
  void on_rtp(std::size_t place, base::MutableBytes datagram) override;
  void on_rtcp(std::size_t place, base::MutableBytes datagram) override;

  // MediaSessionEvents
  void on_track(const media::Track &track) override;
  void on_frame(media::Frame &&frame) override;
  void on_ignored(const char *what) override;
  void on_quirk(const char *) override {}
  void send_report(std::size_t track, std::string_view packet) override;

  // PublicationOwner
  void on_revoked() override { close("taken_over"); }

  // Requests, in rtsp_push_session_requests.cc
  Reply answer(const wire::rtsp::Message &message);
  Reply dispatch(wire::rtsp::Method method, const wire::rtsp::Message &message);
  Reply on_announce(const wire::rtsp::Message &message);
  Reply open_media(const wire::rtsp::Message &message);
  Reply on_setup(const wire::rtsp::Message &message);
  Reply on_record(const wire::rtsp::Message &message);
  Reply on_pause();
  Reply on_teardown();
  void on_publish_answer(base::Result<stream::Publication *> answer);
  void begin_recording();

  // Transports
  [[nodiscard]] bool is_acceptable(const wire::rtsp::Transport &transport) const;
  [[nodiscard]] bool has_channel(wire::rtsp::ChannelPair channels) const;
  base::Status set_up_udp(std::size_t place, wire::rtsp::Transport &transport);
  base::Status set_up(std::size_t place, wire::rtsp::Transport &transport);

  void send(const Reply &reply, std::string_view cseq);
  void refuse_tunnel();
  void take_media(std::size_t place, bool is_rtcp, base::MutableBytes packet);
  void count_link_bytes();
  [[nodiscard]] bool is_talkative();
  [[nodiscard]] bool is_secure() const { return link_->socket().tls().has_value(); }
  [[nodiscard]] const char *protocol() const { return is_secure() ? "rtsps" : "rtsp"; }
  void watch_for_stall();
  void release();

  RtspServer &server_;
  net::Admission::Permit permit_;
  std::unique_ptr<RtspLink> link_;
  loop::Timer deadline_;  // of the publish, then of the next media

  Stage stage_ = Stage::Idle;
  base::SessionId id_;
  std::string correlation_id_;
  std::int64_t since_wall_us_;
  base::MonoTime since_;
  std::uint64_t requests_ = 0;
  std::uint64_t counted_link_bytes_ = 0;
  std::uint64_t udp_bytes_in_ = 0;
  std::uint64_t udp_bytes_out_ = 0;
  std::string user_agent_;

  std::string session_id_;  // RTSP's own, from the first SETUP on
  std::string stream_name_;
  wire::sdp::Session description_;
  std::vector<Setup> setups_;
  std::unique_ptr<MediaSession> media_;
  // What was told before there is a publication to tell it to.
  std::vector<media::Track> tracks_;
  std::vector<const char *> ignored_;

  std::string record_cseq_;  // of the RECORD that is to be answered
  base::MonoTime recording_since_{};
  stream::Shelf::Ticket ticket_ = 0;
  stream::Publication *publication_ = nullptr;  // owned by the shelf
};

}  // namespace sluice::ingest::rtsp
