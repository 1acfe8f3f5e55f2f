// SPDX-License-Identifier: Apache-2.0
#include "wire/websocket.h"

#include <algorithm>

#include "base/hash.h"
#include "base/utf8.h"

namespace sluice::wire::websocket {
namespace {

using base::Bytes;
using base::Code;
using base::Domain;
using base::Status;

constexpr std::uint8_t kFinalBit = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kMaskBit = 0x80;
constexpr std::uint64_t kMaxControl = 125;  // section 5.5

std::uint8_t u8(std::byte b) { return std::to_integer<std::uint8_t>(b); }

bool is_control(Opcode opcode) { return (static_cast<std::uint8_t>(opcode) & 8U) != 0; }

bool is_known(Opcode opcode) {
  return opcode <= Opcode::Binary || (opcode >= Opcode::Close && opcode <= Opcode::Pong);
}

// Codes that may stand in a close frame (section 7.4, and the registry that it founds).
bool is_valid_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

// How many bytes of extended length follow the two first bytes (section 5.2).
std::size_t length_bytes(std::uint8_t length7) {
  if (length7 == 126) return 2;
  return length7 == 127 ? 8 : 0;
}

}  // namespace

Status FrameReader::fail(std::uint16_t close_code, Code code, const char *what) {
  close_code_ = close_code;
  return base::fail(Domain::Wire, code, what);
}

Status FrameReader::feed(Bytes input, FrameSink &sink) {
  while (!input.empty() && !closed_) {
    if (in_payload_) {
      input = input.subspan(copy_payload(input));
    } else {
      head_[head_size_++] = input.front();
      input = input.subspan(1);
      if (head_size_ == 2) SLUICE_TRY_VOID(check_first_bytes());
      if (head_size_ < header_size()) continue;
      SLUICE_TRY_VOID(finish_header());
    }
    if (taken_ == header_.length) SLUICE_TRY_VOID(finish_frame(sink));
  }
  return {};
}

std::size_t FrameReader::header_size() const {
  if (head_size_ < 2) return 2;
  return 2 + length_bytes(u8(head_[1]) & 0x7fU) + (role_ == Role::Server ? 4 : 0);
}

Status FrameReader::check_first_bytes() {
  std::uint8_t first = u8(head_[0]);
  std::uint8_t second = u8(head_[1]);
  header_.final = (first & kFinalBit) != 0;
  header_.opcode = static_cast<Opcode>(first & 0x0fU);
  if ((first & kReservedBits) != 0) {
    return fail(kProtocolError, Code::Malformed, "WebSocket frame has a reserved bit");
  }
  if (!is_known(header_.opcode)) {
    return fail(kProtocolError, Code::Malformed, "WebSocket frame has an unknown opcode");
  }
  if (((second & kMaskBit) != 0) != (role_ == Role::Server)) {
    return fail(kProtocolError, Code::Malformed, "WebSocket frame is masked on the wrong side");
  }
  if (is_control(header_.opcode)) {
    if (!header_.final)
      return fail(kProtocolError, Code::Malformed, "WebSocket control frame is fragmented");
    if ((second & 0x7fU) > kMaxControl) {
      return fail(kProtocolError, Code::Malformed, "WebSocket control frame is too long");
    }
    return {};
  }
  if ((header_.opcode == Opcode::Continuation) != in_message_) {
    return fail(kProtocolError, Code::Malformed, "WebSocket fragments are out of order");
  }
  return {};
}

// The length, and what it means for the message under way.
Status FrameReader::finish_header() {
  std::uint8_t length7 = u8(head_[1]) & 0x7fU;
  std::size_t extra = length_bytes(length7);
  header_.length = extra == 0 ? length7 : 0;
  for (std::byte b : Bytes(head_).subspan(2, extra))
    header_.length = header_.length << 8 | u8(b);
  bool minimal = extra == 0 || header_.length > (extra == 2 ? 125 : 0xffff);
  if (!minimal || header_.length >> 63 != 0) {
    return fail(kProtocolError, Code::Malformed, "WebSocket frame has a wrong length");
  }
  if (role_ == Role::Server) std::copy_n(head_.begin() + 2 + extra, 4, header_.mask.begin());
  in_payload_ = true;
  taken_ = 0;
  if (is_control(header_.opcode)) return {};
  if (!in_message_) {
    in_message_ = true;
    message_opcode_ = header_.opcode;
    fragments_ = 0;
  }
  if (++fragments_ > limits_.max_fragments) {
    return fail(kPolicy, Code::TooLarge, "WebSocket message has too many fragments");
  }
  if (message_.size() > limits_.max_message_bytes ||
      header_.length > limits_.max_message_bytes - message_.size()) {
    return fail(kTooBig, Code::TooLarge, "WebSocket message is too long");
  }
  return {};
}

// Unmasks (section 5.3) into the message or the control frame. Grows with what has come, never by
// what is announced.
std::size_t FrameReader::copy_payload(Bytes input) {
  auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), header_.length - taken_));
  std::string &to = is_control(header_.opcode) ? control_ : message_;
  std::size_t at = to.size();
  to += base::as_text(input.first(size));
  if (role_ == Role::Server) {
    for (std::size_t i = 0; i < size; ++i) {
      to[at + i] = static_cast<char>(u8(input[i] ^ header_.mask[(taken_ + i) % 4]));
    }
  }
  taken_ += size;
  return size;
}

Status FrameReader::finish_frame(FrameSink &sink) {
  in_payload_ = false;
  head_size_ = 0;
  taken_ = 0;
  if (is_control(header_.opcode)) return finish_control(sink);
  if (!header_.final) return {};
  in_message_ = false;
  if (message_opcode_ == Opcode::Text && !is_valid_utf8(base::as_bytes(message_))) {
    return fail(kInvalidData, Code::Malformed, "WebSocket text is not UTF-8");
  }
  sink.on_message(message_opcode_, base::as_bytes(message_));
  message_.clear();
  return {};
}

Status FrameReader::finish_control(FrameSink &sink) {
  Bytes payload = base::as_bytes(control_);
  if (header_.opcode == Opcode::Close) SLUICE_TRY_VOID(finish_close(sink));
  if (header_.opcode == Opcode::Ping) sink.on_ping(payload);
  if (header_.opcode == Opcode::Pong) sink.on_pong(payload);
  control_.clear();
  return {};
}

Status FrameReader::finish_close(FrameSink &sink) {
  std::uint16_t code = kNoStatus;
  std::string_view reason;
  if (!control_.empty()) {
    base::ByteReader in(base::as_bytes(control_));
    code = in.u16();
    reason = base::as_text(in.rest());
    if (!in.ok() || !is_valid_close_code(code)) {
      return fail(kProtocolError, Code::Malformed, "WebSocket close frame has a wrong code");
    }
    if (!is_valid_utf8(base::as_bytes(reason))) {
      return fail(kInvalidData, Code::Malformed, "WebSocket close reason is not UTF-8");
    }
  }
  closed_ = true;
  sink.on_close(code, reason);
  return {};
}

std::size_t write_header(char *out, Opcode opcode, std::uint64_t length) {
  auto *p = reinterpret_cast<std::byte *>(out);
  p = base::put_u8(p, kFinalBit | static_cast<std::uint8_t>(opcode));
  if (length <= kMaxControl) {
    p = base::put_u8(p, static_cast<std::uint32_t>(length));
  } else if (length <= 0xffff) {
    p = base::put_u16(base::put_u8(p, 126), static_cast<std::uint32_t>(length));
  } else {
    p = base::put_u32(base::put_u8(p, 127), static_cast<std::uint32_t>(length >> 32));
    p = base::put_u32(p, static_cast<std::uint32_t>(length));
  }
  return static_cast<std::size_t>(p - reinterpret_cast<std::byte *>(out));
}

void append_frame(std::string &out, Opcode opcode, Bytes payload) {
  std::array<char, kMaxServerHeader> head{};
  out.append(head.data(), write_header(head.data(), opcode, payload.size()));
  out += base::as_text(payload);
}

void append_masked_frame(std::string &out, Opcode opcode, Bytes payload, std::uint32_t mask,
                         bool final) {
  std::size_t start = out.size();
  std::array<char, kMaxServerHeader> head{};
  out.append(head.data(), write_header(head.data(), opcode, payload.size()));
  if (!final) out[start] = static_cast<char>(opcode);
  out[start + 1] = static_cast<char>(static_cast<unsigned char>(out[start + 1]) | kMaskBit);
  std::array<std::byte, 4> key{};
  base::put_u32(key.data(), mask);
  out += base::as_text(Bytes(key));
  for (std::size_t i = 0; i < payload.size(); ++i)
    out.push_back(static_cast<char>(u8(payload[i] ^ key[i % 4])));
}

std::string close_body(std::uint16_t code, std::string_view reason) {
  std::string out;
  base::ByteWriter(out).u16(code);
  std::size_t size = std::min(reason.size(), kMaxControl - 2);
  // A continuation byte of UTF-8 is not where to cut.
  while (size < reason.size() && size > 0 &&
         (static_cast<unsigned char>(reason[size]) & 0xc0U) == 0x80)
    --size;
  out += reason.substr(0, size);
  return out;
}

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return base::base64(base::sha1(base::as_bytes(text)));
}

bool is_valid_utf8(Bytes text) {
  std::string_view rest = base::as_text(text);
  while (std::size_t length = base::utf8_length(rest))
    rest.remove_prefix(length);
  return rest.empty();
}

}  // namespace sluice::wire::websocket
