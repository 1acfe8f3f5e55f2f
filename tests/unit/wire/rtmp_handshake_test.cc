// SPDX-License-Identifier: Apache-2.0
// The RTMP handshake, both sides against each other and the server against hostile bytes.
#include "wire/rtmp_handshake.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::wire::rtmp {
namespace {

using base::Code;

std::string client_hello(std::optional<DigestSchema> schema) {
  HandshakeClient client(schema);
  std::string out;
  client.start(out);
  return out;
}

// Feeds `bytes` to the server in pieces of `piece`, and returns what it answers.
std::string run_server(HandshakeServer &server, std::string_view bytes, std::size_t piece) {
  std::string output;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    auto taken = server.feed(base::as_bytes(part), output);
    REQUIRE(taken.has_value());
    bytes.remove_prefix(*taken);
    if (server.done()) break;
    REQUIRE(*taken == part.size());
  }
  return output;
}

TEST_SUITE("wire") {
  TEST_CASE("rtmp handshake: client and server agree in every form, in pieces of any size") {
    for (std::optional<DigestSchema> schema :
         {std::optional<DigestSchema>(), std::optional(DigestSchema::Schema0),
          std::optional(DigestSchema::Schema1)}) {
      for (std::size_t piece : {1UL, 7UL, 1536UL, 1537UL, 100000UL}) {
        HandshakeServer server;
        HandshakeClient client(schema);
        std::string hello;
        client.start(hello);
        CHECK(hello.size() == 1537);
        std::string answer = run_server(server, hello, piece);
        CHECK(answer.size() == 1 + 2 * kHandshakeSize);
        CHECK(server.schema() == schema);
        CHECK_FALSE(server.done());
        std::string c2;
        for (std::size_t at = 0; at < answer.size(); at += piece) {
          auto part = std::string_view(answer).substr(at, piece);
          REQUIRE(client.feed(base::as_bytes(part), c2) == part.size());
        }
        CHECK(client.done());
        CHECK(c2.size() == kHandshakeSize);
        CHECK(run_server(server, c2, piece).empty());
        CHECK(server.done());
      }
    }
  }

  TEST_CASE("rtmp handshake: a simple client gets its own bytes back, and a version of zero") {
    HandshakeServer server;
    std::string hello = client_hello({});
    std::string answer = run_server(server, hello, 4096);
    CHECK(answer[0] == 3);
    CHECK(answer.substr(5, 4) == std::string(4, '\0'));
    CHECK(answer.substr(1537) == hello.substr(1));
  }

  TEST_CASE("rtmp handshake: bytes behind C2 are left to the caller") {
    HandshakeServer server;
    std::string bytes = client_hello({}) + std::string(kHandshakeSize, 'c') + "chunk stream";
    std::string output;
    CHECK(server.feed(base::as_bytes(bytes), output) == bytes.size() - 12);
    CHECK(server.done());
    CHECK(server.feed(base::as_bytes("more"), output) == 0);
  }

  TEST_CASE("rtmp handshake: a wrong C2 is no reason to refuse") {
    HandshakeServer server;
    run_server(server, client_hello(DigestSchema::Schema1), 4096);
    CHECK(run_server(server, std::string(kHandshakeSize, '\xff'), 4096).empty());
    CHECK(server.done());
  }

  TEST_CASE("rtmp handshake: a digest that is off by a bit makes it simple") {
    for (DigestSchema schema : {DigestSchema::Schema0, DigestSchema::Schema1}) {
      std::string hello = client_hello(schema);
      REQUIRE(detect_client_digest(base::as_bytes(hello).subspan(1)) == schema);
      for (std::size_t at : {1UL, 9UL, 700UL, 1536UL}) {
        std::string broken = hello;
        broken[at] = static_cast<char>(broken[at] ^ 1);
        HandshakeServer server;
        CHECK(run_server(server, broken, 4096).size() == 1 + 2 * kHandshakeSize);
        CHECK_FALSE(server.schema().has_value());
      }
    }
  }

  TEST_CASE("rtmp handshake: digests lie anywhere that the offset bytes allow") {
    // All four offset bytes at their largest, and at zero.
    for (char offset : {'\xff', '\0'}) {
      std::string packet(kHandshakeSize, offset);
      CHECK_FALSE(detect_client_digest(base::as_bytes(packet)).has_value());
      CHECK_FALSE(detect_server_digest(base::as_bytes(packet)).has_value());
    }
    CHECK_FALSE(detect_client_digest(base::as_bytes("short")).has_value());
  }

  TEST_CASE("rtmp handshake: anything but version 3 is refused at its first byte") {
    for (int version = 0; version < 256; ++version) {
      HandshakeServer server;
      std::string output;
      std::string byte(1, static_cast<char>(version));
      auto taken = server.feed(base::as_bytes(byte), output);
      CHECK(taken.has_value() == (version == 3));
      if (version == 6) CHECK(taken.error().code == Code::Unsupported);
      if (version == 'G') CHECK(taken.error().code == Code::Malformed);
      CHECK(output.empty());
    }
  }

  TEST_CASE("rtmp handshake: the client refuses a server without a digest when it asked for one") {
    HandshakeClient client(DigestSchema::Schema0);
    std::string out;
    client.start(out);
    std::string answer(1 + 2 * kHandshakeSize, '\3');
    CHECK_FALSE(client.feed(base::as_bytes(answer), out).has_value());
    HandshakeClient other;
    CHECK_FALSE(other.feed(base::as_bytes("HTTP/1.1"), out).has_value());
  }
}

}  // namespace
}  // namespace sluice::wire::rtmp
