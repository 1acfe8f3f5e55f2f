// SPDX-License-Identifier: Apache-2.0
// RtspLink: one RTSP connection, of a camera that is pulled or of a pusher: messages and
// interleaved packets in, text and interleaved packets out. With a return path (the HTTP tunnel)
// what is sent goes out in base64 on a second connection. Lives on its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/outbox.h"
#include "net/socket.h"
#include "wire/rtsp_message.h"

namespace sluice::ingest::rtsp {

// Told on the loop. The link is not destroyed from inside these calls; its owner defers that, and
// may close() it.
class RtspLinkEvents {
 public:
  // Views into the read buffer, good during the call.
  virtual void on_message(const wire::rtsp::Message &message) = 0;
  // The packet may be changed in place. Behind it there are RtspLink::kSpareBytes of memory, which
  // may be the next packet: whoever writes to them puts back what was there.
  virtual void on_packet(std::uint8_t channel, base::MutableBytes packet) = 0;
  // Bytes that were neither; the order was found again.
  virtual void on_bytes_skipped(std::size_t bytes) = 0;
  // The link is of no more use. Once, and nothing afterwards.
  virtual void on_link_lost(const base::Error &error) = 0;

 protected:
  ~RtspLinkEvents() = default;
};

class RtspLink final : net::SocketEvents, wire::rtsp::SplitterEvents {
 public:
  // The largest message, and room to read beside it.
  static constexpr std::size_t kReadBytes = 320 * 1024;
  // Behind kReadBytes: what lies at the very end may be written past.
  static constexpr std::size_t kSpareBytes = 64;

  // read_buffer: kReadBytes and kSpareBytes, shared by all links of the loop.
  RtspLink(std::unique_ptr<net::Socket> socket, base::MutableBytes read_buffer,
           wire::rtsp::Peer peer, RtspLinkEvents &events, wire::rtsp::SplitterLimits limits = {});
  ~RtspLink() override;
  RtspLink(const RtspLink &) = delete;
  RtspLink &operator=(const RtspLink &) = delete;

  void start() { socket_->set_events(this); }
  // Tells nothing any more. What was sent may still be under way.
  void close();
  // After close(), as the link's last act.
  std::unique_ptr<net::Socket> release_socket() { return std::move(socket_); }
  // From now on text and packets go there, in base64, behind `head`. An error is as of send().
  base::Status set_return_path(std::unique_ptr<net::Socket> socket, std::string_view head);
  // Nothing is read nor told until resume(), which must not be called from inside an event. What
  // was read already waits.
  void pause();
  void resume();
  // Bytes that came behind the head of a tunnel's answer, at most kReadBytes.
  void take_early(std::string_view input);

  // An error means that the peer does not read, or is gone; on_link_lost is not called for it.
  base::Status send(std::string_view text);
  base::Status send_packet(std::uint8_t channel, base::Bytes packet);

  void expect_channel(std::uint8_t channel) { splitter_.expect_channel(channel); }
  [[nodiscard]] net::Socket &socket() { return *socket_; }
  [[nodiscard]] const net::Socket &socket() const { return *socket_; }
  [[nodiscard]] std::uint64_t bytes_in() const { return bytes_in_; }
  [[nodiscard]] std::uint64_t bytes_out() const { return bytes_out_; }

 private:
  class ReturnPath;

  void on_readable() override;
  void on_writable() override;
  bool on_message(const wire::rtsp::Message &message) override;
  bool on_packet(std::uint8_t channel, base::MutableBytes packet) override;
  void on_skipped(std::size_t bytes) override { events_.on_bytes_skipped(bytes); }
  void take(base::MutableBytes input);
  void lose(const base::Error &error);

  std::unique_ptr<net::Socket> socket_;
  base::MutableBytes read_buffer_;
  wire::rtsp::Splitter splitter_;
  RtspLinkEvents &events_;
  net::Outbox outbox_;
  std::unique_ptr<ReturnPath> return_path_;
  std::string unfinished_;  // the beginning of a message or packet whose rest is under way
  std::string framed_;      // a packet with its four bytes in front, on its way out
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  bool lost_ = false;
  bool paused_ = false;
};

}  // namespace sluice::ingest::rtsp
