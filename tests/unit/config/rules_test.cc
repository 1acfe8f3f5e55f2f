// SPDX-License-Identifier: Apache-2.0
#include "config/rules.h"

#include <doctest/doctest.h>

#include "diagnostics.h"

using namespace sluice;
using namespace sluice::config;

TEST_SUITE("config") {
  TEST_CASE("rules: an admin address beyond loopback needs a token") {
    CHECK(mistake("listen:\n  admin: [\"127.0.0.1:1\", \"0.0.0.0:2\"]\n") ==
          "f:2:26: error: listen.admin \"0.0.0.0:2\" is not loopback, so admin.token must be set");
    CHECK(mistake("listen: {admin: [\"[::]:1\"]}\nadmin: {token: 0123456789abcdef}\n").empty());
    CHECK(mistake("listen: {admin: []}\n").empty());
  }

  TEST_CASE("rules: a token that could not be taken is one mistake, not two") {
    CHECK(mistakes("listen: {admin: [\"[::]:1\"]}\nadmin: {token: changeme}\n").size() == 1);
    // The token may stand in the part that is not YAML.
    CHECK(mistakes("admin:\n\ttoken: 0123456789abcdef\nlisten: {admin: [\"[::]:1\"]}\n").size() <=
          2);
  }

  TEST_CASE("rules: an address is listened on once") {
    CHECK(mistake("listen:\n  http: [\"127.0.0.1:1\"]\n  rtmp: [\"127.0.0.1:1\"]\n") ==
          "f:3:10: error: listen.rtmp \"127.0.0.1:1\" is in use by listen.http already");
    CHECK(mistake("listen:\n  http: [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n").empty());
    // The other one is a default and stands in no file, so the place is this one's.
    CHECK(mistake("listen: {http: [\"127.0.0.1:9090\"]}\n") ==
          "f:1:16: error: listen.admin \"127.0.0.1:9090\" is in use by listen.http already");
  }

  TEST_CASE("rules: a listener over TLS needs a certificate, and a key has one") {
    CHECK(mistake("listen: {https: [\"127.0.0.1:1\"]}\n") ==
          "f:1:18: error: listen.https needs a certificate; set tls.certificates");
    CHECK(mistake("listen: {rtmps: [\"127.0.0.1:1\"]}\ntls: {certificates: [/a]}\n").empty());
    CHECK(mistake("tls: {certificates: [/a, /b], keys: [\"\"]}\n").empty());
    CHECK(mistake("tls:\n  certificates: [/a]\n  keys: [/b, /c]\n") ==
          "f:3:14: error: tls.keys has 2 files for 1 in tls.certificates");
    CHECK(mistakes("listen: {https: [\"127.0.0.1:1\"]}\ntls: {certificates: [a.pem]}\n").size() ==
          1);
  }

  TEST_CASE("rules: a stream's name fits into the longest name") {
    CHECK(mistake("stream: {max_name_length: 5}\nstreams: {ab/cde: {}}\n") ==
          "f:2:11: error: the stream name \"ab/cde\" is longer than stream.max_name_length, which "
          "is 5");
  }

  TEST_CASE("rules: renditions are other streams, each once, all listed in one place") {
    CHECK(mistake("streams: {a/b: {renditions: [a/c, a/d]}}\n").empty());
    CHECK(mistake("streams:\n  a/b: {renditions: [a/c, a/b]}\n") ==
          "f:2:27: error: streams.a/b.renditions \"a/b\" is the stream itself");
    CHECK(mistake("streams:\n  a/b:\n    renditions: [a/c, a/c]\n") ==
          "f:3:23: error: streams.a/b.renditions \"a/c\" is listed twice");
    CHECK(mistake("streams:\n  a/b: {renditions: [a/c]}\n  a/c: {renditions: [a/d]}\n") ==
          "f:2:22: error: streams.a/b.renditions \"a/c\" has renditions of its own; list all of "
          "them in one place");
    CHECK(mistake("stream: {max_name_length: 5}\nstreams: {a/b: {renditions: [ab/cde]}}\n") ==
          "f:2:30: error: streams.a/b.renditions \"ab/cde\" is longer than stream.max_name_length, "
          "which is 5");
  }

  TEST_CASE("rules: renditions are a short list of names") {
    CHECK(mistake("streams: {a/b: {renditions: a/c}}\n") ==
          "f:1:29: error: streams.a/b.renditions must be a list, such as [\"uin1/gate_sub\"]");
    CHECK(mistake("streams: {a/b: {renditions: [lion]}}\n")
              .starts_with("f:1:30: error: streams.a/b.renditions \"lion\" "));
    CHECK(mistake("streams: {a/b: {renditions: [a/1,a/2,a/3,a/4,a/5,a/6,a/7,a/8,a/9]}}\n") ==
          "f:1:29: error: streams.a/b.renditions has more than 8 items");
  }

  TEST_CASE("rules: lower and upper limits stand in order") {
    CHECK(mistake("deliver: {flush_interval_min: 1s}\n") ==
          "f:1:31: error: deliver.flush_interval_min must not be above deliver.flush_interval_max");
    CHECK(mistake("hls: {part: 3s}\n") == "f:1:13: error: hls.part must not be above hls.segment");
    CHECK(mistake("hls: {segment_max: 1s}\n") ==
          "f:1:20: error: hls.segment must not be above hls.segment_max");
    CHECK(mistake("deliver: {close_after: 1s}\n") ==
          "f:1:24: error: deliver.skip_after must not be above deliver.close_after");
    CHECK(
        mistake("rtmp: {max_message_size: 8KiB}\n").starts_with("f:1:26: error: rtmp.max_message"));
    CHECK(mistake("rtsp: {udp_port_min: 6000, udp_port_max: 5000}\n")
              .starts_with("f:1:22: error: rtsp.udp_port_min must not be above"));
    CHECK(mistake("rtsp: {udp_port_min: 6000}\n").empty());
    CHECK(mistake("watchdog: {fatal: 100ms}\n").starts_with("f:1:19: error: watchdog.warn"));
    CHECK(mistake("watchdog: {fatal: 0s}\n").empty());
  }
}
