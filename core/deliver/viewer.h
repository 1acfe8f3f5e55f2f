// SPDX-License-Identifier: Apache-2.0
// Viewer: a socket and a cursor on a tape, with the few bytes of its transport's framing. There is
// no queue: what a viewer has not taken yet lies on the tape. Owned by its audience; lives on its
// loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "deliver/deliver_metrics.h"
#include "deliver/framing.h"
#include "deliver/mse_session.h"
#include "http/exchange.h"
#include "net/socket.h"
#include "stream/session.h"
#include "stream/stream_entry.h"
#include "tape/tape_view.h"
#include "wire/websocket.h"

namespace sluice::deliver {

class Audience;

// What a viewer is made of, once its request has been agreed to.
struct ViewerStart {
  http::Detached connection;
  std::string head;  // of the HTTP answer; sent in one write with the first frames
  Framing framing = Framing::Chunked;
  Protocol protocol = Protocol::HttpFlv;
  std::unique_ptr<MseSession> mse;  // WsFmp4 only
  std::string correlation_id;
  std::string user_agent;
};

class Viewer final : public net::SocketEvents,
                     public stream::Session,
                     public wire::websocket::FrameSink {
 public:
  Viewer(Audience &audience, ViewerStart start);
  ~Viewer() override;

  // Listens to the client from now on, beginning with what it sent behind its request. May end the
  // viewer; does nothing for one that has ended already.
  void listen(std::string_view leftover_input);

  // Puts the viewer at a key frame of a tape that it has not read before: with the init bytes the
  // first time, with the changeover bytes later. Only at a message boundary.
  void start_at(const tape::TapeView &view, std::uint64_t key);

  // Sends what there is between the cursor and the head. Returns how many bytes the kernel took.
  // May end the viewer.
  std::size_t flush(const tape::TapeView &view);

  // Ends the viewer once, cleanly if it is at a message boundary. reason is one of the documented
  // words. The audience destroys it later.
  void end(const char *reason);
  // Ends a viewer that has taken nothing for too long, or whose bytes have left the tape, or that
  // keeps the node waiting otherwise.
  void end_if_stuck(const tape::TapeView &view, base::MonoTime now, const config::Deliver &limits);

  // The tape was replaced by another one (a publisher came back, or was taken over): the message
  // under way is finished from the old tape, then the audience starts the viewer on the new one.
  void expect_changeover() { changeover_ = true; }
  [[nodiscard]] bool expects_changeover() const { return changeover_; }
  [[nodiscard]] bool at_boundary() const {
    return lead_sent_ == lead_.size() && cursor_ == promised_;
  }
  [[nodiscard]] bool blocked() const { return blocked_; }
  [[nodiscard]] Protocol protocol() const { return protocol_; }

  // The place in the audience's cohorts; the audience keeps it.
  struct Place {
    std::size_t cohort = 0;
    std::size_t index = 0;
  };
  Place place;

  // Session
  [[nodiscard]] stream::SessionInfo describe() const override;
  void kick() override { end("kicked"); }

 private:
  // SocketEvents
  void on_readable() override;
  void on_writable() override;

  // FrameSink: what a WebSocket client says.
  void on_message(wire::websocket::Opcode opcode, base::Bytes payload) override;
  void on_ping(base::Bytes payload) override;
  void on_pong(base::Bytes payload) override;
  void on_close(std::uint16_t code, std::string_view reason) override;

  void take_input(base::Bytes input);
  bool next_message(const tape::TapeView &view);
  bool skip_if_late(const tape::TapeView &view);
  void go_on_at(const tape::TapeView &view, std::uint64_t key);
  std::optional<std::string_view> take_prefix(const tape::Prefix &prefix);
  bool prepare_held(const tape::TapeView &view);
  void lead_with(std::string_view message);
  void promise(const tape::TapeView &view, std::string_view opening);
  // Fragmented MP4 only.
  bool accept_prefix(const tape::Prefix &prefix);
  bool cross_prefix(const tape::TapeView &view);
  // WsFmp4 only.
  bool announce(const tape::Prefix &prefix);
  void queue(const MseReply &reply);
  void begin_close(std::uint16_t code, const char *end_reason);
  void advance(std::size_t bytes);
  void block();

  Audience &audience_;
  std::unique_ptr<net::Socket> socket_;
  net::Admission::Permit permit_;
  const Framing framing_;
  const Protocol protocol_;
  const std::unique_ptr<MseSession> mse_;  // WsFmp4 only
  const bool is_fmp4_;

  // Sent before the tape's bytes: the transport's header, and for a start the HTTP head and the
  // prefix.
  std::string lead_;
  std::size_t lead_sent_ = 0;
  std::string control_;         // WebSocket control frames that wait for a message boundary
  std::uint64_t cursor_ = 0;    // the next byte of the tape
  std::uint64_t promised_ = 0;  // where the message under way ends
  static constexpr std::uint64_t kNoPrefix = ~std::uint64_t{0};
  std::uint64_t prefix_serial_ = kNoPrefix;  // of the prefix of this tape that the client has
  bool started_ = false;
  bool has_init_ = false;      // of whatever tape
  std::size_t init_hash_ = 0;  // HttpFmp4 only
  bool go_live_ = false;       // the client wants the newest key frame next
  bool first_message_ = true;
  bool blocked_ = false;  // the kernel took less than it was given; it will say when it wants more
  bool was_blocked_ = false;  // has not been level with the head since
  bool changeover_ = false;
  bool closing_ = false;  // a close frame is on its way; nothing follows it
  const char *closing_reason_ = "client_closed";
  bool ended_ = false;

  std::unique_ptr<wire::websocket::FrameReader> frames_;  // WebSocket only
  base::SessionId id_;
  std::string correlation_id_;
  std::string user_agent_;
  std::int64_t since_wall_us_;
  base::MonoTime since_;
  base::MonoTime last_progress_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t skips_ = 0;
};

}  // namespace sluice::deliver
