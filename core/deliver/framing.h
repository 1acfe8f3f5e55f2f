// SPDX-License-Identifier: Apache-2.0
// Framing: the few bytes that a transport wants around the bytes of a tape. They belong to the
// viewer and are sent in the same write in front of the tape's bytes. A message boundary is always
// a frame boundary.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::deliver {

enum class Framing : std::uint8_t {
  Raw,             // HTTP/1.0: the body ends with the connection
  Chunked,         // HTTP/1.1 (RFC 9112, section 7.1)
  WebSocket,       // binary messages (RFC 6455)
  TapedWebSocket,  // whole messages, which lie on the tape with their headers
};

constexpr bool is_websocket(Framing framing) {
  return framing == Framing::WebSocket || framing == Framing::TapedWebSocket;
}

// Appends what comes before a message of `length` bytes. A chunk's closing CRLF is written with the
// next header, so that nothing has to follow a message's bytes; `first` says that there is no chunk
// to close yet.
void append_message_header(std::string &out, Framing framing, std::uint64_t length, bool first);

// Appends what ends the whole stream cleanly. `first` as above.
void append_stream_end(std::string &out, Framing framing, bool first);

}  // namespace sluice::deliver
