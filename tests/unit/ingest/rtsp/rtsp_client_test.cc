// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_client.h"

#include <doctest/doctest.h>

#include "ingest/rtsp/client_rig.h"

using namespace sluice;
using stream::PullEndReason;
using test::CameraRequest;
using test::ClientRig;
using test::ScriptedCamera;
using Way = ingest::rtsp::Way;

namespace {

std::string without_cseq(std::string answer) {
  std::size_t at = answer.find("CSeq: ");
  return answer.erase(at, answer.find("\r\n", at) + 2 - at);
}

// A request of the camera's own.
std::string request(std::string_view method) {
  return std::string(method) + " rtsp://h/live RTSP/1.0\r\nCSeq: 31\r\n\r\n";
}

}  // namespace

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE("rtsp client: answers without a number belong to what was asked last") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [&](const CameraRequest &r) { return without_cseq(camera.good_answer(r)); };
  REQUIRE(rig.plays(camera));
  CHECK(rig.noted("answers without CSeq"));
}

TEST_CASE("rtsp client: answers with a number that nobody asked under are passed over") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [&](const CameraRequest &r) {
    return "RTSP/1.0 404 Not Found\r\nCSeq: 900\r\n\r\n" + camera.good_answer(r);
  };
  CHECK(rig.plays(camera));
}

TEST_CASE("rtsp client: what the camera says to DESCRIBE tells why it cannot be played") {
  struct Row {
    int status;
    PullEndReason reason;
    bool permanent;
  };
  for (Row row : {Row{403, PullEndReason::Forbidden, true}, Row{404, PullEndReason::NotFound, true},
                  Row{453, PullEndReason::Busy, false}, Row{503, PullEndReason::Busy, false},
                  Row{500, PullEndReason::Forbidden, false}}) {
    CAPTURE(row.status);
    ClientRig rig;
    ScriptedCamera camera(rig.loop);
    camera.script = [&](const CameraRequest &r) -> ScriptedCamera::Answer {
      if (r.method != "DESCRIBE") return {};
      return ScriptedCamera::answer(r, row.status);
    };
    CHECK(rig.ends(camera.url()) == row.reason);
    CHECK(rig.end->permanent == row.permanent);
  }
}

TEST_CASE("rtsp client: a refused OPTIONS is no reason to go") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [](const CameraRequest &r) -> ScriptedCamera::Answer {
    if (r.method != "OPTIONS") return {};
    return ScriptedCamera::answer(r, 501);
  };
  CHECK(rig.plays(camera));
}

TEST_CASE("rtsp client: signs of life that are refused are followed by others") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.session = "77;timeout=1";
  bool numbered = true;
  SUBCASE("by answers with numbers") {}
  SUBCASE("by answers without") { numbered = false; }
  camera.script = [&](const CameraRequest &r) -> ScriptedCamera::Answer {
    if (camera.count("PLAY") == 0 || r.method == "PLAY" || r.method == "TEARDOWN") return {};
    std::string refusal = ScriptedCamera::answer(r, 405);
    return numbered ? refusal : without_cseq(refusal);
  };
  REQUIRE(rig.plays(camera));
  // SET_PARAMETER is not among what the camera says that it has.
  REQUIRE(rig.loop.run_until([&] { return rig.client->keep_alive().name().empty(); }));
  CHECK(camera.heard().ends_with("PLAY GET_PARAMETER OPTIONS"));
  CHECK(rig.noted("a keep-alive request is refused"));
  CHECK_FALSE(rig.end);
}

TEST_CASE("rtsp client: what the camera asks is answered") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  REQUIRE(rig.plays(camera));
  struct Row {
    std::string method;
    std::string status;
  };
  for (Row row : {Row{"OPTIONS", " 200 "}, Row{"ANNOUNCE", " 200 "}, Row{"GET_PARAMETER", " 200 "},
                  Row{"DESCRIBE", " 501 "}, Row{"PLAY", " 501 "}}) {
    CAPTURE(row.method);
    std::size_t before = camera.answers.size();
    camera.say(request(row.method));
    REQUIRE(rig.loop.run_until([&] { return camera.answers.size() > before; }));
    CHECK(camera.answers.back().contains(row.status));
    CHECK(camera.answers.back().contains("CSeq: 31"));
    CHECK_FALSE(rig.end);
  }
}

TEST_CASE("rtsp client: a camera that sends its client away has ended the stream") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  REQUIRE(rig.plays(camera));
  SUBCASE("by REDIRECT") { camera.say(request("REDIRECT")); }
  SUBCASE("by TEARDOWN") { camera.say(request("TEARDOWN")); }
  CHECK(rig.wait_for_end() == PullEndReason::CameraClosed);
  REQUIRE(rig.loop.run_until([&] { return camera.count("TEARDOWN") == 1; }));
}

TEST_CASE("rtsp client: a description with nothing to play is no stream") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  SUBCASE("of another kind") {
    camera.description = "v=0\r\ns=x\r\nm=application 0 RTP/AVP 107\r\na=control:streamid=0\r\n";
  }
  SUBCASE("empty") { camera.description = "v=0\r\ns=x\r\n"; }
  CHECK(rig.ends(camera.url()) == PullEndReason::Unsupported);
}

TEST_CASE("rtsp client: what is not RTSP is malformed") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [](const CameraRequest &) { return "220 mail.example ESMTP\r\n\r\n"; };
  rig.be_impatient();
  auto reason = rig.ends(camera.url());
  CHECK(reason == PullEndReason::Malformed);
}

TEST_CASE("rtsp client: nobody who listens is a failed connection") {
  ClientRig rig;
  auto camera = std::make_unique<ScriptedCamera>(rig.loop);
  std::string url = camera->url();
  camera.reset();
  CHECK(rig.ends(url) == PullEndReason::ConnectFailed);
  CHECK_FALSE(rig.end->permanent);
}

TEST_CASE("rtsp client: a tunnel that the camera does not open") {
  ClientRig rig({Way::Http});
  ScriptedCamera camera(rig.loop);
  auto ends_with = [&](const char *text) {
    camera.script = [text](const CameraRequest &) { return std::string(text); };
    return rig.ends(camera.url("user:secret@"));
  };
  SUBCASE("but refuses") {
    CHECK(ends_with("HTTP/1.0 404 Not Found\r\n\r\n") == PullEndReason::Unsupported);
  }
  SUBCASE("nor refuses") {
    rig.be_impatient();
    CHECK(ends_with("") == PullEndReason::TimedOut);
  }
  SUBCASE("for this login") {
    CHECK(ends_with("HTTP/1.0 401 Unauthorized\r\n"
                    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\n") ==
          PullEndReason::Unauthorized);
    CHECK(rig.end->permanent);
    CHECK(camera.count("GET") == 2);
  }
}

TEST_CASE("rtsp client: a tunnel whose camera says early things and is gone ends") {
  ClientRig rig({Way::Http});
  ScriptedCamera camera(rig.loop);
  // The answer never ends, and what follows its head is RTSP.
  camera.script = [](const CameraRequest &r) -> ScriptedCamera::Answer {
    if (r.method == "POST") return std::string(ScriptedCamera::kClose);
    return "HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n" +
           request("OPTIONS") + request("TEARDOWN");
  };
  CHECK(rig.ends(camera.url()) == PullEndReason::CameraClosed);
}

TEST_SUITE_END();
