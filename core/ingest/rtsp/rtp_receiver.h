// SPDX-License-Identifier: Apache-2.0
// RtpReceiver: one track of a session, from packets to frames on the session's clock: decryption,
// order, depacketizing, times, and the reports that its sender gets. Owned by a MediaSession; lives
// on its loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ingest/rtsp/rtsp_metrics.h"
#include "ingest/rtsp/srtp.h"
#include "mux/dts_order.h"
#include "mux/rtp_clock.h"
#include "mux/rtp_depacketizer.h"
#include "mux/rtp_reorder.h"
#include "mux/rtp_statistics.h"
#include "stream/stream_metrics.h"
#include "wire/rtcp.h"
#include "wire/sdp.h"

namespace sluice::ingest::rtsp {

// What comes of the packets. Called on the loop, from inside the calls that bring packets and time.
class MediaEvents {
 public:
  virtual void on_track(const media::Track &track) = 0;
  // With its times on the session's clock, ready for a publication.
  virtual void on_frame(media::Frame &&frame) = 0;
  // Something is not passed on; a literal.
  virtual void on_ignored(const char *what) = 0;
  // The camera does something that it should not, and that was put right; a literal.
  virtual void on_quirk(const char *what) = 0;

 protected:
  ~MediaEvents() = default;
};

// Borrowed surroundings, all of the loop or shared by all loops.
struct MediaContext {
  media::BufferPool &buffers;
  RtspMetrics &metrics;
  stream::StreamMetrics &stream_metrics;
};

struct ReceiverOptions {
  mux::DamagedPictures damaged = mux::DamagedPictures::Drop;
  std::int64_t reorder_wait_us = 100'000;  // over UDP; over TCP nothing waits
};

// Figures of one track since it began.
struct ReceiverFacts {
  std::uint64_t packets = 0;
  std::uint64_t lost = 0;
  std::uint64_t reordered = 0;
  std::uint64_t late = 0;
  std::uint64_t bad = 0;  // malformed, of an unknown payload type, not authentic
  std::uint64_t damaged = 0;
  std::uint64_t frames = 0;
  std::uint64_t key_frames = 0;
  std::uint64_t sender_reports = 0;
  std::uint64_t wild_reports = 0;
  std::uint64_t clock_corrections = 0;
  std::uint64_t source_changes = 0;  // another SSRC without notice
  bool said_goodbye = false;
};

class RtpReceiver final : mux::RtpReorderSink, mux::DepacketizerEvents, wire::rtcp::Events {
 public:
  // Unsupported, with a reason, when nothing is known of the format. events and clock must outlive
  // the receiver.
  struct Description {
    const wire::sdp::Media &media;
    const wire::sdp::Format &format;
  };
  static base::Result<std::unique_ptr<RtpReceiver>> make(Description description,
                                                         MediaContext context,
                                                         mux::RtpSession &clock,
                                                         MediaEvents &events,
                                                         const ReceiverOptions &options);

  // Before the first packet.
  void secure(std::unique_ptr<Srtp> inbound, std::unique_ptr<Srtp> outbound);
  // Packets cannot overtake each other (TCP).
  void set_in_order();
  void on_rtp_info(std::uint32_t rtp_timestamp) { clock_->on_rtp_info(rtp_timestamp); }

  // A datagram, or an interleaved packet, with Srtp::kSpareBytes behind it. True when it was one of
  // this track's.
  bool take_rtp(base::MutableBytes packet, const mux::RtpArrival &arrival);
  void take_rtcp(base::MutableBytes packet, const mux::RtpArrival &arrival);

  // When expire() wants to be called, in microseconds of the monotonic clock; -1: not.
  [[nodiscard]] std::int64_t deadline_us() const { return reorder_->deadline_us(); }
  void expire(std::int64_t mono_us);
  // The stream is at its end: what waits is given out.
  void flush();

  // A receiver report, encrypted where the track is; empty before the first packet.
  std::string make_report(std::int64_t mono_us);

  [[nodiscard]] media::Codec codec() const { return depacketizer_->codec(); }
  [[nodiscard]] const wire::sdp::Format &format() const { return format_; }
  // Ours, in reports.
  [[nodiscard]] std::uint32_t own_ssrc() const { return own_ssrc_; }
  [[nodiscard]] ReceiverFacts facts() const;

 private:
  RtpReceiver(MediaContext context, MediaEvents &events);

  // RtpReorderSink
  void on_packet(const wire::rtp::Packet &packet, const mux::RtpArrival &arrival,
                 bool after_loss) override;
  // DepacketizerEvents
  void on_track(const media::Track &track) override;
  void on_frame(media::Frame &&frame, std::uint32_t rtp_timestamp) override;
  void on_ignored(const char *what) override { events_.on_ignored(what); }
  void on_damage(mux::Damage damage) override;
  void on_quirk(const char *what) override { events_.on_quirk(what); }
  // rtcp::Events
  void on_sender_report(const wire::rtcp::SenderReport &report) override;
  void on_bye(std::uint32_t ssrc, std::string_view reason) override;

  void make_reorder(mux::RtpReorder::Limits limits);
  bool belongs(const wire::rtp::Packet &packet);
  void pass_over(const wire::rtp::Packet &packet, const mux::RtpArrival &arrival);
  void follow_source(std::uint32_t ssrc);
  bool count_bad();
  void count_new();

  MediaContext context_;
  MediaEvents &events_;
  std::unique_ptr<Srtp> inbound_;
  std::unique_ptr<Srtp> outbound_;
  std::unique_ptr<mux::RtpDepacketizer> depacketizer_;
  std::unique_ptr<mux::RtpReorder> reorder_;
  std::optional<mux::RtpClock> clock_;
  mux::DtsOrder order_;
  std::optional<mux::RtpStatistics> statistics_;
  mux::RtpArrival arrival_;  // of the packet that is being worked on

  wire::sdp::Format format_;
  std::uint8_t payload_type_ = 0;
  bool payload_type_seen_ = false;
  std::uint8_t foreign_type_ = 0;  // what comes in place of the described one
  unsigned foreign_in_a_row_ = 0;
  bool loss_before_ = false;  // the next packet for the depacketizer
  bool source_known_ = false;
  std::uint32_t source_ = 0;    // SSRC
  std::uint32_t own_ssrc_ = 0;  // in reports

  ReceiverFacts facts_;
  std::uint64_t counted_lost_ = 0;  // what the shared counters have been told
  std::uint64_t counted_copied_ = 0;
};

}  // namespace sluice::ingest::rtsp
