// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_link.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace sluice::ingest::rtsp {
namespace {

// What a peer that does not read may make us hold.
constexpr std::size_t kMaxUnsent = 64 * 1024;
constexpr std::size_t kReturnReadBytes = 4096;

}  // namespace

// The POST of a tunnel. What the camera answers there, if it does, is of no use; its end is not the
// end of the session either.
class RtspLink::ReturnPath final : public net::SocketEvents {
 public:
  ReturnPath(RtspLink &link, std::unique_ptr<net::Socket> socket)
      : link_(link), socket_(std::move(socket)), outbox_(*socket_, kMaxUnsent) {
    socket_->set_events(this);
  }
  base::Status send(std::string_view text) { return outbox_.send(text); }

 private:
  void on_readable() override {
    std::array<std::byte, kReturnReadBytes> unread;
    if (auto got = socket_->read(unread); !got) socket_->watch_readable(false);
  }
  void on_writable() override {
    if (auto sent = outbox_.flush(); !sent) link_.lose(sent.error());
  }

  RtspLink &link_;
  std::unique_ptr<net::Socket> socket_;
  net::Outbox outbox_;
};

RtspLink::RtspLink(std::unique_ptr<net::Socket> socket, base::MutableBytes read_buffer,
                   wire::rtsp::Peer peer, RtspLinkEvents &events, wire::rtsp::SplitterLimits limits)
    : socket_(std::move(socket)),
      read_buffer_(read_buffer),
      splitter_(peer, limits),
      events_(events),
      outbox_(*socket_, kMaxUnsent) {
  SLUICE_CHECK(read_buffer.size() >= kReadBytes + kSpareBytes);
}

RtspLink::~RtspLink() = default;

base::Status RtspLink::set_return_path(std::unique_ptr<net::Socket> socket, std::string_view head) {
  return_path_ = std::make_unique<ReturnPath>(*this, std::move(socket));
  return return_path_->send(head);
}

void RtspLink::pause() {
  paused_ = true;
  socket_->watch_readable(false);
}

void RtspLink::resume() {
  paused_ = false;
  std::string waiting = std::exchange(unfinished_, {});
  if (!waiting.empty()) take_early(waiting);
  if (!lost_ && !paused_) socket_->watch_readable(true);
}

void RtspLink::take_early(std::string_view input) {
  std::memcpy(read_buffer_.data(), input.data(), input.size());
  take(read_buffer_.first(input.size()));
}

// What was begun in an earlier read stands in front of what is read now, so that the splitter sees
// whole units and payloads are never put together anywhere else.
void RtspLink::on_readable() {
  std::size_t begun = unfinished_.size();
  base::MutableBytes room = read_buffer_.subspan(begun, kReadBytes - begun);
  auto got = socket_->read(room);
  if (!got) return lose(got.error());
  if (*got == 0) return;
  bytes_in_ += *got;
  // A peer that sends a large unit in small pieces must not have it moved for each of them.
  if (begun + *got < splitter_.wanted()) {
    unfinished_.append(base::as_text(room.first(*got)));
    return;
  }
  std::ranges::copy(base::as_bytes(unfinished_), read_buffer_.begin());
  take(read_buffer_.first(begun + *got));
}

void RtspLink::take(base::MutableBytes input) {
  auto consumed = splitter_.feed(input, *this);
  if (lost_) return;
  if (!consumed) return lose(consumed.error());
  unfinished_.assign(base::as_text(input.subspan(*consumed)));
}

void RtspLink::on_writable() {
  if (auto sent = outbox_.flush(); !sent) lose(sent.error());
}

bool RtspLink::on_message(const wire::rtsp::Message &message) {
  if (!lost_) events_.on_message(message);
  return !lost_ && !paused_;
}

bool RtspLink::on_packet(std::uint8_t channel, base::MutableBytes packet) {
  if (!lost_) events_.on_packet(channel, packet);
  return !lost_ && !paused_;
}

void RtspLink::lose(const base::Error &error) {
  if (std::exchange(lost_, true)) return;
  close();
  events_.on_link_lost(error);
}

void RtspLink::close() {
  lost_ = true;
  socket_->set_events(nullptr);
}

base::Status RtspLink::send(std::string_view text) {
  bytes_out_ += text.size();
  if (return_path_) return return_path_->send(base::base64(base::as_bytes(text)));
  return outbox_.send(text);
}

base::Status RtspLink::send_packet(std::uint8_t channel, base::Bytes packet) {
  auto header = wire::rtsp::interleaved_header(channel, static_cast<std::uint16_t>(packet.size()));
  framed_.assign(base::as_text(header));
  framed_.append(base::as_text(packet));
  return send(framed_);
}

}  // namespace sluice::ingest::rtsp
