// SPDX-License-Identifier: Apache-2.0
// RTMP connections, good and hostile, from their first byte to their end.
#include "ingest/rtmp/rtmp_session.h"

#include <doctest/doctest.h>

#include "ingest/rtmp/rtmp_rig.h"

using namespace sluice;
using test::audio_body;
using test::Encoder;
using test::RtmpRig;
using test::video_body;
using wire::rtmp::DigestSchema;
using wire::rtmp::MessageType;

namespace {

using Millis = base::Millis;

// What an impatient encoder says in one go, handshake and all.
std::string whole_session(RtmpRig &rig, int frames) {
  Encoder script(rig);  // only for its words
  script.connect().command("createStream", 2).publish().headers();
  for (int i = 0; i < frames; ++i) {
    script.message(MessageType::Video, video_body(i == 0), static_cast<std::uint32_t>(i * 40));
  }
  std::string said = script.take_output();
  script.peer.close();
  REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
  std::string hello;
  wire::rtmp::HandshakeClient hands;
  hands.start(hello);
  return hello + std::string(wire::rtmp::kHandshakeSize, '\0') + said;
}

}  // namespace

TEST_SUITE("ingest") {
  TEST_CASE("rtmp session: publishes after a handshake of any kind") {
    for (auto schema : {std::optional<DigestSchema>{}, std::optional(DigestSchema::Schema0),
                        std::optional(DigestSchema::Schema1)}) {
      RtmpRig rig;
      Encoder encoder(rig, schema);
      encoder.go_live();
      encoder.message(MessageType::Video, video_body(true)).flush();
      REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 1; }));
      CHECK(rig.is_live());
      CHECK(encoder.has_heard("_result"));
    }
  }

  TEST_CASE("rtmp session: it does not matter how the bytes are cut") {
    RtmpRig rig;
    std::string said = whole_session(rig, 3);
    for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1'537}, said.size()}) {
      Encoder encoder(rig);
      auto before = rig.frames_in();
      for (std::size_t at = 0; at < said.size(); at += piece) {
        REQUIRE(encoder.peer.write(said.substr(at, piece)) > 0);
        rig.loop.run_ready(1);
      }
      REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == before + 3; }));
      CHECK(rig.shelf->find("cams/gate")->counters->frames_dropped.load() == 0);
      encoder.peer.close();
      REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
      rig.settle();
    }
  }

  TEST_CASE("rtmp session: what is no RTMP ends at once") {
    for (std::string_view hello : {std::string_view("\x06", 1), std::string_view("GET / HTTP/1.1"),
                                   std::string_view("\x00", 1)}) {
      RtmpRig rig;
      Encoder encoder(rig);
      encoder.peer.write(hello);
      CHECK(rig.wait_for_end("protocol_error"));
    }
  }

  TEST_CASE("rtmp session: a handshake that is not finished in time ends") {
    config::Config config;
    config.rtmp.handshake_timeout = Millis(20);
    RtmpRig rig(config);
    Encoder silent(rig);
    CHECK(rig.wait_for_end("handshake_timeout"));
    Encoder half(rig);
    half.peer.write(std::string(1, '\x03') + std::string(1'000, 'x'));
    REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
    CHECK(rig.ended("handshake_timeout") == 2);
  }

  TEST_CASE("rtmp session: one that never publishes ends, however busy it is otherwise") {
    config::Config config;
    config.rtmp.publish_timeout = Millis(50);
    RtmpRig rig(config);
    Encoder encoder(rig);
    encoder.handshake().connect().flush();
    REQUIRE(encoder.wait([&] {
      if (!encoder.peer.ended()) {
        encoder.command("_checkbw", 3);
        encoder.peer.write(encoder.take_output());
      }
      return encoder.peer.ended() || encoder.peer.reset();
    }));
    CHECK(rig.ended("handshake_timeout") == 1);
  }

  TEST_CASE("rtmp session: a command before connect, and a second connect, end it") {
    RtmpRig rig;
    Encoder hasty(rig);
    hasty.handshake().command("createStream", 1).flush();
    CHECK(rig.wait_for_end("protocol_error"));
    Encoder twice(rig);
    twice.handshake().connect().connect().flush();
    REQUIRE(twice.wait_for_end());
    CHECK(rig.ended("protocol_error") == 2);
  }

  TEST_CASE("rtmp session: connect without an app is told so") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.handshake().command("connect", 1, {}, wire::rtmp::make_object({})).flush();
    REQUIRE(encoder.wait_for_end());
    CHECK(encoder.has_heard("_error"));
    CHECK(rig.ended("refused") == 1);
  }

  TEST_CASE("rtmp session: names that are no stream's are refused with a status") {
    RtmpRig rig;
    int refused = 0;
    for (const std::string &key : {std::string(), std::string(".."), std::string("a/b/c"),
                                   std::string(500, 'x'), std::string("a\nb")}) {
      Encoder encoder(rig);
      encoder.handshake().connect().publish(key).flush();
      REQUIRE(encoder.wait_for_end());
      CHECK(encoder.has_heard("NetStream.Publish.BadName"));
      CHECK(rig.ended("refused") == static_cast<std::uint64_t>(++refused));
    }
    CHECK(rig.directory.size() == 0);
  }

  TEST_CASE("rtmp session: a name that is taken is refused, and its owner goes on") {
    RtmpRig rig;
    Encoder owner(rig);
    owner.go_live();
    Encoder other(rig);
    other.handshake().connect().publish().flush();
    REQUIRE(other.wait_for_end());
    CHECK(other.has_heard("NetStream.Publish.BadName"));
    CHECK_FALSE(other.has_heard("NetStream.Publish.Start"));
    owner.message(MessageType::Video, video_body(true)).flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 1; }));
    CHECK(rig.server->size() == 1);
  }

  TEST_CASE("rtmp session: by policy a new publisher takes the name over") {
    config::Config config;
    config.stream.publish = config::PublishPolicy::Always;
    RtmpRig rig(config);
    Encoder first(rig);
    first.go_live();
    auto epoch = rig.shelf->find("cams/gate")->epoch;
    Encoder second(rig);
    second.go_live();
    REQUIRE(first.wait_for_end());
    CHECK(rig.ended("taken_over") == 1);
    rig.settle();
    CHECK(rig.shelf->find("cams/gate")->epoch > epoch);
    CHECK(rig.is_live());
  }

  TEST_CASE("rtmp session: publish twice ends it, and the stream with it") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    encoder.publish().flush();
    CHECK(rig.wait_for_end("protocol_error"));
    rig.settle();
    CHECK_FALSE(rig.is_live());
  }

  TEST_CASE("rtmp session: two publishes in one packet are two publishes") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.handshake().connect().publish("gate").publish("door").flush();
    CHECK(rig.wait_for_end("protocol_error"));
    rig.settle();
    CHECK_FALSE(rig.is_live("cams/gate"));
    CHECK(rig.shelf->find("cams/door") == nullptr);
  }

  TEST_CASE("rtmp session: after deleteStream it may publish again, under any name") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    for (std::string key : {"gate", "door", "gate"}) {
      encoder.command("FCUnpublish", 6, {wire::amf::Value(key)});
      encoder.command("deleteStream", 0, {wire::amf::Value(1.0)}).flush();
      REQUIRE(encoder.wait([&] { return !rig.is_live("cams/gate") && !rig.is_live("cams/door"); }));
      // Frames that were on their way are nobody's.
      auto before = rig.frames_in("cams/" + key);
      encoder.message(MessageType::Video, video_body(true)).flush();
      encoder.command("createStream", 2).publish(key).headers();
      encoder.message(MessageType::Video, video_body(true), 40).flush();
      REQUIRE(encoder.wait([&] { return rig.frames_in("cams/" + key) == before + 1; }));
      CHECK(rig.is_live("cams/" + key));
    }
    CHECK(rig.server->size() == 1);
  }

  TEST_CASE("rtmp session: one that stops publishing and does nothing more ends") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    config::Config config;
    config.rtmp.publish_timeout = Millis(30);
    rig.config.set(std::make_shared<const config::Config>(config));
    encoder.command("closeStream", 0).flush();
    CHECK(rig.wait_for_end("handshake_timeout"));
  }

  TEST_CASE("rtmp session: one that sends no media ends, and pings do not help it") {
    config::Config config;
    config.rtmp.stall_timeout = Millis(300);
    RtmpRig rig(config);
    Encoder encoder(rig);
    encoder.go_live();
    REQUIRE(encoder.wait([&] {
      encoder.message(MessageType::UserControl,
                      wire::rtmp::user_control_body({wire::rtmp::UserEvent::PingRequest, 1}));
      encoder.peer.write(encoder.take_output());
      return encoder.peer.ended() || encoder.peer.reset();
    }));
    CHECK(rig.ended("stalled") == 1);
  }

  TEST_CASE("rtmp session: what is sent behind publish, before its answer, is not lost") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.handshake().connect().chunk_size(65'536).publish().headers();
    // Larger than anything may be before a publish.
    encoder.message(MessageType::Video, video_body(true, 50'000));
    for (std::uint32_t i = 1; i < 10; ++i)
      encoder.message(MessageType::Video, video_body(false, 20'000), i * 40);
    encoder.flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 10; }));
    CHECK(rig.shelf->find("cams/gate")->counters->frames_dropped.load() == 0);
    // A stop and a new beginning in the same breath keep their order.
    encoder.command("deleteStream", 0, {wire::amf::Value(1.0)}).publish("door").headers();
    encoder.message(MessageType::Video, video_body(true));
    encoder.command("deleteStream", 0, {wire::amf::Value(1.0)}).publish("yard").headers();
    encoder.message(MessageType::Video, video_body(true));
    encoder.flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in("cams/yard") == 1; }));
    CHECK(rig.frames_in("cams/door") == 1);
    rig.settle();
    CHECK_FALSE(rig.is_live("cams/gate"));
    CHECK_FALSE(rig.is_live("cams/door"));
    CHECK(rig.is_live("cams/yard"));
  }

  TEST_CASE("rtmp session: a flood behind publish is bounded") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.handshake().connect().flush();
    REQUIRE(encoder.wait([&] { return encoder.has_heard("_result"); }));
    encoder.publish();
    for (int i = 0; i < 5'000; ++i)
      encoder.message(MessageType::Audio, "x");
    encoder.flush();
    REQUIRE(encoder.wait_for_end());
    CHECK(rig.ended("protocol_error") == 1);
    rig.settle();
    CHECK_FALSE(rig.is_live());
    CHECK(rig.shelf->buffers().bytes_in_use() == 0);
  }

  TEST_CASE(
      "rtmp session: a client that goes before the answer to its publish gives the name back") {
    RtmpRig rig;
    {
      Encoder encoder(rig);
      encoder.handshake().connect().publish().flush();
      encoder.peer.close_with_reset();
    }
    REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
    rig.settle();
    CHECK_FALSE(rig.is_live());
    Encoder next(rig);
    next.go_live();
  }

  TEST_CASE("rtmp session: before publish only small messages are taken, afterwards large ones") {
    RtmpRig rig;
    Encoder early(rig);
    early.handshake().connect().message(MessageType::Video, video_body(true, 70'000)).flush();
    CHECK(rig.wait_for_end("protocol_error"));
    Encoder encoder(rig);
    encoder.go_live();
    encoder.message(MessageType::Video, video_body(true, 70'000)).flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 1; }));
    encoder.chunk_size(1 << 20).flush();
    config::Config config;
    std::string claim(1, '\x06');
    claim += std::string("\x00\x00\x00\xff\xff\xff\x09\x01\x00\x00\x00", 11);
    encoder.peer.write(claim);
    REQUIRE(encoder.wait_for_end());
    CHECK(rig.ended("protocol_error") == 2);
    CHECK(config.rtmp.max_message_size < 0xffffff);
  }

  TEST_CASE("rtmp session: messages that were begun are let go at its end") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    encoder.message(MessageType::Video, video_body(true, 60'000));
    std::string said = encoder.take_output();
    encoder.peer.write(said.substr(0, 30'000));
    REQUIRE(rig.loop.run_until([&] { return rig.shelf->buffers().bytes_in_use() >= 60'000; }));
    encoder.peer.close();
    CHECK(rig.wait_for_end("client_closed"));
    CHECK(rig.shelf->buffers().bytes_in_use() == 0);
  }

  TEST_CASE("rtmp session: a chunk size that is too small, none or absurd ends it; 128 does not") {
    int ended = 0;
    for (std::uint32_t size : {0U, 1U, 127U, 0x80000000U, 0xffffffffU}) {
      RtmpRig rig;
      Encoder encoder(rig);
      encoder.go_live();
      encoder.message(MessageType::SetChunkSize, wire::rtmp::control_body(size)).flush();
      CHECK(rig.wait_for_end("protocol_error"));
      ++ended;
    }
    CHECK(ended == 5);
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    encoder.chunk_size(128).message(MessageType::Video, video_body(true, 5'000)).flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 1; }));
  }

  TEST_CASE("rtmp session: an aggregate is taken apart, and keeps its times") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    std::string body;
    base::ByteWriter writer(body);
    auto add = [&](MessageType type, std::uint32_t stamp_ms, const std::string &part) {
      writer.u8(static_cast<std::uint8_t>(type));
      writer.u24(static_cast<std::uint32_t>(part.size()));
      writer.u24(stamp_ms);
      writer.u32(0);  // the rest of the time, and the stream id
      writer.text(part);
      writer.u32(static_cast<std::uint32_t>(part.size()) + 11);
    };
    add(MessageType::Video, 1'000, video_body(true));
    add(MessageType::Audio, 1'010, audio_body());
    add(MessageType::Video, 1'040, video_body(false));
    encoder.message(MessageType::Aggregate, body, 5'000).flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 3; }));
    CHECK(rig.shelf->find("cams/gate")->counters->corrections.load() == 0);
    // One that lies about a length ends the session, and not the node.
    encoder.message(MessageType::Aggregate, body.substr(0, body.size() - 40), 6'000).flush();
    REQUIRE(encoder.wait_for_end());
    CHECK(rig.ended("protocol_error") == 1);
  }

  TEST_CASE("rtmp session: play is refused with a clear word") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.handshake().connect().command("createStream", 2);
    encoder.command("play", 3, {wire::amf::Value("gate")}).flush();
    REQUIRE(encoder.wait_for_end());
    CHECK(encoder.has_heard("NetStream.Play.Failed"));
    CHECK(rig.ended("refused") == 1);
  }

  TEST_CASE("rtmp session: pings and windows are answered") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    auto pongs = encoder.count(MessageType::UserControl);
    encoder.message(MessageType::WindowAckSize, wire::rtmp::control_body(1'000));
    encoder.message(MessageType::UserControl,
                    wire::rtmp::user_control_body({wire::rtmp::UserEvent::PingRequest, 77}));
    encoder.flush();
    REQUIRE(encoder.wait([&] {
      return encoder.count(MessageType::UserControl) > pongs &&
             encoder.count(MessageType::Acknowledgement) > 0;
    }));
    auto acknowledged = encoder.count(MessageType::Acknowledgement);
    encoder.message(MessageType::Video, video_body(true, 1'100)).flush();
    REQUIRE(
        encoder.wait([&] { return encoder.count(MessageType::Acknowledgement) > acknowledged; }));
    encoder.message(MessageType::WindowAckSize, wire::rtmp::control_body(0));
    encoder.message(MessageType::Video, video_body(true)).flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 2; }));
  }

  TEST_CASE("rtmp session: one that asks without end and reads nothing is ended") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    for (int i = 0; i < 2'000; ++i) {
      encoder.message(MessageType::UserControl,
                      wire::rtmp::user_control_body({wire::rtmp::UserEvent::PingRequest, 1}));
    }
    std::string pings = encoder.take_output();
    REQUIRE(rig.loop.run_until([&] {
      encoder.peer.write(pings);
      return rig.server->size() == 0;
    }));
    CHECK(rig.ended("connection_lost") == 1);
  }

  TEST_CASE("rtmp session: its end is named after who ended it") {
    RtmpRig rig;
    SUBCASE("the client, in order") {
      Encoder encoder(rig);
      encoder.go_live();
      encoder.peer.close();
      CHECK(rig.wait_for_end("client_closed"));
    }
    SUBCASE("the network") {
      Encoder encoder(rig);
      encoder.go_live();
      encoder.peer.close_with_reset();
      CHECK(rig.wait_for_end("connection_lost"));
    }
    SUBCASE("the operator") {
      Encoder encoder(rig);
      encoder.go_live();
      auto listed = rig.shelf->sessions().describe();
      REQUIRE(listed.size() == 1);
      CHECK(listed.front().stream == "cams/gate");
      CHECK(rig.shelf->sessions().kick(listed.front().id));
      CHECK(rig.wait_for_end("kicked"));
    }
    SUBCASE("the node") {
      Encoder live(rig);
      live.go_live();
      Encoder connected(rig);
      connected.handshake().connect().flush();
      Encoder asking(rig);
      asking.handshake().connect().publish("door").flush();
      Encoder silent(rig);
      rig.server->drain();
      REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
      CHECK(rig.ended("shutdown") == 4);
      REQUIRE(live.wait_for_end());
    }
    rig.settle();
    CHECK_FALSE(rig.is_live());
    CHECK(rig.shelf->sessions().size() == 0);
    CHECK(rig.rtmp_metrics.connections.value() == 0);
  }

  TEST_CASE("rtmp server: connections over the limit are closed at once") {
    RtmpRig rig({}, {1, 1});
    Encoder first(rig);
    first.go_live();
    Encoder second(rig);
    REQUIRE(rig.loop.run_until([&] {
      second.peer.read();
      return second.peer.ended() || second.peer.reset();
    }));
    CHECK(rig.rtmp_metrics.refused_limit.value() == 1);
    first.peer.close();
    REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
    rig.settle();
    Encoder third(rig);
    third.go_live();
  }

  TEST_CASE("rtmp server: may go with sessions in every stage") {
    RtmpRig rig;
    Encoder live(rig);
    live.go_live();
    Encoder connected(rig);
    connected.handshake().connect().flush();
    Encoder asking(rig);
    asking.handshake().connect().publish("door").flush();
    Encoder silent(rig);
    rig.server.reset();
    rig.settle();
    CHECK_FALSE(rig.is_live("cams/gate"));
    CHECK_FALSE(rig.is_live("cams/door"));
    CHECK(rig.shelf->sessions().size() == 0);
  }

  TEST_CASE("rtmp session: a payload byte is copied once on its way in") {
    RtmpRig rig;
    Encoder encoder(rig);
    encoder.go_live();
    encoder.message(MessageType::Video, video_body(true, 1'000)).flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 1; }));
    auto copied = rig.metrics.copied_ingest_bytes.value();
    for (std::uint32_t i = 0; i < 50; ++i)
      encoder.message(MessageType::Video, video_body(i == 0, 1'000), i * 40);
    encoder.flush();
    REQUIRE(rig.loop.run_until([&] { return rig.frames_in() == 51; }));
    CHECK(rig.metrics.copied_ingest_bytes.value() - copied == 50 * 1'005);
    CHECK(rig.metrics.payload_bytes.value() == 51 * 1'000);
  }
}
