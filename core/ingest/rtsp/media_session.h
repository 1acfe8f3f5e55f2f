// SPDX-License-Identifier: Apache-2.0
// MediaSession: the tracks of one RTSP session, of a camera that is pulled or of a pusher. Picks
// what can be passed on from a description, gives each packet to its track, keeps the time for
// packets that wait, and sends the receiver reports. Lives on its session's loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "ingest/rtsp/rtp_receiver.h"
#include "loop/timer.h"

namespace sluice::ingest::rtsp {

class MediaSessionEvents : public MediaEvents {
 public:
  // A compound packet for the sender of a track, to go the way that the transport has for it.
  virtual void send_report(std::size_t track, std::string_view packet) = 0;

 protected:
  ~MediaSessionEvents() = default;
};

class MediaSession {
 public:
  MediaSession(loop::Loop &loop, MediaContext context, MediaSessionEvents &events,
               ReceiverOptions options);
  ~MediaSession();
  MediaSession(const MediaSession &) = delete;
  MediaSession &operator=(const MediaSession &) = delete;

  // The first video and the first audio of the description that can be passed on. What else there
  // is is reported as ignored. Unsupported: nothing is left. Once.
  base::Status open(const wire::sdp::Session &description);

  // Tracks are numbered in the order of the description.
  [[nodiscard]] std::size_t size() const { return tracks_.size(); }
  [[nodiscard]] const wire::sdp::Media &media(std::size_t track) const;
  // Its place among all media of the description.
  [[nodiscard]] std::size_t place(std::size_t track) const { return tracks_[track].place; }
  [[nodiscard]] RtpReceiver &receiver(std::size_t track) { return *tracks_[track].receiver; }
  [[nodiscard]] const RtpReceiver &receiver(std::size_t track) const {
    return *tracks_[track].receiver;
  }

  // Media may come from now on: reports are sent.
  void start();
  // As RtpReceiver's, with the time of now. RTP and RTCP on one port or channel are told apart.
  bool take_rtp(std::size_t track, base::MutableBytes packet);
  void take_rtcp(std::size_t track, base::MutableBytes packet);
  // The stream is at its end.
  void flush();

  // When the last packet came that was one of a track's.
  [[nodiscard]] base::MonoTime last_packet() const { return last_packet_; }
  [[nodiscard]] bool has_packets() const { return has_packets_; }
  // Every track that ever sent has taken its leave.
  [[nodiscard]] bool said_goodbye() const;
  // Sums over the tracks.
  [[nodiscard]] ReceiverFacts facts() const;

 private:
  struct Track {
    wire::sdp::Media media;
    std::unique_ptr<RtpReceiver> receiver;
    std::size_t place = 0;
  };
  std::unique_ptr<RtpReceiver> make_receiver(const wire::sdp::Media &media);
  void expire();
  void arm_expiry();
  void report();

  MediaContext context_;
  MediaSessionEvents &events_;
  ReceiverOptions options_;
  mux::RtpSession clock_;
  std::vector<Track> tracks_;
  base::MonoTime last_packet_{};
  bool has_packets_ = false;
  loop::Timer expiry_;
  loop::Timer reports_;
};

}  // namespace sluice::ingest::rtsp
