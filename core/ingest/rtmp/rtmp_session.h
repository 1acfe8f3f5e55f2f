// SPDX-License-Identifier: Apache-2.0
// RtmpSession: one RTMP connection that wants to publish: handshake, commands, then media into a
// publication (Adobe, "RTMP Specification 1.0", 2012). Playing by RTMP is refused with a clear
// answer. Lives on its server's loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/rtmp/rtmp_commands.h"
#include "loop/timer.h"
#include "media/buffer.h"
#include "mux/flv_reader.h"
#include "net/admission.h"
#include "net/outbox.h"
#include "net/socket.h"
#include "stream/shelf.h"
#include "wire/rtmp_chunk.h"
#include "wire/rtmp_handshake.h"

namespace sluice::ingest::rtmp {

class RtmpServer;

class RtmpSession final : public net::SocketEvents,
                          public wire::rtmp::MessageSink,
                          public mux::FlvEvents,
                          public stream::PublicationOwner,
                          public stream::Session {
 public:
  RtmpSession(RtmpServer &server, std::unique_ptr<net::Socket> socket,
              net::Admission::Permit permit);
  ~RtmpSession() override;

  void start();
  // Ends the session once; reason is one of the documented words. The server destroys it later.
  void close(const char *reason);

  // Session
  [[nodiscard]] stream::SessionInfo describe() const override;
  void kick() override { close("kicked"); }

 private:
  // Handshake, then Connecting until a publish is asked for, Asking until the directory answers,
  // then Publishing.
  enum class Stage : std::uint8_t { Handshake, Connecting, Asking, Publishing, Closed };

  // SocketEvents
  void on_readable() override;
  void on_writable() override;

  // MessageSink
  base::Result<base::MutableBytes> begin_message(const wire::rtmp::MessageHeader &header) override;
  base::Status end_message(const wire::rtmp::MessageHeader &header) override;
  void drop_message(const wire::rtmp::MessageHeader &header) override;

  // FlvEvents
  void on_track(const media::Track &track) override;
  void on_frame(media::Frame &&frame) override;
  void on_metadata(const media::Metadata &metadata) override;
  void on_ignored(const char *what) override;

  // PublicationOwner
  void on_revoked() override { close("taken_over"); }

  void take_input(base::Bytes input);
  base::Status accept_message(const wire::rtmp::MessageHeader &header, media::Slice body);
  void take_early();
  base::Status take_message(const wire::rtmp::MessageHeader &header, const media::Slice &body);
  base::Status take_media(std::uint8_t type, std::uint32_t timestamp, const media::Slice &body);
  base::Status take_aggregate(const wire::rtmp::MessageHeader &header, const media::Slice &body);
  base::Status take_user_control(base::Bytes body);
  base::Status take_command(const wire::rtmp::MessageHeader &header, base::Bytes body);
  base::Status run_command(const wire::rtmp::MessageHeader &header,
                           const wire::rtmp::Command &command);
  base::Status on_connect(const wire::rtmp::Command &command);
  base::Status on_publish(const wire::rtmp::MessageHeader &header,
                          const wire::rtmp::Command &command);
  void on_publish_answer(base::Result<stream::Publication *> answer);
  void unpublish();

  void acknowledge_if_due();
  void watch_for_stall();
  void apply_limits();
  // Queues answers; sent together once per read.
  void answer(std::string_view bytes) { pending_output_.append(bytes); }
  void send_pending();
  void fail(const base::Error &error);
  // Encoders that took their leave often reset the connection, with answers of ours unread.
  [[nodiscard]] const char *lost_reason() const {
    return took_leave_ ? "client_closed" : "connection_lost";
  }

  RtmpServer &server_;
  std::unique_ptr<net::Socket> socket_;
  net::Admission::Permit permit_;
  net::Outbox outbox_;
  std::string pending_output_;
  loop::Timer deadline_;  // of the handshake, then of the publish, then of the next media

  Stage stage_ = Stage::Handshake;
  base::SessionId id_;
  std::string correlation_id_;
  std::int64_t since_wall_us_;
  base::MonoTime since_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t ack_window_;
  base::MonoTime last_media_;

  // What an impatient encoder sends behind its publish. While the directory is asked nothing more
  // is read, so this is what one read of the socket held, up to a number of messages.
  struct EarlyMessage {
    wire::rtmp::MessageHeader header;
    media::Slice body;
  };
  std::vector<EarlyMessage> early_;

  wire::rtmp::HandshakeServer handshake_;
  wire::rtmp::ChunkReader chunks_;
  CommandWriter commands_;
  std::vector<media::Buffer> unfinished_;  // by MessageHeader::slot
  std::optional<mux::FlvReader> flv_;      // while publishing

  std::string app_;
  bool connected_ = false;
  std::uint32_t streams_made_ = 0;
  std::uint32_t publications_ = 0;
  std::uint32_t publish_stream_id_ = 0;
  std::string stream_name_;
  std::string encoder_;
  stream::Shelf::Ticket ticket_ = 0;
  stream::Publication *publication_ = nullptr;  // owned by the shelf
  bool took_leave_ = false;                     // the peer itself ended its last publication
};

}  // namespace sluice::ingest::rtmp
