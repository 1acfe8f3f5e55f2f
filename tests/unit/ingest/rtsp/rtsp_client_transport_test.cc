// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "ingest/rtsp/client_rig.h"

using namespace sluice;
using stream::PullEndReason;
using test::CameraRequest;
using test::ClientRig;
using test::ScriptedCamera;
using Way = ingest::rtsp::Way;

namespace {

// Answers so to SETUPs that ask for channels, or for ports.
ScriptedCamera::Script refuse_transport(std::string word, int status) {
  return [word = std::move(word), status](const CameraRequest &request) -> ScriptedCamera::Answer {
    if (request.method != "SETUP" || !request.get("Transport").contains(word)) return {};
    return ScriptedCamera::answer(request, status);
  };
}

// Says this to every request of a method.
ScriptedCamera::Script instead_of(std::string method, std::string text) {
  return [method = std::move(method), text = std::move(text)](const CameraRequest &request) {
    return request.method == method ? ScriptedCamera::Answer(text) : std::nullopt;
  };
}

// Answers to the SETUP of a track with a transport of its own.
std::string set_up_as(const CameraRequest &request, std::string_view transport) {
  return ScriptedCamera::answer(request, 200,
                                {{"Session", "77"}, {"Transport", std::string(transport)}});
}

bool is_audio(const CameraRequest &request) {
  return request.method == "SETUP" && request.uri.ends_with("streamid=1");
}

}  // namespace

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE("rtsp client: frames come out over TCP, and the camera is told of the end") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  REQUIRE(rig.plays(camera));
  CHECK(camera.heard() == "OPTIONS DESCRIBE SETUP SETUP PLAY");
  CHECK(rig.playing == 1);
  CHECK(rig.client->playing());
  CHECK(rig.client->bytes_in() > 0);
  CHECK(rig.client->bytes_out() > 0);
  rig.client.reset();
  REQUIRE(rig.loop.run_until([&] { return camera.count("TEARDOWN") == 1; }));
  CHECK(camera.last("TEARDOWN")->get("Session") == "77");
}

TEST_CASE("rtsp client: frames come out over UDP") {
  ClientRig rig({Way::Udp});
  ScriptedCamera camera(rig.loop);
  REQUIRE(rig.plays(camera));
  CHECK(rig.client->way() == Way::Udp);
  CHECK(rig.client->bytes_in() > 300);
}

TEST_CASE("rtsp client: a client that is gone is told of no datagram that still comes") {
  ClientRig rig({Way::Udp});
  ScriptedCamera camera(rig.loop);
  REQUIRE(rig.plays(camera));
  int frames = rig.frames;
  // What the client leaves behind when it goes from within a deferred task outlives it by a turn.
  bool gone = false;
  rig.loop->defer([&] {
    rig.client.reset();
    camera.send_pictures();
    gone = true;
  });
  REQUIRE(rig.loop.run_until([&] { return gone; }));
  rig.loop.run_ready(10);
  CHECK(rig.frames == frames);
}

TEST_CASE("rtsp client: a refused way is followed by the next") {
  SUBCASE("ports where there are no channels") {
    ClientRig rig({Way::Tcp, Way::Udp});
    ScriptedCamera camera(rig.loop);
    camera.script = refuse_transport("interleaved", 461);
    REQUIRE(rig.plays(camera));
    CHECK(rig.client->way() == Way::Udp);
    CHECK(camera.connections() == 2);
  }
  SUBCASE("channels where there are no ports") {
    ClientRig rig({Way::Udp, Way::Tcp});
    ScriptedCamera camera(rig.loop);
    camera.script = refuse_transport("client_port", 461);
    REQUIRE(rig.plays(camera));
    CHECK(rig.client->way() == Way::Tcp);
  }
  SUBCASE("until there is none left") {
    ClientRig rig({Way::Udp, Way::Tcp});
    ScriptedCamera camera(rig.loop);
    camera.script = refuse_transport("RTP", 461);
    CHECK(rig.ends(camera.url()) == PullEndReason::Unsupported);
    CHECK(camera.connections() == 2);
  }
}

TEST_CASE("rtsp client: where no datagram comes, TCP is tried") {
  ClientRig rig({Way::Udp, Way::Tcp});
  rig.be_impatient();
  ScriptedCamera camera(rig.loop);
  camera.sends_media = false;
  camera.script = [&](const CameraRequest &request) -> ScriptedCamera::Answer {
    camera.sends_media = request.connection == 2;
    return {};
  };
  REQUIRE(rig.plays(camera));
  CHECK(rig.client->way() == Way::Tcp);
  REQUIRE(rig.loop.run_until([&] { return camera.count("TEARDOWN") == 1; }));
}

TEST_CASE("rtsp client: a camera that closes the connection when it is asked") {
  ClientRig rig({Way::Tcp, Way::Udp});
  ScriptedCamera camera(rig.loop);
  auto ends_when = [&](const char *method) {
    camera.script = instead_of(method, std::string(ScriptedCamera::kClose));
    return rig.ends(camera.url());
  };
  SUBCASE("OPTIONS") { CHECK(ends_when("OPTIONS") == PullEndReason::ConnectionLost); }
  SUBCASE("DESCRIBE") { CHECK(ends_when("DESCRIBE") == PullEndReason::ConnectionLost); }
  SUBCASE("SETUP: the other way is tried before") {
    CHECK(ends_when("SETUP") == PullEndReason::ConnectionLost);
    CHECK(camera.connections() == 2);
  }
  SUBCASE("PLAY: the other way is tried before") {
    CHECK(ends_when("PLAY") == PullEndReason::ConnectionLost);
    CHECK(camera.connections() == 2);
  }
}

TEST_CASE("rtsp client: a camera that closes the connection while it plays has ended the stream") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  REQUIRE(rig.plays(camera));
  camera.hang_up();
  CHECK(rig.wait_for_end() == PullEndReason::CameraClosed);
}

TEST_CASE("rtsp client: a camera that does not answer") {
  ClientRig rig({Way::Tcp, Way::Udp});
  rig.be_impatient();
  ScriptedCamera camera(rig.loop);
  auto ends_without = [&](const char *method) {
    camera.script = instead_of(method, "");
    return rig.ends(camera.url());
  };
  SUBCASE("OPTIONS") { CHECK(ends_without("OPTIONS") == PullEndReason::TimedOut); }
  SUBCASE("DESCRIBE") { CHECK(ends_without("DESCRIBE") == PullEndReason::TimedOut); }
  SUBCASE("SETUP: the other way is tried before") {
    CHECK(ends_without("SETUP") == PullEndReason::TimedOut);
    CHECK(camera.connections() == 2);
  }
  SUBCASE("PLAY: the other way is tried before") {
    CHECK(ends_without("PLAY") == PullEndReason::TimedOut);
    CHECK(camera.connections() == 2);
  }
}

TEST_CASE("rtsp client: a camera that stops sending is stalled") {
  ClientRig rig;
  rig.settings.media_timeout = base::Millis(100);
  ScriptedCamera camera(rig.loop);
  CHECK(rig.ends(camera.url()) == PullEndReason::Stalled);
  CHECK(rig.frames > 0);
}

TEST_CASE("rtsp client: channels other than asked for are those of the track") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.media_channel = 6;
  camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
    if (request.method != "SETUP" || is_audio(request)) return {};
    return set_up_as(request, "RTP/AVP/TCP;unicast;interleaved=6-7");
  };
  REQUIRE(rig.plays(camera));
  CHECK(rig.noted("other interleaved channels than asked for"));
}

TEST_CASE("rtsp client: one pair of channels named for two tracks does not mix them") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  SUBCASE("that of the first track") {
    camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
      if (!is_audio(request)) return {};
      return set_up_as(request, "RTP/AVP/TCP;unicast;interleaved=0-1");
    };
  }
  SUBCASE("that of the second track") {
    camera.media_channel = 2;
    camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
      if (request.method != "SETUP") return {};
      return set_up_as(request, "RTP/AVP/TCP;unicast;interleaved=2-3");
    };
  }
  SUBCASE("in part") {
    camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
      if (!is_audio(request)) return {};
      return set_up_as(request, "RTP/AVP/TCP;unicast;interleaved=5-0");
    };
  }
  REQUIRE(rig.plays(camera));
  CHECK(rig.client->media().facts().bad == 0);
}

TEST_CASE("rtsp client: sound that the camera refuses leaves the picture") {
  for (int status : {403, 404, 453, 461, 500}) {
    CAPTURE(status);
    ClientRig rig({Way::Tcp, Way::Udp});
    ScriptedCamera camera(rig.loop);
    camera.script = [&](const CameraRequest &request) -> ScriptedCamera::Answer {
      if (!is_audio(request)) return {};
      return ScriptedCamera::answer(request, status);
    };
    REQUIRE(rig.plays(camera));
    CHECK(camera.connections() == 1);
    CHECK(rig.noted("a track that the camera refused to set up"));
  }
}

TEST_CASE("rtsp client: media before the answer to PLAY is taken") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.sends_media = false;
  camera.script = [&](const CameraRequest &request) -> ScriptedCamera::Answer {
    if (request.method == "PLAY") camera.send_pictures();
    return {};
  };
  REQUIRE(rig.plays(camera));
  CHECK(rig.noted("media before PLAY was answered"));
  REQUIRE(rig.loop.run_until([&] { return rig.client->playing(); }));
}

TEST_CASE("rtsp client: a camera whose every track took its leave has ended the stream") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  REQUIRE(rig.plays(camera));
  camera.say(test::interleaved(1, wire::rtcp::make_bye(0x1234)));
  CHECK(rig.wait_for_end() == PullEndReason::CameraClosed);
}

TEST_SUITE_END();
