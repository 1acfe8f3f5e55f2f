// SPDX-License-Identifier: Apache-2.0
// Requests, answers and packets of a simulated camera (RFC 2326, RFC 3550, RFC 6184).
#include "support/rtsp_camera.h"

#include <netinet/in.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/bytes.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kPayloadMax = 1400;
constexpr std::size_t kPacketHeaders = 16;  // interleaved 4, RTP 12
constexpr double kKeyToDelta = 5.35;        // as of the fan-out's synthetic stream
constexpr std::uint32_t kTicksPerFrame = 90000 / CameraMedia::kFps;
constexpr std::byte kPayloadType{96};

// 1280x720, Main profile, level 3.1, as x264 writes it; the same as base64 in the SDP.
constexpr std::string_view kSps{
    "\x67\x4d\x40\x1f\xd9\x00\x50\x05\xbb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x83"
    "\x24\x80",
    25};
constexpr std::string_view kPps{"\x68\xeb\xc3\xcb\x20", 5};
constexpr std::string_view kSprop = "Z01AH9kAUAW7ARAAAAMAEAAAAwMg8YMkgA==,aOvDyyA=";

std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> out;
  std::ranges::transform(text, std::back_inserter(out), [](char c) { return std::byte(c); });
  return out;
}

// A slice of so many bytes in FU-A fragments: a header that parses, then filler without zero bytes.
void add_slice(std::vector<CameraMedia::Payload> &frame, std::size_t size, bool key) {
  const std::byte indicator{0x7c};
  const unsigned type = key ? 5 : 1;
  const std::string_view start = key ? "\x88\x84" : "\x9a\x24";
  std::uint32_t state = 2463534242;
  for (std::size_t at = 0; at < size;) {
    const std::size_t piece = std::min(kPayloadMax - 2, size - at);
    const bool last = at + piece == size;
    CameraMedia::Payload payload{.bytes = std::vector<std::byte>(piece + 2), .marker = last};
    payload.bytes[0] = indicator;
    payload.bytes[1] = static_cast<std::byte>((at == 0 ? 0x80U : 0U) | (last ? 0x40U : 0U) | type);
    for (std::size_t i = 2; i < payload.bytes.size(); i++) {
      state ^= state << 13, state ^= state >> 17, state ^= state << 5;
      payload.bytes[i] = static_cast<std::byte>(1 + state % 255);
    }
    if (at == 0) std::ranges::copy(bytes_of(start), payload.bytes.begin() + 2);
    frame.push_back(std::move(payload));
    at += piece;
  }
}

std::string_view header(std::string_view request, std::string_view name) {
  const auto at = request.find(name);
  if (at == std::string_view::npos) return {};
  const auto begin = at + name.size();
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

CameraMedia::CameraMedia(double mbit) {
  const double gop_bytes = mbit * 1e6 / 8 * kGopFrames / kFps;
  const double overhead = 1.0 + static_cast<double>(kPacketHeaders + 2) / kPayloadMax;
  const double delta = gop_bytes / overhead / (kKeyToDelta + kGopFrames - 1);
  key_.push_back({.bytes = bytes_of(kSps), .marker = false});
  key_.push_back({.bytes = bytes_of(kPps), .marker = false});
  add_slice(key_, static_cast<std::size_t>(delta * kKeyToDelta), true);
  add_slice(delta_, static_cast<std::size_t>(delta), false);
}

std::string CameraMedia::sdp() {
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=bench\r\nc=IN IP4 0.0.0.0\r\nt=0 "
         "0\r\na=control:*\r\n"
         "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;"
         "profile-level-id=4D401F;sprop-parameter-sets=" +
         std::string(kSprop) + "\r\na=control:t0\r\n";
}

RtspCamera::RtspCamera(int fd, std::uint32_t number, const CameraMedia &media, CameraTotals &totals)
    : fd_(fd), number_(number), media_(media), totals_(totals) {}

RtspCamera::~RtspCamera() {
  close(fd_);
  if (udp_ >= 0) close(udp_);
}

bool RtspCamera::on_readable() {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0) return false;
    if (n < 0) break;
    input_.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (errno != EAGAIN && errno != EINTR) return false;
  for (;;) {
    if (input_.starts_with('$')) {  // the client's reports
      if (input_.size() < 4) return true;
      const std::size_t size =
          4 + (static_cast<std::size_t>(static_cast<std::uint8_t>(input_[2])) << 8 |
               static_cast<std::uint8_t>(input_[3]));
      if (input_.size() < size) return true;
      input_.erase(0, size);
      continue;
    }
    const auto end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    const std::string request = input_.substr(0, end + 4);
    input_.erase(0, end + 4);
    if (!answer(request)) return false;
  }
}

bool RtspCamera::answer(std::string_view request) {
  const auto method = request.substr(0, request.find(' '));
  std::string head = "RTSP/1.0 200 OK\r\nCSeq:" + std::string(header(request, "\r\nCSeq:")) +
                     "\r\nSession: " + std::to_string(number_ + 1) + ";timeout=60\r\n";
  std::string body;
  if (method == "OPTIONS") {
    head += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n";
  } else if (method == "DESCRIBE") {
    body = CameraMedia::sdp();
    head +=
        "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  } else if (method == "SETUP") {
    head += set_up(header(request, "\r\nTransport:"));
  } else if (method == "TEARDOWN") {
    return false;
  }
  head += "\r\n" + body;
  owed_ += head;  // behind what a frame may still owe
  playing_ = playing_ || method == "PLAY";
  return flush_owed();
}

std::string RtspCamera::set_up(std::string_view request) {
  const auto ports = request.find("client_port=");
  if (ports == std::string_view::npos) return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
  open_udp(request.substr(ports + 12));
  sockaddr_in own{};
  socklen_t size = sizeof own;
  getsockname(udp_, reinterpret_cast<sockaddr *>(&own), &size);
  const auto port = ntohs(own.sin_port);
  return "Transport: RTP/AVP;unicast;client_port=" + std::string(request.substr(ports + 12)) +
         ";server_port=" + std::to_string(port) + "-" + std::to_string(port + 1) + "\r\n";
}

// The peer's port, as text at the beginning of `ports`. Reports are of no interest here, so that
// the port above ours belongs to nobody.
void RtspCamera::open_udp(std::string_view ports) {
  std::uint16_t port = 0;
  std::from_chars(ports.data(), ports.data() + ports.size(), port);
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  getpeername(fd_, reinterpret_cast<sockaddr *>(&peer), &size);
  peer.sin_port = htons(port);
  if (udp_ >= 0) close(udp_);
  udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(udp_, reinterpret_cast<sockaddr *>(&own), sizeof own) != 0 ||
      connect(udp_, reinterpret_cast<sockaddr *>(&peer), sizeof peer) != 0) {
    close(udp_);
    udp_ = -1;
  }
}

void RtspCamera::write_header(std::byte *out, const CameraMedia::Payload &payload) {
  const auto size = payload.bytes.size() + 12;
  out[0] = std::byte{'$'};
  out[1] = std::byte{0};
  out[2] = static_cast<std::byte>(size >> 8);
  out[3] = static_cast<std::byte>(size);
  out[4] = std::byte{0x80};
  out[5] = (payload.marker ? std::byte{0x80} : std::byte{0}) | kPayloadType;
  out[6] = static_cast<std::byte>(sequence_ >> 8);
  out[7] = static_cast<std::byte>(sequence_);
  base::put_u32(out + 8, static_cast<std::uint32_t>(frame_ * kTicksPerFrame));
  base::put_u32(out + 12, 0x5c000000 + number_);
  sequence_++;
}

bool RtspCamera::flush_owed() {
  if (owed_.empty()) return true;
  const ssize_t n = send(fd_, owed_.data(), owed_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n > 0) owed_.erase(0, static_cast<std::size_t>(n));
  return n >= 0 || errno == EAGAIN;
}

bool RtspCamera::send_frame() {
  const auto &frame = media_.frame(frame_);
  if (udp_ >= 0) {
    send_udp(frame);
  } else if (!flush_owed()) {
    return false;
  } else if (!owed_.empty()) {
    totals_.frames_held++;
  } else if (!send_tcp(frame)) {
    return false;
  }
  frame_++;
  return true;
}

bool RtspCamera::send_tcp(const std::vector<CameraMedia::Payload> &frame) {
  std::array<iovec, 2 * kMostPackets> pieces;
  std::size_t count = 0, size = 0;
  const std::size_t packets = std::min(frame.size(), kMostPackets);
  for (std::size_t i = 0; i < packets; i++) {
    write_header(headers_[i].data(), frame[i]);
    pieces[count++] = {headers_[i].data(), kPacketHeaders};
    pieces[count++] = {const_cast<std::byte *>(frame[i].bytes.data()), frame[i].bytes.size()};
    size += kPacketHeaders + frame[i].bytes.size();
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return false;
  totals_.bytes += size;
  totals_.packets += packets;
  totals_.frames++;
  std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t skip = std::min(taken, pieces[i].iov_len);
    owed_.append(static_cast<const char *>(pieces[i].iov_base) + skip, pieces[i].iov_len - skip);
    taken -= skip;
  }
  return true;
}

void RtspCamera::send_udp(const std::vector<CameraMedia::Payload> &frame) {
  std::array<iovec, 2 * kMostPackets> pieces;
  std::array<mmsghdr, kMostPackets> messages{};
  const std::size_t packets = std::min(frame.size(), kMostPackets);
  for (std::size_t i = 0; i < packets; i++) {
    write_header(headers_[i].data(), frame[i]);
    pieces[2 * i] = {headers_[i].data() + 4, kPacketHeaders - 4};
    pieces[2 * i + 1] = {const_cast<std::byte *>(frame[i].bytes.data()), frame[i].bytes.size()};
    messages[i].msg_hdr.msg_iov = &pieces[2 * i];
    messages[i].msg_hdr.msg_iovlen = 2;
    totals_.bytes += kPacketHeaders - 4 + frame[i].bytes.size();
  }
  totals_.packets += packets;
  totals_.frames++;
  const int sent = sendmmsg(udp_, messages.data(), static_cast<unsigned>(packets), 0);
  if (sent < static_cast<int>(packets)) totals_.frames_held++;
}

}  // namespace sluice::bench
