// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "ingest/rtsp/client_rig.h"
#include "net/address_filter.h"
#include "support/tls_pair.h"

using namespace sluice;
using stream::PullEndReason;
using test::CameraRequest;
using test::ClientRig;
using test::ScriptedCamera;

namespace {

std::string challenge(const CameraRequest &request, std::string_view nonce, bool stale = false) {
  std::string value = R"(Digest realm="cam", nonce=")" + std::string(nonce) + '"';
  if (stale) value += ", stale=true";
  return ScriptedCamera::answer(request, 401, {{"WWW-Authenticate", value}});
}

bool carries(const CameraRequest &request, std::string_view nonce) {
  return request.get("Authorization").contains(R"(nonce=")" + std::string(nonce) + '"');
}

ScriptedCamera::Script redirect_to(std::string url) {
  return [url = std::move(url)](const CameraRequest &request) -> ScriptedCamera::Answer {
    if (request.method != "DESCRIBE") return {};
    return ScriptedCamera::answer(request, 302, {{"Location", url}});
  };
}

}  // namespace

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE(
    "rtsp client: a login by Digest is given when it is asked for, and again for a stale one") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
    if (request.method == "OPTIONS") return {};
    if (!request.has("Authorization")) return challenge(request, "first");
    bool late = request.method != "DESCRIBE";
    if (late && carries(request, "first")) return challenge(request, "second", true);
    return {};
  };
  REQUIRE(rig.plays(camera, "user:secret@"));
  CHECK(camera.heard() == "OPTIONS DESCRIBE DESCRIBE SETUP SETUP SETUP PLAY");
  CHECK_FALSE(camera.requests[0].has("Authorization"));
  CHECK(carries(*camera.last("PLAY"), "second"));
  CHECK(std::ranges::none_of(camera.requests, [](const CameraRequest &request) {
    return request.uri.contains("secret") || request.get("Authorization").contains("secret");
  }));
}

TEST_CASE("rtsp client: a sign of life whose nonce is stale is given again with the new one") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.session = "77;timeout=1";
  camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
    if (!request.has("Authorization")) return challenge(request, "first");
    bool late = request.method == "GET_PARAMETER" && carries(request, "first");
    if (late) return challenge(request, "second", true);
    return {};
  };
  REQUIRE(rig.plays(camera, "user:secret@"));
  REQUIRE(rig.loop.run_until([&] { return camera.count("GET_PARAMETER") == 2; }));
  CHECK(carries(*camera.last("GET_PARAMETER"), "second"));
  CHECK_FALSE(rig.end);
}

TEST_CASE("rtsp client: a wrong password is permanent") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
    return challenge(request, "same");
  };
  CHECK(rig.ends(camera.url("user:wrong@")) == PullEndReason::Unauthorized);
  CHECK(rig.end->permanent);
  CHECK(camera.requests.size() == 2);
}

TEST_CASE("rtsp client: a camera that is never content with a login is not asked for ever") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [&](const CameraRequest &request) -> ScriptedCamera::Answer {
    return challenge(request, "n" + std::to_string(camera.requests.size()), true);
  };
  CHECK(rig.ends(camera.url("user:secret@")) == PullEndReason::Unauthorized);
  CHECK(camera.requests.size() < 10);
}

TEST_CASE("rtsp client: without a user name a camera that wants one refuses") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
    return challenge(request, "any");
  };
  CHECK(rig.ends(camera.url()) == PullEndReason::Unauthorized);
  CHECK(rig.end->permanent);
}

TEST_CASE("rtsp client: a redirect takes the login along to the same host only") {
  ClientRig rig;
  ScriptedCamera first(rig.loop);
  auto wants_login = [](const CameraRequest &request) -> ScriptedCamera::Answer {
    if (request.has("Authorization")) return {};
    return challenge(request, "other");
  };
  SUBCASE("another port") {
    ScriptedCamera second(rig.loop);
    first.script = redirect_to(second.url());
    second.script = wants_login;
    CHECK(rig.plays(first, "user:secret@"));
    rig.client.reset();
  }
  SUBCASE("another host") {
    ScriptedCamera second(rig.loop, "127.0.0.2");
    first.script = redirect_to(second.url());
    second.script = wants_login;
    CHECK(rig.ends(first.url("user:secret@")) == PullEndReason::Unauthorized);
    CHECK(second.requests.size() == 1);
    CHECK_FALSE(second.requests[0].has("Authorization"));
  }
  SUBCASE("another host, with a login of its own") {
    ScriptedCamera second(rig.loop, "127.0.0.2");
    first.script = redirect_to(second.url("guest:guest@"));
    second.script = wants_login;
    CHECK(rig.plays(first, "user:secret@"));
    CHECK(second.last("PLAY")->get("Authorization").contains(R"(username="guest")"));
    rig.client.reset();
  }
}

TEST_CASE("rtsp client: redirects that lead nowhere or round and round end") {
  ClientRig rig;
  ScriptedCamera camera(rig.loop);
  SUBCASE("nowhere") { camera.script = redirect_to("http://elsewhere/"); }
  SUBCASE("without a place") {
    camera.script = [](const CameraRequest &request) -> ScriptedCamera::Answer {
      return ScriptedCamera::answer(request, 301);
    };
  }
  SUBCASE("round and round") { camera.script = redirect_to(camera.url()); }
  CHECK(rig.ends(camera.url()) == PullEndReason::Malformed);
  CHECK(camera.connections() < 8);
}

TEST_CASE("rtsp client: a redirect may lead into TLS, and never out of it") {
  ClientRig rig;
  rig.settings.tls = test::trusting_client();
  ScriptedCamera clear(rig.loop);
  ScriptedCamera secure(rig.loop);
  secure.tls = test::server_context();
  SUBCASE("into") {
    clear.script = redirect_to(secure.url());
    CHECK(rig.plays(clear));
    rig.client.reset();
  }
  SUBCASE("out of") {
    secure.script = redirect_to(clear.url());
    CHECK(rig.ends(secure.url("user:secret@")) == PullEndReason::Forbidden);
    CHECK(rig.end->permanent);
    CHECK(clear.connections() == 0);
  }
}

TEST_CASE("rtsp client: the filter counts for the camera and for where it redirects to") {
  ClientRig rig;
  ScriptedCamera first(rig.loop);
  ScriptedCamera second(rig.loop, "127.0.0.2");
  std::vector<std::string> rules;
  SUBCASE("the camera") { rules = {"127.0.0.2/32"}; }
  SUBCASE("its redirect") { rules = {"127.0.0.1/32"}; }
  rig.settings.filter =
      std::make_shared<const net::AddressFilter>(*net::AddressFilter::parse(rules));
  first.script = redirect_to(second.url());
  CHECK(rig.ends(first.url()) == PullEndReason::Forbidden);
  CHECK(rig.end->permanent);
  CHECK(second.connections() == 0);
}

TEST_SUITE_END();
