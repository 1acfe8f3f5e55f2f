// SPDX-License-Identifier: Apache-2.0
// The publisher's half of RTMP: simple handshake, four commands, chunks with full headers.
#include "support/rtmp_publisher.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace sluice::bench {
namespace {

constexpr std::size_t kHandshake = 1536;
constexpr std::uint32_t kLargestAnswer = 1 << 20;
constexpr int kMessagesUntilAnswer = 64;

std::string amf_string(std::string_view text) {
  std::string value;
  base::ByteWriter out(value);
  out.u8(2);
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.text(text);
  return value;
}

std::string amf_number(double number) {
  std::string value;
  base::ByteWriter out(value);
  out.u8(0);
  out.f64(number);
  return value;
}

void put_member(std::string &out, std::string_view name, std::string_view value) {
  base::ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(name.size()));
  writer.text(name);
  writer.text(value);
}

const std::string kNull("\x05", 1);

std::uint32_t chunk_stream_of(RtmpType type) {
  switch (type) {
    case RtmpType::SetChunkSize:
      return 2;
    case RtmpType::Command:
      return 3;
    case RtmpType::Audio:
      return 4;
    default:
      return 6;
  }
}

}  // namespace

RtmpPublisher::~RtmpPublisher() {
  if (fd_ >= 0) ::close(fd_);
}

bool RtmpPublisher::fail(const char *step) {
  failure_ = step;
  return false;
}

bool RtmpPublisher::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool RtmpPublisher::read_exactly(std::byte *out, std::size_t size) {
  while (size > 0) {
    ssize_t n = recv(fd_, out, size, 0);
    if (n <= 0) return false;
    out += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool RtmpPublisher::handshake() {
  std::string hello(1 + kHandshake, '\x5a');
  hello[0] = 3;
  std::memset(hello.data() + 1, 0, 8);
  std::array<std::byte, 1 + 2 * kHandshake> answer;
  if (!write_all(hello) || !read_exactly(answer.data(), answer.size())) return false;
  return write_all(base::as_text(base::Bytes(answer).subspan(1, kHandshake)));
}

bool RtmpPublisher::open(const Endpoint &endpoint, std::uint32_t chunk_size) {
  std::string_view path = std::string_view(endpoint.path).substr(1);
  auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return fail("the URL needs /server/camera");
  std::string_view app = path.substr(0, slash), key = path.substr(slash + 1);
  fd_ = connect_blocking(endpoint);
  if (fd_ < 0) return fail("connect");
  if (!handshake()) return fail("handshake");

  std::array<std::byte, 4> size;
  base::put_u32(size.data(), chunk_size);
  if (!send(RtmpType::SetChunkSize, 0, size)) return fail("set chunk size");
  chunk_out_ = chunk_size;

  std::string info("\x03", 1);
  put_member(info, "app", amf_string(app));
  put_member(info, "type", amf_string("nonprivate"));
  put_member(info, "flashVer", amf_string("FMLE/3.0 (compatible; sluice-bench)"));
  put_member(info, "tcUrl", amf_string("rtmp://" + endpoint.host + "/" + std::string(app)));
  info.append("\0\0\x09", 3);
  if (!send_command("connect", 1, info) || !await("_result", {}, nullptr))
    return fail("connect command");

  std::string named = kNull + amf_string(key);
  std::string created;
  bool sent = send_command("releaseStream", 2, named) && send_command("FCPublish", 3, named) &&
              send_command("createStream", 4, kNull);
  // The answer to createStream is found by its transaction number; others may come before it.
  if (!sent || !await("_result", amf_number(4), &created)) return fail("createStream");
  double id = 1;
  if (created.size() >= 9) {
    base::ByteReader tail(base::as_bytes(created).subspan(created.size() - 8));
    id = tail.f64();
  }
  if (!(id >= 0 && id < 1e6)) return fail("stream id");
  stream_id_ = static_cast<std::uint32_t>(id);
  if (!send_command("publish", 5, named + amf_string("live"))) return fail("publish");
  if (!await("onStatus", "NetStream.Publish.Start", nullptr)) return fail("publish answer");
  return true;
}

bool RtmpPublisher::send_command(std::string_view name, double transaction,
                                 std::string_view arguments) {
  std::string body = amf_string(name) + amf_number(transaction);
  body += arguments;
  return send(RtmpType::Command, 0, base::as_bytes(body));
}

bool RtmpPublisher::send(RtmpType type, std::uint32_t timestamp_ms, base::Bytes body) {
  std::uint32_t chunk_stream = chunk_stream_of(type);
  bool extended = timestamp_ms >= 0xffffff;
  out_.clear();
  base::ByteWriter out(out_);
  out.u8(static_cast<std::uint8_t>(chunk_stream));
  out.u24(extended ? 0xffffff : timestamp_ms);
  out.u24(static_cast<std::uint32_t>(body.size()));
  out.u8(static_cast<std::uint8_t>(type));
  out.u32_le(chunk_stream == 2 ? 0 : stream_id_);
  for (bool first = true; first || !body.empty(); first = false) {
    if (!first) out.u8(static_cast<std::uint8_t>(0xc0 | chunk_stream));
    if (extended) out.u32(timestamp_ms);
    std::size_t size = std::min<std::size_t>(chunk_out_, body.size());
    out.bytes(body.first(size));
    body = body.subspan(size);
  }
  return write_all(out_);
}

bool RtmpPublisher::read_chunk_header(std::uint8_t format, Partial &partial) {
  static constexpr std::size_t kSizes[] = {11, 7, 3, 0};
  std::array<std::byte, 11> header{};
  if (!read_exactly(header.data(), kSizes[format])) return false;
  base::ByteReader reader(header);
  bool extended = format < 3 && reader.u24() == 0xffffff;
  if (format < 2) {
    partial.length = reader.u24();
    partial.type = reader.u8();
  }
  std::array<std::byte, 4> time{};
  return partial.length <= kLargestAnswer && (!extended || read_exactly(time.data(), 4));
}

bool RtmpPublisher::read_message(std::uint8_t &type, std::string &body) {
  for (;;) {
    std::byte basic{};
    if (!read_exactly(&basic, 1)) return false;
    auto format = static_cast<std::uint8_t>(basic >> 6);
    auto id = static_cast<std::uint32_t>(basic & std::byte{63});
    if (id < 2) return false;  // a server has no need of more than 62 chunk streams to answer
    Partial &partial = partial_[id];
    if (!read_chunk_header(format, partial)) return false;
    std::size_t at = partial.body.size();
    std::size_t size = std::min<std::size_t>(chunk_in_, partial.length - at);
    partial.body.resize(at + size);
    if (!read_exactly(reinterpret_cast<std::byte *>(partial.body.data()) + at, size)) return false;
    if (partial.body.size() < partial.length) continue;
    type = partial.type;
    body = std::exchange(partial.body, {});
    return true;
  }
}

// Reads until a command of that name comes whose body holds the needle.
bool RtmpPublisher::await(std::string_view command, std::string_view needle, std::string *found) {
  std::string expected = amf_string(command);
  for (int i = 0; i < kMessagesUntilAnswer; i++) {
    std::uint8_t type = 0;
    std::string body;
    if (!read_message(type, body)) return false;
    if (type == static_cast<std::uint8_t>(RtmpType::SetChunkSize) && body.size() == 4)
      chunk_in_ = std::max(1U, base::ByteReader(base::as_bytes(body)).u32() & 0x7fffffff);
    bool is_command = type == static_cast<std::uint8_t>(RtmpType::Command);
    if (!is_command || !body.starts_with(expected) || body.find(needle) == std::string::npos)
      continue;
    if (found) *found = std::move(body);
    return true;
  }
  return false;
}

void RtmpPublisher::drain() {
  std::array<std::byte, 4096> scratch;
  while (recv(fd_, scratch.data(), scratch.size(), MSG_DONTWAIT) > 0) {
  }
}

void RtmpPublisher::close() {
  if (fd_ < 0) return;
  send_command("deleteStream", 6, kNull + amf_number(stream_id_));
  ::shutdown(fd_, SHUT_WR);
  ::close(fd_);
  fd_ = -1;
}

}  // namespace sluice::bench
