// SPDX-License-Identifier: Apache-2.0
// WebSocket frames: RFC 6455's examples, its prohibitions, and the caps on what a message may cost.
#include "wire/websocket.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "hex.h"

namespace sluice::wire::websocket {
namespace {

using test::hex;

struct Recorder : FrameSink {
  std::vector<std::string> events;
  void on_message(Opcode opcode, base::Bytes payload) override {
    add(opcode == Opcode::Text ? "text " : "binary ", payload);
  }
  void on_ping(base::Bytes payload) override { add("ping ", payload); }
  void on_pong(base::Bytes payload) override { add("pong ", payload); }
  void on_close(std::uint16_t code, std::string_view reason) override {
    events.push_back("close " + std::to_string(code) + " " + std::string(reason));
  }
  void add(const char *what, base::Bytes payload) {
    events.push_back(what + std::string(base::as_text(payload)));
  }
};

using Events = std::vector<std::string>;

Events read(const std::string &bytes, FrameReader::Role role = FrameReader::Role::Server) {
  FrameReader reader(role);
  Recorder recorder;
  CHECK(reader.feed(base::as_bytes(bytes), recorder).has_value());
  return recorder.events;
}

// The close code by which the reader refuses `bytes`, or 0 when it does not.
std::uint16_t refusal(const std::string &bytes,
                      FrameReader::Role role = FrameReader::Role::Server) {
  FrameReader reader(role);
  Recorder recorder;
  return reader.feed(base::as_bytes(bytes), recorder) ? std::uint16_t{0} : reader.close_code();
}

std::string masked(Opcode opcode, std::string_view payload, bool final = true) {
  std::string out;
  append_masked_frame(out, opcode, base::as_bytes(payload), 0x37fa213d, final);
  return out;
}

TEST_SUITE("wire") {
  TEST_CASE("websocket: the accept key of RFC 6455 section 1.3") {
    CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }

  TEST_CASE("websocket: the examples of RFC 6455 section 5.7") {
    CHECK(read(hex("81 85 37fa213d 7f9f4d5158")) == Events{"text Hello"});
    CHECK(read(hex("81 05 48656c6c6f"), FrameReader::Role::Client) == Events{"text Hello"});
    CHECK(read(hex("01 03 48656c 80 02 6c6f"), FrameReader::Role::Client) == Events{"text Hello"});
    CHECK(read(hex("8a 85 37fa213d 7f9f4d5158")) == Events{"pong Hello"});
    CHECK(read(hex("89 05 48656c6c6f"), FrameReader::Role::Client) == Events{"ping Hello"});
    CHECK(read(hex("82 7e 0100") + std::string(256, 'b'), FrameReader::Role::Client) ==
          Events{"binary " + std::string(256, 'b')});
    CHECK(masked(Opcode::Text, "Hello") == hex("81 85 37fa213d 7f9f4d5158"));
  }

  TEST_CASE("websocket: headers of every length form") {
    std::string head(kMaxServerHeader, '\0');
    auto header = [&](std::uint64_t length) {
      return head.substr(0, write_header(head.data(), Opcode::Binary, length));
    };
    CHECK(header(0) == hex("82 00"));
    CHECK(header(125) == hex("82 7d"));
    CHECK(header(126) == hex("82 7e 007e"));
    CHECK(header(65535) == hex("82 7e ffff"));
    CHECK(header(65536) == hex("82 7f 0000000000010000"));
    CHECK(header(0x123456789a) == hex("82 7f 000000123456789a"));
  }

  TEST_CASE("websocket: control frames between fragments, in any pieces") {
    std::string bytes = masked(Opcode::Text, "Hel", false) + masked(Opcode::Ping, "p") +
                        masked(Opcode::Continuation, "", false) + masked(Opcode::Pong, "") +
                        masked(Opcode::Continuation, "lo") +
                        masked(Opcode::Binary, std::string(300, 'b')) +
                        masked(Opcode::Close, close_body(kNormal, "bye"));
    Events whole = read(bytes);
    CHECK(whole == Events{"ping p", "pong ", "text Hello", "binary " + std::string(300, 'b'),
                          "close 1000 bye"});
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      FrameReader reader;
      Recorder recorder;
      REQUIRE(reader.feed(base::as_bytes(bytes).first(cut), recorder).has_value());
      REQUIRE(reader.feed(base::as_bytes(bytes).subspan(cut), recorder).has_value());
      CHECK(recorder.events == whole);
      CHECK(reader.closed());
    }
  }

  TEST_CASE("websocket: bytes behind a close frame are dropped") {
    CHECK(read(masked(Opcode::Close, "") + "garbage") == Events{"close 1005 "});
  }

  TEST_CASE("websocket: masks are required of clients and refused from servers") {
    CHECK(refusal(hex("81 05 48656c6c6f")) == kProtocolError);
    CHECK(refusal(masked(Opcode::Text, "x"), FrameReader::Role::Client) == kProtocolError);
  }

  TEST_CASE("websocket: reserved bits and unknown opcodes are refused, each of them") {
    for (unsigned first = 0; first < 256; ++first) {
      std::string bytes{static_cast<char>(first), '\x80', 'm', 'a', 's', 'k'};
      unsigned opcode = first & 0x0fU;
      bool control = opcode >= 8;
      bool good = (first & 0x70U) == 0 &&
                  (opcode == 1 || opcode == 2 || (opcode >= 8 && opcode <= 10)) &&
                  (!control || (first & 0x80U) != 0);
      CHECK_MESSAGE(refusal(bytes) == (good ? 0 : kProtocolError), "first byte " << first);
    }
  }

  TEST_CASE("websocket: control frames above 125 bytes or in fragments are refused") {
    CHECK(refusal(hex("89 fe")) == kProtocolError);
    CHECK(refusal(hex("88 ff")) == kProtocolError);
    CHECK(refusal(hex("09 80")) == kProtocolError);
    CHECK(refusal(masked(Opcode::Ping, std::string(125, 'p'))) == 0);
  }

  TEST_CASE("websocket: fragments out of order are refused") {
    CHECK(refusal(masked(Opcode::Continuation, "x")) == kProtocolError);
    CHECK(refusal(masked(Opcode::Text, "a", false) + masked(Opcode::Text, "b")) == kProtocolError);
  }

  TEST_CASE(
      "websocket: lengths that are not minimal, negative or too large are refused before any "
      "payload") {
    CHECK(refusal(hex("82 fe 0000 00000000")) == kProtocolError);
    CHECK(refusal(hex("82 fe 007d 00000000")) == kProtocolError);
    CHECK(refusal(hex("82 ff 000000000000ffff 00000000")) == kProtocolError);
    CHECK(refusal(hex("82 ff 8000000000000000 00000000")) == kProtocolError);
    CHECK(refusal(hex("82 ff ffffffffffffffff 00000000")) == kProtocolError);
    CHECK(refusal(hex("82 ff 7fffffffffffffff 00000000")) == kTooBig);
    CHECK(refusal(hex("82 ff 0000000100000000 00000000")) == kTooBig);
    CHECK(refusal(hex("82 ff 0000000080000000 00000000")) == kTooBig);
    CHECK(refusal(hex("82 ff 0000000000010001 00000000")) == kTooBig);
    CHECK(refusal(hex("82 ff 0000000000010000 00000000")) == 0);
    CHECK(refusal(hex("82 fe 007e 00000000")) == 0);
  }

  TEST_CASE("websocket: a message is capped in bytes over all its fragments") {
    std::string half(40000, 'h');
    CHECK(refusal(masked(Opcode::Binary, half, false) + masked(Opcode::Continuation, half)) ==
          kTooBig);
    CHECK(refusal(masked(Opcode::Binary, half) + masked(Opcode::Binary, half)) == 0);
  }

  TEST_CASE(
      "websocket: a message is capped in fragments, so that empty ones cannot go on for ever") {
    std::string bytes = masked(Opcode::Binary, "", false);
    for (int i = 0; i < 200000; ++i)
      bytes += masked(Opcode::Continuation, "", false);
    CHECK(refusal(bytes) == kPolicy);
  }

  TEST_CASE("websocket: text that is not UTF-8 is refused, whole and in fragments") {
    CHECK(refusal(masked(Opcode::Text, "\xff")) == kInvalidData);
    CHECK(refusal(masked(Opcode::Binary, "\xff")) == 0);
    CHECK(refusal(masked(Opcode::Text, "\xc3", false) + masked(Opcode::Continuation, "\xa4")) == 0);
    CHECK(refusal(masked(Opcode::Text, "\xc3", false) + masked(Opcode::Continuation, "x")) ==
          kInvalidData);
  }

  TEST_CASE("websocket: close frames with wrong codes and reasons") {
    CHECK(refusal(masked(Opcode::Close, "x")) == kProtocolError);
    for (unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
      CHECK_MESSAGE(refusal(masked(Opcode::Close, close_body(static_cast<std::uint16_t>(code)))) ==
                        kProtocolError,
                    code);
    }
    for (unsigned code : {1000U, 1003U, 1007U, 1011U, 1014U, 3000U, 4999U}) {
      CHECK_MESSAGE(
          refusal(masked(Opcode::Close, close_body(static_cast<std::uint16_t>(code)))) == 0, code);
    }
    CHECK(refusal(masked(Opcode::Close, hex("03e8 ff"))) == kInvalidData);
  }

  TEST_CASE("websocket: a close reason is cut between characters") {
    CHECK(close_body(kNormal) == hex("03e8"));
    CHECK(close_body(kNormal, std::string(200, 'r')).size() == 125);
    std::string reason = std::string(122, 'r') + "\xc3\xa4";
    CHECK(close_body(kNormal, reason) == hex("03e8") + std::string(122, 'r'));
  }

  TEST_CASE("websocket: UTF-8 by RFC 3629") {
    auto valid = [](std::string_view text) { return is_valid_utf8(base::as_bytes(text)); };
    for (const char *good : {"", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf",
                             "f0908080", "f48fbfbf"}) {
      CHECK_MESSAGE(valid(hex(good)), good);
    }
    for (const char *bad : {"80", "bf", "c0 80", "c1bf", "c2", "c27f", "e09fbf", "eda080", "edbfbf",
                            "e2 82", "f08fbfbf", "f4908080", "f5808080", "fe", "ff", "f0 90 80"}) {
      CHECK_MESSAGE(!valid(hex(bad)), bad);
    }
  }

  TEST_CASE("websocket: an unmasked frame for small answers") {
    std::string out;
    append_frame(out, Opcode::Pong, base::as_bytes("ok"));
    CHECK(out == hex("8a 02 'ok'"));
  }
}

}  // namespace
}  // namespace sluice::wire::websocket
