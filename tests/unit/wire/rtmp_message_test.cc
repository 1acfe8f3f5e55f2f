// SPDX-License-Identifier: Apache-2.0
// RTMP control messages, commands and aggregates, whole and broken.
#include "wire/rtmp_message.h"

#include <doctest/doctest.h>

#include "hex.h"
#include "wire/amf0.h"

namespace sluice::wire::rtmp {
namespace {

using amf::Kind;
using amf::Value;
using base::Bytes;
using base::Code;
using test::hex;

base::Result<Command> command(const std::string &body,
                              MessageType type = MessageType::CommandAmf0) {
  return parse_command(type, base::as_bytes(body));
}

struct Sub {
  MessageHeader header;
  std::string body;
};

base::Result<std::vector<Sub>> split(std::uint32_t timestamp, const std::string &body) {
  MessageHeader aggregate{.timestamp = timestamp, .stream_id = 1, .type = MessageType::Aggregate};
  std::vector<Sub> subs;
  auto status = split_aggregate(aggregate, base::as_bytes(body),
                                [&](const MessageHeader &header, Bytes bytes) {
                                  subs.push_back({header, std::string(base::as_text(bytes))});
                                  return base::Status{};
                                });
  if (!status) return base::fail(status.error());
  return subs;
}

TEST_SUITE("wire") {
  TEST_CASE("rtmp message: control messages of every length from 0 to 8 are read or refused") {
    for (std::size_t size = 0; size <= 8; ++size) {
      std::string body(size, '\1');
      CHECK(parse_control(base::as_bytes(body)).has_value() == (size >= 4));
      CHECK(parse_peer_bandwidth(base::as_bytes(body)).has_value() == (size >= 5));
      CHECK(parse_user_control(base::as_bytes(body)).has_value() == (size >= 2));
    }
  }

  TEST_CASE("rtmp message: control messages are read as they are written") {
    CHECK(control_body(4096) == hex("00001000"));
    CHECK(parse_control(base::as_bytes(control_body(0xfffffffe))) == 0xfffffffe);
    std::string bandwidth = peer_bandwidth_body({.window_bytes = 2500000, .limit_type = 1});
    CHECK(parse_peer_bandwidth(base::as_bytes(bandwidth))->window_bytes == 2500000);
    CHECK(parse_peer_bandwidth(base::as_bytes(bandwidth))->limit_type == 1);
    std::string buffer =
        user_control_body({.event = UserEvent::SetBufferLength, .value = 1, .extra = 3000});
    CHECK(buffer == hex("0003 00000001 00000bb8"));
    CHECK(parse_user_control(base::as_bytes(buffer))->extra == 3000);
    CHECK(user_control_body({.event = UserEvent::StreamBegin, .value = 1}) == hex("0000 00000001"));
  }

  TEST_CASE("rtmp message: a connect command") {
    std::string body = command_body(
        "connect", 1, make_object({{"app", Value("live")}, {"tcUrl", Value("rtmp://h/live")}}));
    auto parsed = command(body);
    REQUIRE(parsed.has_value());
    CHECK(parsed->name == "connect");
    CHECK(parsed->transaction == 1);
    CHECK(parsed->object.find("app")->as_string() == "live");
    CHECK(parsed->arguments.empty());
    CHECK(parsed->argument(0).kind == Kind::Undefined);
  }

  TEST_CASE("rtmp message: a publish command, with and without its type") {
    auto parsed =
        command(command_body("publish", 5, Value(Kind::Null), {Value("cam"), Value("live")}));
    REQUIRE(parsed.has_value());
    CHECK(parsed->argument(0).as_string() == "cam");
    CHECK(parsed->argument(1).as_string() == "live");
    parsed = command(command_body("publish", 0.5, Value(Kind::Null), {Value("cam")}));
    REQUIRE(parsed.has_value());
    CHECK(parsed->transaction == 0.5);
    CHECK_FALSE(parsed->argument(1).as_string().has_value());
  }

  TEST_CASE(
      "rtmp message: a command may lack all but its name, and have a transaction of another type") {
    CHECK(command(hex("020002 'hi'"))->name == "hi");
    CHECK(command(hex("020002 'hi' 05"))->transaction == 0);
    CHECK(command(hex("020002 'hi' 020001 '1'"))->transaction == 0);
    CHECK(command("").error().code == Code::Malformed);
    CHECK(command(hex("003ff0000000000000")).error().code == Code::Malformed);
    CHECK_FALSE(command(hex("020002 'hi' ff")).has_value());
  }

  TEST_CASE(
      "rtmp message: AMF3 commands with their format byte, without it, and with switched values") {
    std::string amf0 = command_body("play", 4, Value(Kind::Null), {Value("cam")});
    CHECK(command(hex("00") + amf0, MessageType::CommandAmf3)->argument(0).as_string() == "cam");
    CHECK(command(amf0, MessageType::CommandAmf3)->argument(0).as_string() == "cam");
    std::string switched =
        hex("00 020007 'connect' 003ff0000000000000 11 0a 0b 01 07 'app' 06 09 'live' 01");
    CHECK(command(switched, MessageType::CommandAmf3)->object.find("app")->as_string() == "live");
  }

  TEST_CASE("rtmp message: each command with its arguments cut at every byte ends in order") {
    std::string body =
        command_body("publish", 5, make_object({{"a", Value(1.0)}}), {Value("cam"), Value("live")});
    for (std::size_t size = 0; size < body.size(); ++size) {
      auto parsed = command(body.substr(0, size));
      if (parsed) CHECK(parsed->name == "publish");
    }
  }

  TEST_CASE("rtmp message: a table of commands with arguments of every type in every place") {
    const std::vector<Value> kinds = {Value(),
                                      Value(Kind::Null),
                                      Value(true),
                                      Value(1e308),
                                      Value("x"),
                                      Value(Kind::Object),
                                      Value(Kind::EcmaArray),
                                      Value(Kind::StrictArray)};
    for (const char *name :
         {"connect", "createStream", "publish", "play", "deleteStream", "FCPublish", "_checkbw"}) {
      for (const Value &first : kinds) {
        for (const Value &second : kinds) {
          auto parsed = command(command_body(name, 1, first, {second, first}));
          REQUIRE(parsed.has_value());
          CHECK(parsed->arguments.size() == 2);
          CHECK(parsed->argument(0).kind == second.kind);
        }
      }
    }
  }

  TEST_CASE("rtmp message: metadata of every form that cameras send") {
    auto read = [](const std::string &body, MessageType type = MessageType::DataAmf0) {
      return parse_data(type, base::as_bytes(body));
    };
    CHECK(read(hex("02000d '@setDataFrame' 02000a 'onMetaData' 08 00000000 000009"))->size() == 3);
    CHECK(read(hex("02000a 'onMetaData' 003ff0000000000000 03 000009"))->size() ==
          3);  // Uniview's number
    CHECK(read(hex("02000a 'onMetaData' 0a 00000001 05"))->size() == 2);
    CHECK(read(hex("02000a 'onMetaData' 06"))->size() == 2);
    CHECK(read(hex("00 02000a 'onMetaData' 03 000009"), MessageType::DataAmf3)->size() == 2);
    CHECK(read("")->empty());
    CHECK_FALSE(read(hex("00000012")).has_value());  // FFmpeg's time code
  }

  TEST_CASE("rtmp message: an aggregate is split and its times are moved to its own") {
    std::string body =
        hex("08 000002 0003e8 00 000000 'aa' 0000000d"
            "09 000003 0003fc 00 000000 'vvv' 0000000e");
    auto subs = split(5000, body);
    REQUIRE(subs.has_value());
    REQUIRE(subs->size() == 2);
    CHECK((*subs)[0].header.timestamp == 5000);
    CHECK((*subs)[0].header.type == MessageType::Audio);
    CHECK((*subs)[0].header.length == 2);
    CHECK((*subs)[0].header.stream_id == 1);
    CHECK((*subs)[1].header.timestamp == 5020);
    CHECK((*subs)[1].body == "vvv");
    CHECK(split(0, body.substr(0, body.size() - 4))->size() == 2);  // the last size is missing
    CHECK(split(0, "")->empty());
  }

  TEST_CASE("rtmp message: the upper byte of a time in an aggregate is its highest") {
    auto subs = split(
        0x01000001, hex("08 000000 000001 01 000000 0000000b 08 000000 000003 01 000000 0000000b"));
    REQUIRE(subs.has_value());
    CHECK((*subs)[0].header.timestamp == 0x01000001);
    CHECK((*subs)[1].header.timestamp == 0x01000003);
  }

  TEST_CASE("rtmp message: broken aggregates are refused") {
    std::string body =
        hex("08 000002 0003e8 00 000000 'aa' 0000000d 09 000003 0003fc 00 000000 'vvv' 0000000e");
    for (std::size_t size = 0; size < body.size(); ++size) {
      auto subs = split(0, body.substr(0, size));
      // Valid are the empty one and those that end behind a message, with a whole or a part of the
      // size after it.
      bool valid = size == 0 || (size >= 13 && size <= 17) || size >= 31;
      CHECK_MESSAGE(subs.has_value() == valid, "size " << size);
    }
    CHECK(split(0, hex("16 000000 000000 00 000000 0000000b")).error().code == Code::Malformed);
    CHECK(split(0, hex("08 ffffff 000000 00 000000")).error().code == Code::Truncated);
  }

  TEST_CASE("rtmp message: an error from the receiver stops the splitting") {
    MessageHeader aggregate{.type = MessageType::Aggregate};
    std::string body =
        hex("08 000000 000001 01 000000 0000000b 08 000000 000003 01 000000 0000000b");
    int calls = 0;
    auto status = split_aggregate(aggregate, base::as_bytes(body),
                                  [&](const MessageHeader &, Bytes) -> base::Status {
                                    ++calls;
                                    return base::fail(base::Domain::Wire, Code::Refused, "enough");
                                  });
    CHECK(status.error().code == Code::Refused);
    CHECK(calls == 1);
  }
}

}  // namespace
}  // namespace sluice::wire::rtmp
