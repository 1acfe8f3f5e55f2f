// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/push_url.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using ingest::rtsp::find_media;
using ingest::rtsp::parse_publish_url;

namespace {

wire::sdp::Session described(std::vector<std::string> controls) {
  wire::sdp::Session session;
  for (std::string &control : controls) {
    wire::sdp::Media media;
    media.control = std::move(control);
    session.media.push_back(std::move(media));
  }
  return session;
}

}  // namespace

TEST_SUITE("ingest") {
  TEST_CASE("push url: a stream's name is the two parts of the path") {
    for (const char *uri :
         {"rtsp://host/cams/gate", "rtsp://host:8554/cams/gate", "rtsp://host/cams/gate/",
          "rtsps://[::1]:322//cams/gate", "rtsp://user:pass@host/cams/gate?token=a/b/c",
          "RTSP://host/cams/gate", "rtsp://host/cam%73/%67ate", "/cams/gate"}) {
      CAPTURE(uri);
      auto name = parse_publish_url(uri, 128);
      REQUIRE(name.has_value());
      CHECK(wire::to_string(*name) == "cams/gate");
    }
  }

  TEST_CASE("push url: no spelling gets out of the two parts") {
    for (std::string uri : {"",
                            "*",
                            "/",
                            "rtsp://",
                            "rtsp://host",
                            "rtsp://host/",
                            "rtsp://host/gate",
                            "rtsp://host//gate",
                            "rtsp://host/a/b/c",
                            "rtsp://host/../gate",
                            "rtsp://host/cams/..",
                            "rtsp://host/cams/..%2f..%2fetc",
                            "rtsp://host/cams%2fgate",
                            "rtsp://host/%2e%2e/gate",
                            "rtsp://host/cams/%252e",
                            "rtsp://host/cams/a%00b",
                            "rtsp://host/cams/a%5cb",
                            "rtsp://host/cams/a\\b",
                            "rtsp://host/cams/.hidden",
                            "rtsp://host/cams/%zz",
                            "rtsp://host?/cams/gate",
                            "rtsp://host/cams/<img>"}) {
      CAPTURE(uri);
      CHECK_FALSE(parse_publish_url(uri, 128).has_value());
    }
    CHECK(parse_publish_url("rtsp://h/a/" + std::string(8, 'x'), 10).has_value());
    CHECK_FALSE(parse_publish_url("rtsp://h/a/" + std::string(9, 'x'), 10).has_value());
  }

  TEST_CASE("push url: media are found by the forms that FFmpeg and GStreamer use") {
    auto ffmpeg = described({"streamid=0", "streamid=1"});
    CHECK(find_media("rtsp://h:1/S/C/streamid=0", ffmpeg) == 0);
    CHECK(find_media("rtsp://h:1/S/C/streamid=1", ffmpeg) == 1);
    CHECK(find_media("rtsp://h:1/S/C?token=x/streamid=1", ffmpeg) == 1);
    auto gstreamer = described({"stream=0", "stream=1"});
    CHECK(find_media("rtsp://h/S/C/stream=1", gstreamer) == 1);
    CHECK(find_media("rtsp://h/S/C/stream=1?token=x", gstreamer) == 1);
    CHECK(find_media("rtsp://h/S/C//stream=1/", gstreamer) == 1);
  }

  TEST_CASE("push url: controls may be absolute, with a slash, nested, or one another's ends") {
    auto mixed = described({"rtsp://other:99/S/C/video", "/audio", "deep/track/1", "track/1", "1"});
    CHECK(find_media("rtsp://h/S/C/video", mixed) == 0);
    CHECK(find_media("rtsp://other:99/S/C/video", mixed) == 0);
    CHECK(find_media("rtsp://h/S/C/audio", mixed) == 1);
    CHECK(find_media("rtsp://h/S/C/deep/track/1", mixed) == 2);
    CHECK(find_media("rtsp://h/S/C/track/1", mixed) == 3);
    CHECK(find_media("rtsp://h/S/C/1", mixed) == 4);
    CHECK_FALSE(find_media("rtsp://h/S/C/11", mixed).has_value());
    CHECK_FALSE(find_media("rtsp://h/S/C/xaudio", mixed).has_value());
    CHECK_FALSE(find_media("rtsp://h/S/C", mixed).has_value());
    CHECK_FALSE(find_media("", mixed).has_value());
  }

  TEST_CASE("push url: one media alone needs no control, several do") {
    CHECK(find_media("rtsp://h/S/C", described({""})) == 0);
    CHECK(find_media("rtsp://h/S/C/anything", described({"*"})) == 0);
    CHECK_FALSE(find_media("rtsp://h/S/C", described({"", ""})).has_value());
    CHECK_FALSE(find_media("rtsp://h/S/C", described({"track1"})).has_value());
    CHECK_FALSE(find_media("rtsp://h/S/C", described({})).has_value());
  }
}
