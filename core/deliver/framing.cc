// SPDX-License-Identifier: Apache-2.0
#include "deliver/framing.h"

#include <array>
#include <charconv>

#include "wire/websocket.h"

namespace sluice::deliver {
namespace {

void append_chunk_header(std::string &out, std::uint64_t length, bool first) {
  std::array<char, 16> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length, 16).ptr;
  if (!first) out.append("\r\n");
  out.append(digits.data(), end).append("\r\n");
}

}  // namespace

void append_message_header(std::string &out, Framing framing, std::uint64_t length, bool first) {
  switch (framing) {
    case Framing::Raw:
    case Framing::TapedWebSocket:
      return;
    case Framing::Chunked:
      return append_chunk_header(out, length, first);
    case Framing::WebSocket: {
      std::array<char, wire::websocket::kMaxServerHeader> header;
      auto size =
          wire::websocket::write_header(header.data(), wire::websocket::Opcode::Binary, length);
      out.append(header.data(), size);
    }
  }
}

void append_stream_end(std::string &out, Framing framing, bool first) {
  switch (framing) {
    case Framing::Raw:
      return;
    case Framing::Chunked: {
      append_chunk_header(out, 0, first);
      out.append("\r\n");
      return;
    }
    case Framing::WebSocket:
    case Framing::TapedWebSocket: {
      auto body = wire::websocket::close_body(wire::websocket::kGoingAway, "the stream has ended");
      wire::websocket::append_frame(out, wire::websocket::Opcode::Close, base::as_bytes(body));
    }
  }
}

}  // namespace sluice::deliver
