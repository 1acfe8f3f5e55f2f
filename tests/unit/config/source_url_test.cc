// SPDX-License-Identifier: Apache-2.0
#include "config/source_url.h"

#include <doctest/doctest.h>

#include "diagnostics.h"

using namespace sluice;
using namespace sluice::config;

TEST_SUITE("config") {
  TEST_CASE("source url: shapes that cameras have are good") {
    for (const char *url :
         {"rtsp://10.0.0.5", "rtsp://10.0.0.5:554/", "RTSP://cam_1.lan/live?channel=1&subtype=0",
          "rtsps://admin:p%40ss:word@[2001:db8::5]:322/a/b", "rtsp://[fe80::1%eth0]/x",
          "rtsp://admin:p@ss@10.0.0.5/x", "rtsp://:@host/user=admin_password=_channel=1.sdp"}) {
      CAPTURE(url);
      CHECK(check_source_url(url) == std::nullopt);
    }
  }

  TEST_CASE("source url: what is wrong is said without any of the URL") {
    for (const std::string url :
         {"", "canary", "canary://host/", "rtsp://", "rtsp://canary:canary@/x",
          "rtsp://u:canary@ho st/", "rtsp://u:canary@host:0/", "rtsp://u:canary@host:66000/",
          "rtsp://u:canary@host:/x", "rtsp://u:canary@[::1/x", "rtsp://u:canary@[::1]x/",
          "rtsp://u:canary@fe80::1/", "rtsp://u:12/canary@host/", "rtsp://u:1?canary@host/",
          "rtsp://u:canary@host/\x01", "rtsp://u:canary@.host/"}) {
      CAPTURE(url);
      const auto problem = check_source_url(url);
      REQUIRE(problem.has_value());
      CHECK_FALSE(problem->contains("canary"));
    }
    CHECK(check_source_url("rtsp://h/" + std::string(1024, 'x')).has_value());
  }

  TEST_CASE("source url: redacting hides the user, the password and telling parameters") {
    CHECK(redact_url("rtsp://10.0.0.5:554/a?channel=1") == "rtsp://10.0.0.5:554/a?channel=1");
    CHECK(redact_url("rtsp://u:p@10.0.0.5/a") == "rtsp://***@10.0.0.5/a");
    CHECK(redact_url("rtsp://u@10.0.0.5") == "rtsp://***@10.0.0.5");
    CHECK(redact_url("rtsp://u:p@ss@h:1/a@b") == "rtsp://***@b");
    CHECK(redact_url("rtsp://h/a?user=x&PassWord=y&c=1") == "rtsp://h/a?user=***&PassWord=***&c=1");
    CHECK(redact_url("rtsp://h/user=admin_password=x_channel=1_stream=0.sdp?real") ==
          "rtsp://h/user=***?real");
    CHECK(redact_url("u:p@h/a") == "***@h/a");
    CHECK(redact_url("") == "");
    CHECK(redact_url("rtsp://u:12/pw@h/") == "rtsp://***@h/");
  }

  TEST_CASE("source url: the site is the host whatever stands around it") {
    CHECK(site_of_url("rtsp://u:p@Cam.LAN:554/a") == "cam.lan");
    CHECK(site_of_url("rtsps://[FE80::1]:322") == "fe80::1");
    CHECK(site_of_url("rtsp://10.0.0.5/x@y") == "10.0.0.5");
  }

  TEST_CASE("source: a stream takes one URL or a list, and what it says for itself") {
    const LoadResult result = load_text(
        "f",
        "source: {transport: tcp, retry_max: 2m}\n"
        "streams:\n  a/b:\n    source: rtsp://u:p@h/1\n    on_demand: true\n    stop_after: 5s\n"
        "  c/d: {source: [rtsp://h/1, rtsp://h/2], transport: udp, keep_viewers: 1h}\n  e/f:\n");
    CHECK(lines_of(result).empty());
    REQUIRE(result.config.has_value());
    const Config &config = *result.config;
    CHECK(config.has_source("a/b"));
    CHECK_FALSE(config.has_source("e/f"));
    CHECK_FALSE(config.has_source("x/y"));
    CHECK(config.streams.find("c/d")->second.source.size() == 2);
    CHECK(config.source_settings("a/b").on_demand);
    CHECK(config.source_settings("a/b").stop_after == Millis(5000));
    CHECK(config.source_settings("a/b").transport == SourceTransport::Tcp);
    CHECK(config.source_settings("c/d").transport == SourceTransport::Udp);
    CHECK(config.source_settings("c/d").retry_max == Millis(120'000));
    CHECK(config.viewer_grace("c/d") == Millis(3'600'000));
    CHECK(config.viewer_grace("a/b") == config.source.keep_viewers);
    CHECK(config.viewer_grace("e/f") == config.stream.viewer_grace);
  }

  TEST_CASE("source: mistakes have their place and do not show the URL") {
    CHECK(mistake("streams:\n  a/b:\n    source: rtsp://u:canary@h:x/\n") ==
          "f:3:13: error: streams.a/b.source has no valid port; it is a number from 1 to 65535");
    CHECK(mistake("streams:\n  a/b:\n    source:\n      - rtsp://h/\n      - canary\n") ==
          "f:5:9: error: streams.a/b.source must be a URL such as "
          "rtsp://user:password@10.0.0.5:554/path, or rtsps://");
    CHECK(mistake("streams: {a/b: {source: []}}\n").ends_with("needs at least one URL"));
    CHECK(mistake("streams: {a/b: {source: {x: y}}}\n").contains("must be a single value"));
    CHECK(mistake("streams: {a/b: {source: rtsp://h/, on_demand: maybe}}\n")
              .ends_with("must be false or true"));
    CHECK(mistake("streams: {a/b: {transport: udp}}\n")
              .ends_with("streams.a/b.transport needs streams.a/b.source, which is not set"));
    CHECK(mistake("source: {retry_min: 2m}\n")
              .ends_with("source.retry_min must not be above source.retry_max"));
  }
}
