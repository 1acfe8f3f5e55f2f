// SPDX-License-Identifier: Apache-2.0
// RTSP connections that push, good and hostile, from their first byte to their end.
#include "ingest/rtsp/rtsp_push_session.h"

#include <doctest/doctest.h>

#include "ingest/rtsp/push_rig.h"

using namespace sluice;
using base::Millis;
using test::interleaved;
using test::push_sdp;
using test::Pusher;
using test::PushRig;
using test::rtp_picture;

namespace {

// Everything that a hasty pusher says in one go.
std::string whole_session(int pictures) {
  std::string sdp = push_sdp();
  std::string said =
      "OPTIONS rtsp://h/cams/gate RTSP/1.0\r\nCSeq: 1\r\n\r\n"
      "ANNOUNCE rtsp://h/cams/gate RTSP/1.0\r\nCSeq: 2\r\nContent-Type: application/sdp\r\n"
      "Content-Length: " +
      std::to_string(sdp.size()) + "\r\n\r\n" + sdp +
      "SETUP rtsp://h/cams/gate/streamid=0 RTSP/1.0\r\nCSeq: 3\r\n"
      "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n\r\n"
      "RECORD rtsp://h/cams/gate RTSP/1.0\r\nCSeq: 4\r\n\r\n"
      "GET_PARAMETER rtsp://h/cams/gate RTSP/1.0\r\nCSeq: 5\r\n\r\n";
  for (int i = 0; i < pictures; ++i) {
    auto sequence = static_cast<std::uint16_t>(i + 1);
    said += interleaved(0, rtp_picture(sequence, sequence * 3600U));
  }
  return said;
}

}  // namespace

TEST_SUITE("ingest") {
  TEST_CASE("rtsp push: publishes over TCP, and the answers say what the rules want") {
    PushRig rig;
    Pusher pusher(rig);
    auto options = pusher.ask("OPTIONS", "*");
    CHECK(options.status == 200);
    CHECK(options.fields["Public"].contains("ANNOUNCE"));
    CHECK(options.fields["Public"].contains("RECORD"));
    CHECK_FALSE(options.fields["Public"].contains("PLAY"));
    CHECK(pusher.announce().status == 200);
    auto setup = pusher.set_up_tcp(0);
    CHECK(setup.status == 200);
    CHECK(setup.fields["CSeq"] == "3");
    CHECK(setup.fields["Transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record");
    CHECK(setup.fields["Session"].ends_with(";timeout=60"));
    CHECK(pusher.session.size() == 32);
    CHECK(pusher.record().status == 200);
    CHECK(rig.is_live());
    for (int i = 0; i < 5; ++i)
      pusher.picture();
    REQUIRE(rig.wait_for_frames(5));
    CHECK(pusher.ask("GET_PARAMETER", "rtsp://h/cams/gate").status == 200);
    CHECK(pusher.ask("TEARDOWN", "rtsp://h/cams/gate").status == 200);
    CHECK(rig.wait_for_end("client_closed"));
    rig.settle();
    CHECK_FALSE(rig.is_live());
  }

  TEST_CASE("rtsp push: it does not matter how the bytes are cut, and answers come in order") {
    std::string said = whole_session(3);
    for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{400}, said.size()}) {
      CAPTURE(piece);
      PushRig rig;
      Pusher pusher(rig);
      for (std::size_t at = 0; at < said.size(); at += piece) {
        REQUIRE(pusher.peer.write(said.substr(at, piece)) > 0);
        rig.loop.run_ready(1);
      }
      for (int cseq = 1; cseq <= 5; ++cseq) {
        auto answer = pusher.next_answer();
        CHECK(answer.status == 200);
        CHECK(answer.fields["CSeq"] == std::to_string(cseq));
      }
      REQUIRE(rig.wait_for_frames(3));
    }
  }

  TEST_CASE("rtsp push: a track of no use is set up like the others, and what it sends let go") {
    PushRig rig;
    Pusher pusher(rig);
    std::string sdp = push_sdp() +
                      "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/"
                      "90000\r\na=control:streamid=2\r\n";
    CHECK(pusher.announce("rtsp://h/cams/gate", sdp).status == 200);
    for (int track : {0, 2})
      CHECK(pusher.set_up_tcp(track).status == 200);
    CHECK(pusher.record().status == 200);
    for (int i = 0; i < 5; ++i)
      pusher.picture(4);
    CHECK(pusher.ask("OPTIONS", "*").status == 200);
    CHECK(rig.frames_in() == 0);
    CHECK(pusher.gets_through());
  }

  TEST_CASE("rtsp push: descriptions that hold nothing of use are refused, and may be amended") {
    PushRig rig;
    Pusher pusher(rig);
    CHECK(pusher.announce("rtsp://h/cams/gate", "v=0\r\n").status == 415);
    CHECK(pusher
              .announce("rtsp://h/cams/gate",
                        "v=0\r\nm=video 0 RTP/AVP 99\r\n"
                        "a=rtpmap:99 NOSUCH/90000\r\n")
              .status == 415);
    std::string many = "v=0\r\n";
    for (int i = 0; i < 9; ++i)
      many += "m=audio 0 RTP/AVP 0\r\n";
    CHECK(pusher.announce("rtsp://h/cams/gate", many).status == 400);
    CHECK(pusher.ask("ANNOUNCE", "rtsp://h/cams/gate", {{"Content-Type", "text/plain"}}, "x")
              .status == 415);
    CHECK(pusher.ask("ANNOUNCE", "rtsp://h/cams/gate").status == 415);
    pusher.go_live();
    CHECK(rig.is_live());
  }

  TEST_CASE("rtsp push: a description over the limit ends the connection") {
    config::Config config;
    config.rtsp.max_sdp_size = 1024;
    PushRig rig(config);
    Pusher pusher(rig);
    CHECK(pusher.announce("rtsp://h/cams/gate", push_sdp() + std::string(1024, 'x')).status == 400);
    CHECK(rig.wait_for_end("protocol_error"));
  }

  TEST_CASE("rtsp push: names that are no stream's are refused alike") {
    PushRig rig;
    std::uint64_t refused = 0;
    for (const std::string &path :
         {std::string(), std::string("gate"), std::string("cams/.."), std::string("a/b/c"),
          std::string("cams/..%2fx"), std::string("cams/%00"), "cams/" + std::string(255, 'x'),
          "cams/" + std::string(4096, 'x')}) {
      CAPTURE(path);
      Pusher pusher(rig);
      auto answer = pusher.announce("rtsp://h/" + path);
      CHECK(answer.status == 400);
      CHECK(answer.body.contains("<server>/<camera>"));
      REQUIRE(pusher.wait_for_end());
      CHECK(rig.ended("refused") == ++refused);
    }
    CHECK(rig.directory.size() == 0);
  }

  TEST_CASE("rtsp push: a name that is taken is refused and told so, and its owner goes on") {
    PushRig rig;
    Pusher owner(rig);
    owner.go_live();
    Pusher other(rig);
    CHECK(other.announce().status == 200);
    CHECK(other.set_up_tcp(0).status == 200);
    auto refused = other.record();
    CHECK(refused.status == 403);
    CHECK(refused.body == "the name is being published.\n");
    REQUIRE(other.wait_for_end());
    REQUIRE(owner.gets_through());
    CHECK(rig.server->size() == 1);
  }

  TEST_CASE("rtsp push: by policy a new publisher takes the name over") {
    config::Config config;
    config.stream.publish = config::PublishPolicy::Always;
    PushRig rig(config);
    Pusher first(rig);
    first.go_live();
    Pusher second(rig);
    second.go_live();
    REQUIRE(first.wait_for_end());
    CHECK(rig.ended("taken_over") == 1);
    REQUIRE(second.gets_through());
  }

  TEST_CASE("rtsp push: playing is refused with a sentence") {
    PushRig rig;
    Pusher pusher(rig);
    for (const char *method : {"DESCRIBE", "PLAY", "REDIRECT"}) {
      auto answer = pusher.ask(method, "rtsp://h/cams/gate");
      CHECK(answer.status == 405);
      CHECK(answer.fields["Allow"].contains("ANNOUNCE"));
      CHECK(answer.body.contains("plays them over HTTP"));
    }
    CHECK(pusher
              .ask("SETUP", "rtsp://h/cams/gate/streamid=0",
                   {{"Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"}})
              .status == 455);
    CHECK(pusher.ask("DANCE", "rtsp://h/cams/gate").status == 501);
  }

  TEST_CASE("rtsp push: requests out of their order are refused, and the order can still be kept") {
    PushRig rig;
    Pusher pusher(rig);
    CHECK(pusher.record().status == 455);
    CHECK(pusher.ask("PAUSE", "rtsp://h/cams/gate").status == 455);
    CHECK(pusher.ask("TEARDOWN", "rtsp://h/cams/gate").status == 454);
    CHECK(pusher.announce().status == 200);
    CHECK(pusher.announce().status == 455);
    CHECK(pusher.record().status == 455);
    CHECK(pusher.set_up(7, "RTP/AVP/TCP;unicast;interleaved=0-1").status == 404);
    CHECK(pusher.set_up_tcp(0).status == 200);
    CHECK(pusher.set_up_tcp(0).status == 455);
    CHECK(pusher.record().status == 200);
    CHECK(pusher.set_up_tcp(1).status == 455);
    CHECK(pusher.record().status == 200);
    REQUIRE(pusher.gets_through());
  }

  TEST_CASE("rtsp push: what is sent while it is paused is let go") {
    PushRig rig;
    Pusher pusher(rig);
    pusher.go_live();
    REQUIRE(pusher.gets_through());
    CHECK(pusher.ask("PAUSE", "rtsp://h/cams/gate").status == 200);
    auto before = rig.frames_in();
    for (int i = 0; i < 5; ++i)
      pusher.picture();
    CHECK(pusher.record().status == 200);
    CHECK(rig.frames_in() == before);
    CHECK(rig.is_live());
    CHECK(pusher.gets_through());
  }

  TEST_CASE("rtsp push: a session's id is of no use to another connection") {
    PushRig rig;
    Pusher owner(rig);
    owner.go_live();
    for (const char *method : {"OPTIONS", "TEARDOWN", "PAUSE", "RECORD", "GET_PARAMETER", "SETUP",
                               "ANNOUNCE", "PLAY", "DESCRIBE"}) {
      CAPTURE(method);
      Pusher thief(rig);
      thief.session = owner.session;
      CHECK(thief.ask(method, "rtsp://h/cams/gate").status == 454);
    }
    Pusher with_own(rig);
    with_own.announce();
    with_own.set_up_tcp(0);
    std::string own = std::exchange(with_own.session, owner.session);
    CHECK(own != owner.session);
    CHECK(own.size() == 32);
    CHECK(with_own.record().status == 454);
    REQUIRE(owner.gets_through());
  }

  TEST_CASE(
      "rtsp push: parameters are a sign of life without a body, and not understood with one") {
    PushRig rig;
    Pusher pusher(rig);
    for (const char *method : {"GET_PARAMETER", "SET_PARAMETER"}) {
      CHECK(pusher.ask(method, "rtsp://h/cams/gate").status == 200);
      CHECK(pusher.ask(method, "rtsp://h/cams/gate", {}, "volume: 11\r\n").status == 451);
    }
  }

  TEST_CASE("rtsp push: one that does not publish in time ends, however busy it is otherwise") {
    config::Config config;
    config.rtsp.publish_timeout = Millis(50);
    PushRig rig(config);
    Pusher silent(rig);
    CHECK(rig.wait_for_end("handshake_timeout"));
    Pusher busy(rig);
    busy.announce();
    REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
    CHECK(rig.ended("handshake_timeout") == 2);
  }

  TEST_CASE("rtsp push: one that sends no media ends, whatever else it says") {
    config::Config config;
    config.rtsp.stall_timeout = Millis(100);
    PushRig rig(config);
    Pusher pusher(rig);
    pusher.go_live();
    pusher.picture();
    while (!pusher.peer.ended() && !pusher.peer.reset()) {
      if (pusher.ask("GET_PARAMETER", "rtsp://h/cams/gate").status == 0) break;
      rig.loop.run_ready(1);
      if (rig.ended("protocol_error") != 0) break;  // too many questions is another test
    }
    CHECK(rig.ended("stalled") + rig.ended("protocol_error") == 1);
    rig.settle();
    CHECK_FALSE(rig.is_live());
  }

  TEST_CASE("rtsp push: one that asks and asks is sent away") {
    PushRig rig;
    Pusher pusher(rig);
    std::string flood;
    for (int i = 0; i < 400; ++i)
      flood += "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    pusher.peer.write(flood);
    CHECK(rig.wait_for_end("protocol_error"));
  }

  TEST_CASE("rtsp push: connections over the limits are closed at once") {
    PushRig rig({}, {2, 2});
    Pusher first(rig);
    Pusher second(rig);
    Pusher third(rig);
    REQUIRE(third.wait_for_end());
    CHECK(rig.server->size() == 2);
    first.peer.close();
    REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 1; }));
    rig.settle();
    Pusher fourth(rig);
    CHECK(fourth.ask("OPTIONS", "*").status == 200);
  }

  TEST_CASE("rtsp push: its end is told with its reason") {
    PushRig rig;
    Pusher gone(rig);
    gone.go_live();
    gone.peer.close();
    CHECK(rig.wait_for_end("client_closed"));
    rig.settle();
    CHECK_FALSE(rig.is_live());
    Pusher kicked(rig);
    kicked.go_live();
    auto id = base::SessionId{1, 2};
    CHECK(rig.shelf->sessions().kick(id));
    CHECK(rig.wait_for_end("kicked"));
    Pusher drained(rig);
    drained.go_live();
    rig.server->drain();
    CHECK(rig.wait_for_end("shutdown"));
  }

  TEST_CASE("rtsp push: a session describes itself") {
    PushRig rig;
    Pusher pusher(rig);
    pusher.ask("OPTIONS", "*", {{"User-Agent", "Lavf59.27.100" + std::string(500, 'x')}});
    pusher.go_live();
    REQUIRE(pusher.gets_through());
    auto sessions = rig.shelf->sessions().describe();
    REQUIRE(sessions.size() == 1);
    CHECK(std::string(sessions[0].protocol) == "rtsp");
    CHECK(std::string(sessions[0].kind) == "publisher");
    CHECK(sessions[0].stream == "cams/gate");
    CHECK(sessions[0].user_agent.size() == 128);
    CHECK(sessions[0].bytes_in > 500);
    CHECK(sessions[0].bytes_out > 500);
  }
}
