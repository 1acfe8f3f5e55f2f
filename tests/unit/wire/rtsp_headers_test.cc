// SPDX-License-Identifier: Apache-2.0
// Session, RTP-Info, Public, Range and KeyMgmt, as cameras and clients write them.
#include "wire/rtsp_headers.h"

#include <doctest/doctest.h>

namespace sluice::wire::rtsp {
namespace {

using namespace std::chrono_literals;

TEST_SUITE("wire") {
  TEST_CASE("rtsp headers: a session's id and its timeout") {
    auto session = parse_session("12345678;timeout=30");
    REQUIRE(session.has_value());
    CHECK(session->id == "12345678");
    CHECK(session->timeout == 30s);
    CHECK(session->timeout_stated);
    for (const char *silent :
         {"abc", "abc;", "abc;timeout", "abc;timeout=x", "abc;timeout=0", "abc;timeout=-1",
          "abc;timeout=99999999999999999999", " abc ; x=1"}) {
      auto read = parse_session(silent);
      REQUIRE_MESSAGE(read.has_value(), silent);
      CHECK(read->id == "abc");
      CHECK(read->timeout == 60s);
      CHECK_FALSE(read->timeout_stated);
    }
    CHECK(parse_session("a ; Timeout = \"5\" ")->timeout == 5s);
    CHECK(parse_session(std::string(256, 'a')).has_value());
    for (const std::string &bad : {std::string(), std::string(";timeout=5"), std::string("a b"),
                                   std::string("a,b"), std::string(257, 'a')})
      CHECK_MESSAGE(!parse_session(bad).has_value(), bad);
  }

  TEST_CASE("rtsp headers: RTP-Info with what cameras leave out and add") {
    auto info = parse_rtp_info(
        "url=rtsp://h/a/trackID=1;seq=45102;rtptime=3450012, url=rtsp://h/a/trackID=2;seq=0;");
    REQUIRE(info.size() == 2);
    CHECK(info[0].url == "rtsp://h/a/trackID=1");
    CHECK(info[0].sequence == 45102);
    CHECK(info[0].rtp_time == 3450012);
    CHECK(info[1].url == "rtsp://h/a/trackID=2");
    CHECK(info[1].sequence == 0);
    CHECK_FALSE(info[1].rtp_time.has_value());
    info = parse_rtp_info("url=\"a;b,c\";seq=70000;rtptime=-1;,,URL=x; SEQ=1 ;rtptime=x");
    REQUIRE(info.size() == 2);
    CHECK(info[0].url == "a;b,c");
    CHECK_FALSE(info[0].sequence.has_value());
    CHECK_FALSE(info[0].rtp_time.has_value());
    CHECK(info[1].sequence == 1);
    CHECK(parse_rtp_info("").empty());
    CHECK(parse_rtp_info(";;,,;").empty());
    std::string flood;
    for (int i = 0; i < 1000; ++i)
      flood += "seq=1,";
    CHECK(parse_rtp_info(flood).size() == 32);
  }

  TEST_CASE("rtsp headers: methods") {
    MethodSet methods = parse_public("OPTIONS, DESCRIBE,SETUP ,, PLAY, JUMP, options");
    CHECK(has(methods, Method::Options));
    CHECK(has(methods, Method::Play));
    CHECK_FALSE(has(methods, Method::GetParameter));
    CHECK(format_public(methods) == "OPTIONS, DESCRIBE, SETUP, PLAY");
    CHECK(format_public({}).empty());
    for (std::size_t i = 0; i < kMethods; ++i) {
      auto method = static_cast<Method>(i);
      CHECK(method_of(method_name(method)) == method);
    }
    CHECK_FALSE(method_of("play").has_value());
  }

  TEST_CASE("rtsp headers: ranges of normal play time") {
    CHECK(parse_npt("npt=now-")->now);
    CHECK(parse_npt("npt=0.000-")->start == 0);
    CHECK_FALSE(parse_npt("npt=0.000-")->end.has_value());
    CHECK(parse_npt("npt = 1.5 - 20.25")->start == 1.5);
    CHECK(parse_npt("npt=1.5-20.25;time=x")->end == 20.25);
    CHECK(parse_npt("npt=1:02:03.5-")->start == 3723.5);
    CHECK(parse_npt("npt=-10")->end == 10);
    for (const char *bad : {"", "npt", "npt=", "npt=5", "clock=20200101T000000Z-", "npt=x-",
                            "npt=1-x", "npt=1:2:3:4-", "npt=nan-", "npt=inf-", "npt=1e5-"})
      CHECK_MESSAGE(!parse_npt(bad).has_value(), bad);
  }

  TEST_CASE("rtsp headers: KeyMgmt both ways") {
    KeyMgmt ours{.protocol = "mikey", .uri = "rtsps://h/a/trackID=0", .data = "AQAFAA=="};
    std::string text = format_key_mgmt(ours);
    CHECK(text == "prot=mikey;uri=\"rtsps://h/a/trackID=0\";data=\"AQAFAA==\"");
    auto entries = parse_key_mgmt(text + ", prot=MIKEY; data=\"AQ==\" ,garbage, uri=x");
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].uri == ours.uri);
    CHECK(entries[0].data == ours.data);
    CHECK(entries[1].protocol == "mikey");
    CHECK(entries[1].data == "AQ==");
    CHECK(format_key_mgmt({.protocol = "mikey", .uri = "", .data = "A"}) ==
          "prot=mikey;data=\"A\"");
  }
}

}  // namespace
}  // namespace sluice::wire::rtsp
