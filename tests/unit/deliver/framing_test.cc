// SPDX-License-Identifier: Apache-2.0
#include "deliver/framing.h"

#include <doctest/doctest.h>

#include "wire/websocket.h"

using namespace sluice;
using deliver::Framing;

namespace {

std::string header(Framing framing, std::uint64_t length, bool first) {
  std::string out = "before:";
  deliver::append_message_header(out, framing, length, first);
  CHECK(out.starts_with("before:"));
  return out.substr(7);
}

std::string end(Framing framing, bool first) {
  std::string out;
  deliver::append_stream_end(out, framing, first);
  return out;
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("framing: a chunk's header closes the chunk before it, if there is one") {
    CHECK(header(Framing::Chunked, 0x1a2b, true) == "1a2b\r\n");
    CHECK(header(Framing::Chunked, 1, false) == "\r\n1\r\n");
    CHECK(header(Framing::Chunked, ~std::uint64_t{0}, false) == "\r\nffffffffffffffff\r\n");
    CHECK(end(Framing::Chunked, false) == "\r\n0\r\n\r\n");
    CHECK(end(Framing::Chunked, true) == "0\r\n\r\n");
  }

  TEST_CASE("framing: a WebSocket message is one final binary frame with the shortest length") {
    CHECK(header(Framing::WebSocket, 125, true) == std::string("\x82\x7d"));
    CHECK(header(Framing::WebSocket, 126, false) == std::string("\x82\x7e\x00\x7e", 4));
    CHECK(header(Framing::WebSocket, 65'536, false) ==
          std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
    std::string close = end(Framing::WebSocket, false);
    CHECK(close.substr(0, 1) == "\x88");
    CHECK(close.substr(2, 2) == "\x03\xe9");  // 1001, going away
  }

  TEST_CASE("framing: messages that lie on the tape get nothing but a close frame in the end") {
    CHECK(header(Framing::TapedWebSocket, 65'536, true).empty());
    CHECK(header(Framing::TapedWebSocket, 125, false).empty());
    CHECK(end(Framing::TapedWebSocket, false) == end(Framing::WebSocket, false));
  }

  TEST_CASE("framing: HTTP/1.0 has none") {
    CHECK(header(Framing::Raw, 1'000, true).empty());
    CHECK(header(Framing::Raw, 1'000, false).empty());
    CHECK(end(Framing::Raw, false).empty());
  }
}
