// SPDX-License-Identifier: Apache-2.0
// status, streams, sessions and kick against an admin API that the test plays.
#include <doctest/doctest.h>

#include "cli/admin_api.h"
#include "cli/fake_terminal.h"

namespace sluice::cli {
namespace {

constexpr const char *kAdmin = "--admin=http://127.0.0.1:9";

constexpr const char *kNode =
    R"({"id":"edge-1","version":"0.1.0","started_at":"2026-01-31T00:00:00Z",
  "uptime_s":7500,"workers":2,"state":"ready","memory":{"tape_bytes":2097152,"frame_bytes":1024},
  "streams":3,"viewers":120,"publishers":3,
  "listen":{"http":["127.0.0.1:8080","[::1]:8080"],"rtmp":[],"admin":["127.0.0.1:9090"]}})";

constexpr const char *kStreams = R"({"streams":[
  {"name":"zoo/lion","state":"waiting","publisher":null,"uptime_s":5,"viewers":2,"bytes_in":10,
   "bytes_out":20,"grace_left_s":12,"tracks":[]},
  {"name":"bar/door","state":"live","publisher":{"session":"1-a","peer":"127.0.0.1:5000",
   "protocol":"rtmp","encoder":"Lavf\u001b[31m"},"since":"2026-01-31T00:00:00Z","uptime_s":70,
   "home_loop":1,"tracks":[{"kind":"video","codec":"h264","codec_string":"avc1.64001f","width":640,
   "height":360},{"kind":"audio","codec":"aac","sample_rate":44100,"channels":2}],"viewers":7,
   "bytes_in":1048576,"bytes_out":7340032,"ignored":["audio codec 5"],
   "renditions":["demo/film_sub"],"last_error":"stalled"}]})";

constexpr const char *kSource = R"({"name":"cams/gate","origin":"api","state":"waiting",
  "url":"rtsp://***@10.0.0.5/1","on_demand":true,"wanted":true,"attempts":7,"reconnects":1,
  "last_error":{"reason":"connect_failed","message":"no connection to the camera",
  "at":"2026-01-31T00:00:00Z"},"next_try_in_s":31.2,"stops_in_s":null,"transport":""})";

constexpr const char *kSessions = R"({"sessions":[
  {"id":"2-1f","kind":"viewer","protocol":"ws-flv","stream":"bar/door","peer":"127.0.0.1:6000",
   "duration_s":61,"bytes_out":2048,"skips":3,"lag_ms":250},
  {"id":"1-a","kind":"publisher","protocol":"rtmp","stream":"bar/door","peer":"127.0.0.1:5000",
   "duration_s":70,"bytes_in":1048576}]})";

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("status: a ready node is shown and is a success") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, kNode};
    CHECK(terminal.run({"status", kAdmin}) == kExitOk);
    CHECK(terminal.requests == std::vector<std::string>{"GET http://127.0.0.1:9/api/v1/node "});
    CHECK(terminal.out.str() ==
          "node         edge-1 (Sluice 0.1.0)\n"
          "state        ready\n"
          "up           2h 05m, since 2026-01-31T00:00:00Z\n"
          "workers      2\n"
          "streams      3\n"
          "publishers   3\n"
          "viewers      120\n"
          "memory       2.0 MiB in tapes, 1.0 KiB in frames\n"
          "listen http  127.0.0.1:8080, [::1]:8080\n"
          "listen rtmp  -\n"
          "listen admin 127.0.0.1:9090\n");
  }

  TEST_CASE("status: a node that drains is shown and is no success") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, R"({"state":"draining"})"};
    CHECK(terminal.run({"status", kAdmin}) == kExitFailed);
    CHECK(terminal.out.str().find("draining") != std::string::npos);
  }

  TEST_CASE("streams: sorted by name, aligned, and a gone publisher is a dash") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, kStreams};
    CHECK(terminal.run({"streams", kAdmin}) == kExitOk);
    CHECK(
        terminal.out.str() ==
        "NAME      STATE    VIEWERS       IN      OUT      UP  VIDEO         AUDIO            "
        "PUBLISHER\n"
        "bar/door  live           7  1.0 MiB  7.0 MiB  1m 10s  h264 640x360  aac 44100 Hz x2  "
        "127.0.0.1:5000\n"
        "zoo/lion  waiting        2     10 B     20 B      5s  -             -                -\n");
  }

  TEST_CASE("streams: one stream is shown in detail, without its encoder's escape sequences") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, kStreams};
    CHECK(terminal.run({"streams", "bar/door", kAdmin}) == kExitOk);
    std::string out = terminal.out.str();
    CHECK(out.find("127.0.0.1:5000 by rtmp, session 1-a, Lavf?[31m\n") != std::string::npos);
    CHECK(out.find("ignored      audio codec 5\n") != std::string::npos);
    CHECK(out.contains("rendition    demo/film_sub\n"));
    CHECK(out.find("last error   stalled\n") != std::string::npos);
    FakeTerminal gone;
    gone.reply = HttpReply{200, kStreams};
    CHECK(gone.run({"streams", "zoo/lion", kAdmin}) == kExitOk);
    CHECK(gone.out.str().find("gone; viewers wait 12s more") != std::string::npos);
  }

  TEST_CASE("streams: an unknown name fails and the nearest name is offered") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, kStreams};
    CHECK(terminal.run({"streams", "bar/dor", kAdmin}) == kExitFailed);
    CHECK(terminal.err.str() ==
          "sluice streams: no stream named bar/dor; did you mean bar/door?\n");
  }

  TEST_CASE("streams: none is said on the error stream, so that pipes stay empty") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, R"({"streams":[]})"};
    CHECK(terminal.run({"streams", kAdmin}) == kExitOk);
    CHECK(terminal.out.str().empty());
    CHECK(terminal.err.str() == "No streams.\n");
  }

  TEST_CASE(
      "streams: --json prints the node's own answer, and only the stream that was asked for") {
    FakeTerminal all, one;
    all.reply = one.reply = HttpReply{200, kStreams};
    CHECK(all.run({"streams", "--json", kAdmin}) == kExitOk);
    CHECK(all.out.str().find("zoo/lion") != std::string::npos);
    CHECK(all.out.str().find("\"codec_string\": \"avc1.64001f\"") != std::string::npos);
    CHECK(one.run({"streams", "--json", "bar/door", kAdmin}) == kExitOk);
    CHECK(one.out.str().find("zoo/lion") == std::string::npos);
    CHECK(one.run({"streams", "--json", "no/body", kAdmin}) == kExitFailed);
  }

  TEST_CASE("streams: a camera that is away shows its next try and its last error") {
    FakeTerminal terminal, one;
    terminal.reply = one.reply =
        HttpReply{200, R"({"streams":[{"name":"cams/gate","state":"waiting",
      "viewers":3,"publisher":null,"source":)" +
                           std::string(kSource) + "}]}"};
    CHECK(terminal.run({"streams", kAdmin}) == kExitOk);
    CHECK(
        terminal.out.str() ==
        "NAME       STATE    VIEWERS   IN  OUT  UP  VIDEO  AUDIO  PUBLISHER  NEXT TRY  LAST ERROR\n"
        "cams/gate  waiting        3  0 B  0 B  0s  -      -      -               32s  "
        "connect_failed\n");
    CHECK(one.run({"streams", "cams/gate", kAdmin}) == kExitOk);
    CHECK(one.out.str().contains("source       rtsp://***@10.0.0.5/1\n"));
    CHECK(one.out.str().contains("waiting, on demand, wanted, next try in 32s\n"));
    CHECK(one.out.str().contains("attempts     7, back again 1 times\n"));
    CHECK(one.out.str().contains(
        "last error   connect_failed: no connection to the camera, at 2026-01-31T00:00:00Z\n"));
  }

  TEST_CASE("source: listed, added and removed") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, "{\"sources\":[" + std::string(kSource) + "]}"};
    CHECK(terminal.run({"source", "list", kAdmin}) == kExitOk);
    CHECK(terminal.out.str() ==
          "NAME       STATE    BY  FROM  TRIES  NEXT TRY  LAST ERROR      URL\n"
          "cams/gate  waiting  -   api       7       32s  connect_failed  rtsp://***@10.0.0.5/1\n");
    FakeTerminal add;
    CHECK(add.run({"source", "add", "cams/gate", "rtsp://h/1?a=b", "-", "on_demand=true",
                   kAdmin}) == kExitOk);
    CHECK(add.requests.back() == "PUT http://127.0.0.1:9/api/v1/sources/cams/gate ");
    CHECK(add.last_body == R"({"on_demand":"true","source":["rtsp://h/1?a=b"]})");
    CHECK(add.out.str() == "added cams/gate\n");
    add.input = "rtsp://u:p@h/2\r\n\nrtsp://h/3";
    CHECK(add.run({"source", "add", "cams/gate", "-", kAdmin}) == kExitOk);
    CHECK(add.last_body == R"({"source":["rtsp://u:p@h/2","rtsp://h/3"]})");
    FakeTerminal remove;
    CHECK(remove.run({"source", "remove", "cams/gate", kAdmin}) == kExitOk);
    CHECK(remove.requests.back() == "DELETE http://127.0.0.1:9/api/v1/sources/cams/gate ");
  }

  TEST_CASE("source: what is no action or no name never becomes a request") {
    FakeTerminal terminal;
    CHECK(terminal.run({"source", "drop", "cams/gate", kAdmin}) == kExitUsage);
    CHECK(terminal.run({"source", "list", "cams/gate", kAdmin}) == kExitUsage);
    CHECK(terminal.run({"source", "add", "cams/gate", kAdmin}) == kExitUsage);
    CHECK(terminal.run({"source", "remove", "../streams", kAdmin}) == kExitUsage);
    CHECK(terminal.requests.empty());
  }

  TEST_CASE("sessions: listed by stream and kind, and filtered") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, kSessions};
    CHECK(terminal.run({"sessions", kAdmin}) == kExitOk);
    CHECK(
        terminal.out.str() ==
        "ID    KIND       PROTOCOL  STREAM    PEER               FOR       IN      OUT  SKIPS     "
        "LAG\n"
        "1-a   publisher  rtmp      bar/door  127.0.0.1:5000  1m 10s  1.0 MiB      0 B      -      "
        " -\n"
        "2-1f  viewer     ws-flv    bar/door  127.0.0.1:6000  1m 01s      0 B  2.0 KiB      3  "
        "250 ms\n");
    FakeTerminal viewers;
    viewers.reply = HttpReply{200, kSessions};
    CHECK(viewers.run({"sessions", "--kind=viewer", "--json", kAdmin}) == kExitOk);
    CHECK(viewers.out.str().find("2-1f") != std::string::npos);
    CHECK(viewers.out.str().find("1-a") == std::string::npos);
    FakeTerminal other;
    other.reply = HttpReply{200, kSessions};
    CHECK(other.run({"sessions", "--stream=no/body", kAdmin}) == kExitOk);
    CHECK(other.err.str() == "No sessions.\n");
    CHECK(other.run({"sessions", "--kind=camera", kAdmin}) == kExitUsage);
  }

  TEST_CASE("kick: each session is ended by its own call") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{200, R"({"kicked":"1-a"})"};
    CHECK(terminal.run({"kick", "1-a", "2-1f", kAdmin}) == kExitOk);
    CHECK(terminal.requests ==
          std::vector<std::string>{"DELETE http://127.0.0.1:9/api/v1/sessions/1-a ",
                                   "DELETE http://127.0.0.1:9/api/v1/sessions/2-1f "});
    CHECK(terminal.out.str() == "kicked 1-a\nkicked 2-1f\n");
  }

  TEST_CASE("kick: what is no session id never becomes a request") {
    FakeTerminal terminal;
    CHECK(terminal.run({"kick", "1-a", "../streams", kAdmin}) == kExitUsage);
    CHECK(terminal.requests.empty());
  }

  TEST_CASE("kick: a session that is gone is told in the node's words") {
    FakeTerminal terminal;
    terminal.reply = HttpReply{404, R"({"code":"not_found","message":"no such session"})"};
    CHECK(terminal.run({"kick", "1-a", kAdmin}) == kExitFailed);
    CHECK(terminal.err.str() ==
          "sluice kick: 1-a: the node at http://127.0.0.1:9 answers 404: no such session\n");
  }

  TEST_CASE("admin API: a node that is not there, and what to do about it") {
    FakeTerminal terminal;
    terminal.reply =
        base::fail({base::Domain::Http, base::Code::Closed, ECONNREFUSED, "nobody answers there"});
    CHECK(terminal.run({"status", kAdmin}) == kExitFailed);
    CHECK(terminal.err.str() ==
          "sluice status: cannot reach the node at http://127.0.0.1:9: nobody answers there: "
          "Connection refused; is it running? (another address: --admin URL)\n");
    CHECK(terminal.out.str().empty());
  }

  TEST_CASE("admin API: a missing and a wrong token are told apart") {
    FakeTerminal none, wrong;
    none.reply = wrong.reply = HttpReply{401, "{}"};
    wrong.environment["SLUICE_ADMIN_TOKEN"] = "canary-token";
    CHECK(none.run({"status", kAdmin}) == kExitFailed);
    CHECK(none.err.str().find("set SLUICE_ADMIN_TOKEN") != std::string::npos);
    CHECK(wrong.run({"status", kAdmin}) == kExitFailed);
    CHECK(wrong.err.str().find("refuses this token") != std::string::npos);
    CHECK(wrong.err.str().find("canary") == std::string::npos);
  }

  TEST_CASE(
      "admin API: answers of something that is no Sluice node are refused, whatever they are") {
    for (const char *body : {"", "<html>", "[]", "{\"streams\":5}", "{\"streams\":[1,null,{}]}"}) {
      CAPTURE(body);
      FakeTerminal terminal;
      terminal.reply = HttpReply{200, body};
      int exit_code = terminal.run({"streams", kAdmin});
      CHECK((exit_code == kExitFailed || terminal.out.str().starts_with("NAME")));
    }
  }

  TEST_CASE("admin address: people may leave out the scheme, but not write anything else") {
    FakeTerminal terminal;
    terminal.run({"status", "--admin", "127.0.0.1:7"});
    CHECK(terminal.requests.back() == "GET http://127.0.0.1:7/api/v1/node ");
    for (const char *bad : {"ftp://x", "http://", "http://a/b", "http://user@host", "http://a?b"}) {
      CAPTURE(bad);
      CHECK(terminal.run({"status", "--admin", bad}) == kExitUsage);
    }
    CHECK(terminal.requests.size() == 1);
  }

  TEST_CASE("admin address: a listener on every address is reached by loopback") {
    CHECK(url_of_listener("[::]:9090") == "http://[::1]:9090");
    CHECK(url_of_listener("0.0.0.0:9090") == "http://127.0.0.1:9090");
    CHECK(url_of_listener("127.0.0.1:1") == "http://127.0.0.1:1");
  }
}

}  // namespace sluice::cli
