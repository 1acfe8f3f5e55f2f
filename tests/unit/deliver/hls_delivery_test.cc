// SPDX-License-Identifier: Apache-2.0
// Whose request it is, how long a session lasts, and who gets none.
#include "deliver/hls_delivery.h"

#include <doctest/doctest.h>

#include "deliver/hls_rig.h"
#include "support/gunzip.h"

using namespace sluice;
using test::Client;
using test::HlsAnswer;
using test::HlsRig;

namespace {

// Of the next segment, which does not come while nobody plays.
std::string of_the_future(HlsRig &rig, const std::string &base) {
  HlsAnswer playlist = rig.get(base + "live.m3u8");
  REQUIRE(playlist.status == 200);
  std::string last = HlsRig::last_file(playlist.body);
  std::size_t dash = last.find('-');
  auto number = std::stoull(last.substr(dash + 1, last.find('.') - dash - 1));
  return base + "live.m3u8?_HLS_msn=" + std::to_string(number + 1);
}

config::Config with_cookies() {
  config::Config config = test::patient_hls_config();
  config.hls.session = config::HlsSession::Cookie;
  return config;
}

// What a client sends that keeps the cookie it was given.
std::string cookie_of(const HlsAnswer &answer) {
  const std::string set = answer.field("Set-Cookie");
  REQUIRE_FALSE(set.empty());
  return "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
}

void kick_viewer(HlsRig &rig) { REQUIRE(rig.shelf->sessions().kick(rig.only_session().id)); }

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("hls door: a session is one viewer, whatever it asks for") {
    HlsRig rig(test::patient_hls_config());
    std::string base = rig.begin_session();
    HlsAnswer playlist = rig.get(base + "live.m3u8");
    HlsAnswer segment = rig.get(base + HlsRig::last_file(playlist.body));
    CHECK(segment.status == 200);
    CHECK(rig.viewers() == 1);
    CHECK(rig.only_session().bytes_out > segment.body.size());
  }

  TEST_CASE("hls door: a name that the node never gave is led to the master, and takes no seat") {
    HlsRig rig(test::patient_hls_config());
    const std::string invented = "/cams/gate/~ABCDEFGHIJKLMNOPQRSTUV/";
    HlsAnswer playlist = rig.get(invented + "live.m3u8");
    CHECK(playlist.status == 302);
    CHECK(playlist.field("Location") == "/cams/gate/index.m3u8");
    CHECK(playlist.field("Cache-Control") == "no-store");
    CHECK(rig.get(invented + "ts.m3u8").field("Location") == "/cams/gate/index.m3u8?container=ts");
    HlsAnswer held = rig.get(of_the_future(rig, "/cams/gate/").replace(11, 0, invented.substr(11)));
    CHECK(held.status == 302);
    std::string file = HlsRig::last_file(rig.get("/cams/gate/live.m3u8").body);
    CHECK(rig.get(invented + file).status == 404);
    CHECK(rig.viewers() == 0);
    CHECK(rig.shared.metrics.held.value() == 0);
  }

  TEST_CASE("hls door: a session of one stream is none of another") {
    HlsRig rig(test::patient_hls_config());
    test::FakePublisher other(rig, "cams/yard");
    other.publish().with_tracks();
    std::string name = rig.begin_session().substr(11);
    HlsAnswer answer = rig.get("/cams/yard/" + name + "live.m3u8");
    CHECK(answer.status == 302);
    CHECK(answer.field("Location") == "/cams/yard/index.m3u8");
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE("hls door: a session that asks goes on, whatever the answers are") {
    HlsRig rig(test::hls_config());
    std::string asks = rig.begin_session();
    rig.begin_session();  // this one is silent
    while (rig.ended("timeout") == 0)
      CHECK(rig.get(asks + "00000000-1.m4s").status == 404);
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE("hls door: a session whose request is held goes on") {
    HlsRig rig(test::hls_config());
    std::string base = rig.begin_session();
    Client waits(rig, HlsRig::request("GET", of_the_future(rig, base)));
    rig.begin_session();  // this one is silent
    REQUIRE(rig.loop.run_until([&] { return rig.ended("timeout") == 1; }));
    CHECK(rig.viewers() == 1);
    CHECK(rig.shared.metrics.held.value() == 1);
    rig.play(1'000);
    CHECK(rig.finish(waits).status == 200);
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE("hls door: who was silent for too long begins again under its name") {
    HlsRig rig(test::hls_config());
    std::string base = rig.begin_session();
    REQUIRE(rig.loop.run_until([&] { return rig.ended("timeout") == 1; }));
    CHECK(rig.viewers() == 0);
    rig.play(50);
    CHECK(rig.get(base + "live.m3u8").status == 200);
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE("hls door: what is kicked is refused, also a request that is held already") {
    HlsRig rig(test::patient_hls_config());
    std::string base = rig.begin_session();
    std::string future = of_the_future(rig, base);
    Client waits(rig, HlsRig::request("GET", future));
    REQUIRE(rig.loop.run_until([&] { return rig.shared.metrics.held.value() == 1; }));
    kick_viewer(rig);
    // No segment comes meanwhile.
    HlsAnswer held = rig.finish(waits);
    CHECK(held.status == 403);
    CHECK(held.body.contains("session_ended"));
    CHECK(rig.shared.metrics.held.value() == 0);
    CHECK(rig.get(base + "live.m3u8").status == 403);
    CHECK(rig.get(base + "00000000-1.m4s").status == 403);
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("hls door: a host holds so many requests, whatever sessions it has") {
    config::Config config = test::patient_hls_config();
    config.http.max_connections_per_address = 3;
    HlsRig rig(config);
    std::vector<std::unique_ptr<Client>> waiting;
    for (int i = 0; i < 3; ++i) {
      std::string target = of_the_future(rig, rig.begin_session());
      waiting.push_back(std::make_unique<Client>(rig, HlsRig::request("GET", target)));
    }
    REQUIRE(rig.loop.run_until([&] { return rig.shared.metrics.held.value() == 3; }));
    HlsAnswer more = rig.get(of_the_future(rig, "/cams/gate/"));
    CHECK(more.status == 429);
    CHECK(more.body.contains("too_many_held"));
  }

  TEST_CASE("hls door: requests that wait for streams that nobody publishes are counted too") {
    config::Config config = test::patient_hls_config();
    config.http.max_connections_per_address = 2;
    config.stream.unknown_wait = base::Millis(60'000);
    HlsRig rig(config);
    Client first(rig, HlsRig::request("GET", "/no/one/live.m3u8"));
    Client second(rig, HlsRig::request("GET", "/no/two/live.m3u8"));
    REQUIRE(rig.loop.run_until([&] { return rig.shared.metrics.held.value() == 2; }));
    CHECK(rig.get("/no/three/live.m3u8").status == 429);
  }

  TEST_CASE("hls door: an init segment is sent from where it lies") {
    HlsRig rig(test::patient_hls_config());
    std::string playlist = rig.get("/cams/gate/live.m3u8").body;
    std::size_t at = playlist.find("init-");
    std::string name = playlist.substr(at, playlist.find('"', at) - at);
    HlsAnswer init = rig.get("/cams/gate/" + name);
    CHECK(init.status == 200);
    CHECK(init.body.substr(4, 4) == "ftyp");
  }

  TEST_CASE("hls door: playlists are gzipped for who asks, segments never") {
    HlsRig rig(test::patient_hls_config());
    const std::string gzip = "Accept-Encoding: gzip\r\n";
    HlsAnswer plain = rig.get("/cams/gate/live.m3u8");
    HlsAnswer coded = rig.get("/cams/gate/live.m3u8", gzip);
    CHECK(plain.field("Content-Encoding").empty());
    CHECK(coded.field("Content-Encoding") == "gzip");
    CHECK(test::gunzip(coded.body) == plain.body);
    CHECK(coded.field("Content-Type") == "application/vnd.apple.mpegurl");
    // This one is too short for it to be worth it.
    HlsAnswer master = rig.get("/cams/gate/index.m3u8", gzip);
    CHECK(master.body.starts_with("#EXTM3U\n"));
    CHECK(master.field("Vary") == "Accept-Encoding");
    HlsAnswer segment = rig.get("/cams/gate/" + HlsRig::last_file(plain.body), gzip);
    CHECK(segment.status == 200);
    CHECK(segment.field("Content-Encoding").empty());
    CHECK(segment.field("Vary").empty());
  }

  TEST_CASE("hls door: HEAD and 304 of a playlist are as its GET would be") {
    HlsRig rig(test::patient_hls_config());
    const std::string gzip = "Accept-Encoding: gzip\r\n";
    HlsAnswer get = rig.get("/cams/gate/live.m3u8", gzip);
    HlsAnswer head = rig.ask("HEAD", "/cams/gate/live.m3u8", gzip);
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    for (const char *name : {"Content-Length", "Content-Encoding", "ETag", "Vary", "Cache-Control"})
      CHECK(head.field(name) == get.field(name));
    HlsAnswer same =
        rig.get("/cams/gate/live.m3u8", gzip + "If-None-Match: " + get.field("ETag") + "\r\n");
    CHECK(same.status == 304);
    CHECK(same.field("ETag") == get.field("ETag"));
    CHECK(same.body.empty());
    rig.play(1'000);
    HlsAnswer later =
        rig.get("/cams/gate/live.m3u8", gzip + "If-None-Match: " + get.field("ETag") + "\r\n");
    CHECK(later.status == 200);
  }

  TEST_CASE("hls door: HEAD begins no session, and is refused where its GET would be") {
    config::Config config = test::patient_hls_config();
    config.deliver.max_viewers = 1;
    HlsRig rig(config);
    CHECK(rig.ask("HEAD", "/cams/gate/index.m3u8").status == 200);
    CHECK(rig.viewers() == 0);
    rig.begin_session();
    CHECK(rig.ask("HEAD", "/cams/gate/index.m3u8").status == 503);
    CHECK(rig.get("/cams/gate/index.m3u8").status == 503);
    CHECK(rig.ask("HEAD", "/cams/gate.flv").status == 503);
    CHECK(rig.get("/cams/gate.flv").status == 503);
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE("hls door: caches share what has no session, and nothing of a session's own") {
    HlsRig rig(test::patient_hls_config());
    const std::string base = rig.begin_session();
    CHECK(rig.get("/cams/gate/index.m3u8").field("Cache-Control") == "no-store");
    CHECK(rig.get(base + "live.m3u8").field("Cache-Control") == "private, no-cache");
    HlsAnswer shared = rig.get("/cams/gate/live.m3u8");
    CHECK(shared.field("Cache-Control") == "max-age=0, s-maxage=1");
    HlsAnswer listed = rig.get("/cams/gate/live.m3u8?_HLS_msn=0");
    CHECK(listed.field("Cache-Control") == "max-age=6");
    HlsAnswer segment = rig.get("/cams/gate/" + HlsRig::last_file(shared.body));
    CHECK(segment.field("Cache-Control") == "public, max-age=3600, immutable");
    CHECK(rig.get("/cams/gate/00000000-1.m4s").field("Cache-Control") == "no-store");
  }

  TEST_CASE("hls cookies: the master gives one, which is the session however many requests") {
    HlsRig rig(with_cookies());
    HlsAnswer master = rig.get("/cams/gate/index.m3u8");
    CHECK(master.field("Cache-Control") == "no-store");
    CHECK(master.field("Set-Cookie").starts_with("sluice_session=~"));
    CHECK(master.field("Set-Cookie").ends_with("; Path=/cams/gate/; HttpOnly; SameSite=Lax"));
    CHECK(HlsRig::last_file(master.body) == "live.m3u8");
    const std::string cookie = cookie_of(master);
    HlsAnswer playlist = rig.get("/cams/gate/live.m3u8", cookie);
    HlsAnswer segment = rig.get("/cams/gate/" + HlsRig::last_file(playlist.body), cookie);
    HlsAnswer again = rig.get("/cams/gate/index.m3u8", cookie);
    for (const HlsAnswer &answer : {playlist, segment, again}) {
      CHECK(answer.status == 200);
      CHECK(answer.field("Set-Cookie").empty());
    }
    CHECK(rig.only_session().bytes_out > segment.body.size());
    CHECK(playlist.field("Cache-Control") == "max-age=0, s-maxage=1");
  }

  TEST_CASE("hls cookies: one that the node did not give is as good as none") {
    HlsRig rig(with_cookies());
    for (const char *value : {"", "x", "~ABCDEFGHIJKLMNOPQRSTUV", "\"~\"", "~/../index.m3u8"}) {
      const std::string cookie = "Cookie: sluice_session=" + std::string(value) + "\r\n";
      HlsAnswer playlist = rig.get("/cams/gate/live.m3u8", cookie);
      CHECK(playlist.status == 200);
      CHECK(playlist.field("Set-Cookie").empty());
    }
    CHECK(rig.viewers() == 0);
    HlsAnswer master = rig.get("/cams/gate/index.m3u8", "Cookie: sluice_session=x\r\n");
    CHECK_FALSE(master.field("Set-Cookie").empty());
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE("hls cookies: what is kicked is refused, by the master playlist too") {
    HlsRig rig(with_cookies());
    const std::string cookie = cookie_of(rig.get("/cams/gate/index.m3u8"));
    kick_viewer(rig);
    CHECK(rig.get("/cams/gate/index.m3u8", cookie).status == 403);
    CHECK(rig.get("/cams/gate/live.m3u8", cookie).status == 403);
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("hls cookies: without the setting none is given or looked at") {
    HlsRig rig(test::patient_hls_config());
    HlsAnswer master = rig.get("/cams/gate/index.m3u8");
    CHECK(master.field("Set-Cookie").empty());
    const std::string name = HlsRig::last_file(master.body).substr(0, deliver::kHlsSessionLength);
    kick_viewer(rig);
    CHECK(rig.get("/cams/gate/" + name + "/live.m3u8").status == 403);
    CHECK(rig.get("/cams/gate/live.m3u8", "Cookie: sluice_session=" + name + "\r\n").status == 200);
  }

  TEST_CASE("hls cookies: a directory with the same name is the same session") {
    HlsRig rig(with_cookies());
    const std::string cookie = cookie_of(rig.get("/cams/gate/index.m3u8"));
    const std::string name = cookie.substr(cookie.find('~'), deliver::kHlsSessionLength);
    CHECK(rig.get("/cams/gate/" + name + "/live.m3u8").status == 200);
    CHECK(rig.viewers() == 1);
  }
}
