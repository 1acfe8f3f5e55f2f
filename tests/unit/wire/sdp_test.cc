// SPDX-License-Identifier: Apache-2.0
// Session descriptions of real devices' kinds, and what devices break in them.
#include "wire/sdp.h"

#include <doctest/doctest.h>

namespace sluice::wire::sdp {
namespace {

using base::Code;

Session session_of(std::string_view text) {
  auto session = parse(text);
  REQUIRE_MESSAGE(session.has_value(), text);
  return *std::move(session);
}

// The only media of a description that has the given lines behind m=.
Media media_of(std::string_view lines, std::string_view m = "video 0 RTP/AVP 96") {
  Session session = session_of("v=0\r\nm=" + std::string(m) + "\r\n" + std::string(lines) + "\r\n");
  REQUIRE(session.media.size() == 1);
  return session.media[0];
}

TEST_SUITE("wire") {
  TEST_CASE("sdp: a camera's description") {
    Session session = session_of(
        "v=0\r\n"
        "o=- 1109162014219182 1109162014219192 IN IP4 192.0.2.64\r\n"
        "s=Media Presentation\r\n"
        "e=NONE\r\n"
        "b=AS:5100\r\n"
        "t=0 0\r\n"
        "a=control:rtsp://192.0.2.64:554/Streaming/Channels/101/\r\n"
        "a=tool:a streamer\r\n"
        "m=video 0 RTP/AVP 96\r\n"
        "c=IN IP4 0.0.0.0\r\n"
        "b=AS:5000\r\n"
        "a=recvonly\r\n"
        "a=framerate:25.0\r\n"
        "a=control:rtsp://192.0.2.64:554/Streaming/Channels/101/trackID=1\r\n"
        "a=rtpmap:96 H264/90000\r\n"
        "a=fmtp:96 profile-level-id=420029; packetization-mode=1; "
        "sprop-parameter-sets=Z2QAKqwspQHgCJ+WagICAgQ=,aO48sA==\r\n"
        "m=audio 0 RTP/AVP 8 97\r\n"
        "a=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:97 MPEG4-GENERIC/16000/1\r\n"
        "a=fmtp:97 profile-level-id=15;mode=AAC-hbr;config=1408;SizeLength=13\r\n"
        "a=Media_header:MEDIAINFO=494D4B48;\r\n"
        "a=appversion:1.0\r\n");
    CHECK(session.name == "Media Presentation");
    CHECK(session.control == "rtsp://192.0.2.64:554/Streaming/Channels/101/");
    CHECK(session.tool == "a streamer");
    REQUIRE(session.media.size() == 2);
    const Media &video = session.media[0];
    CHECK(video.kind == "video");
    CHECK(video.protocol == "RTP/AVP");
    CHECK(video.address == "0.0.0.0");
    CHECK(video.bandwidth_kbps == 5000);
    CHECK(video.frame_rate == 25);
    CHECK(video.direction == Direction::ReceiveOnly);
    CHECK(video.control == "rtsp://192.0.2.64:554/Streaming/Channels/101/trackID=1");
    REQUIRE(video.formats.size() == 1);
    CHECK(video.formats[0].encoding == "H264");
    CHECK(video.formats[0].clock_rate == 90000);
    CHECK(video.formats[0].channels == 0);
    CHECK(video.formats[0].parameter("SPROP-parameter-sets") ==
          "Z2QAKqwspQHgCJ+WagICAgQ=,aO48sA==");
    CHECK(video.formats[0].parameter("packetization-mode") == "1");
    CHECK(video.formats[0].parameter("none").empty());
    const Media &audio = session.media[1];
    REQUIRE(audio.formats.size() == 2);
    CHECK(audio.formats[0].encoding == "PCMA");
    CHECK(audio.formats[1].channels == 1);
    CHECK(audio.formats[1].parameter("sizelength") == "13");
  }

  TEST_CASE("sdp: lines that are missing, many, wrong or not ended do not matter") {
    for (const char *lines :
         {"", "v=0\r\n", "s=\r\ns=a\r\ns=b\r\n", "o=-\r\n", "o=- 12.5 1 IN IP4\r\n",
          "o=- 99999999999999999999999999999 1 IN IP4 1.2.3.4\r\n", "t=now-\r\n", "t=\r\n",
          "c=\r\n", "nonsense\r\n", "=\r\n", "\r\n\r\n", " a=x\r\n", "a=\x01\x02\r\n"}) {
      Session session = session_of(
          std::string(lines) + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=control:t1");
      REQUIRE_MESSAGE(session.media.size() == 1, lines);
      CHECK(session.media[0].formats[0].encoding == "H265");
      CHECK(session.media[0].control == "t1");
    }
    CHECK(session_of("s=\ns=a\ns=b\n").name == "a");
    CHECK(session_of(std::string("m=video 0 RTP/AVP 26\na=control:x\0\0", 35)).media.size() == 1);
    CHECK(session_of("").media.empty());
  }

  TEST_CASE("sdp: connection lines in their spellings") {
    struct Row {
      const char *line;
      const char *address;
      int ttl;
    };
    for (const Row &row : {
             Row{"c=IN IP4 239.1.2.3/16", "239.1.2.3", 16},
             Row{"c=IN IP4 239.1.2.3/16/2", "239.1.2.3", 16},
             Row{"c=IN IP6 ff15::1", "ff15::1", 0},
             Row{"c=IN c=IN IP4 10.0.0.1", "10.0.0.1", 0},
             Row{"c=IN 10.0.0.1", "10.0.0.1", 0},
             Row{"c=10.0.0.1", "10.0.0.1", 0},
             Row{"c=IN IP4 ", "9.9.9.9", 0},
             Row{"c=", "9.9.9.9", 0},
             Row{"c=IN IP4 239.1.1.1/999", "239.1.1.1", 0},
         }) {
      Session session = session_of("c=IN IP4 9.9.9.9\r\nm=video 5000 RTP/AVP 96\r\n" +
                                   std::string(row.line) + "\r\n");
      CHECK_MESSAGE(session.media[0].address == row.address, row.line);
      CHECK_MESSAGE(session.media[0].ttl == row.ttl, row.line);
      CHECK(session.media[0].port == 5000);
    }
    CHECK(session_of("c=IN IP4 239.0.0.1/5\nm=video 1/2 RTP/AVP 96\n").media[0].ttl == 5);
    CHECK(media_of("a=x").address.empty());
  }

  TEST_CASE("sdp: unknown media kinds and formats are kept apart") {
    Session session = session_of(
        "m=application/TP-LINK 0 RTP/AVP smart/1/90000\r\na=rtpmap:95 TP-LINK/90000\r\n"
        "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"
        "m=video\r\nm=\r\nm=video 99999 RTP/AVP * 300 x 96 96\r\n");
    REQUIRE(session.media.size() == 5);
    CHECK(session.media[0].kind == "application/TP-LINK");
    CHECK(session.media[0].formats.size() == 1);
    CHECK(session.media[1].formats[0].encoding == "vnd.onvif.metadata");
    CHECK(session.media[2].protocol.empty());
    CHECK(session.media[4].port == 0);
    CHECK(session.media[4].formats.size() == 1);
  }

  TEST_CASE("sdp: rtpmap in its spellings, and what stands for a missing one") {
    Format format = media_of("a=rtpmap:96 H264/90000 ").formats[0];
    CHECK(format.encoding == "H264");
    CHECK(format.clock_rate == 90000);
    CHECK(media_of("a=rtpmap: 96  H264 / 90000").formats[0].clock_rate == 90000);
    CHECK(media_of("a=RTPMAP:96 H264").formats[0].clock_rate == 90000);
    CHECK(media_of("a=rtpmap:96 H264/x").formats[0].clock_rate == 90000);
    CHECK(media_of("a=rtpmap:96").formats[0].encoding.empty());
    CHECK(media_of("a=rtpmap:300 H264/90000").formats[0].encoding.empty());
    format = media_of("a=rtpmap:96 opus/16000/1", "audio 0 RTP/AVP 96").formats[0];
    CHECK(format.clock_rate == 48000);
    CHECK(format.channels == 2);
    format = media_of("a=rtpmap:96 PCM", "audio 0 RTP/AVP 96").formats[0];
    CHECK(format.encoding == "PCM");
    CHECK(format.clock_rate == 8000);
    Media statics = media_of("a=control:x", "audio 0 RTP/AVP 0 8 14 9 20");
    REQUIRE(statics.formats.size() == 5);
    CHECK(statics.formats[0].encoding == "PCMU");
    CHECK(statics.formats[1].channels == 1);
    CHECK(statics.formats[2].clock_rate == 90000);
    CHECK(statics.formats[3].encoding == "G722");
    CHECK(statics.formats[4].encoding.empty());
    CHECK(media_of("", "video 0 RTP/AVP 26").formats[0].encoding == "JPEG");
  }

  TEST_CASE("sdp: an rtpmap with another payload type than its media stands for both") {
    Media media = media_of("a=rtpmap:97 H264/90000\r\na=fmtp:96 packetization-mode=1");
    REQUIRE(media.formats.size() == 2);
    for (const Format &format : media.formats) {
      CHECK(format.encoding == "H264");
      CHECK(format.clock_rate == 90000);
    }
    CHECK(media.formats[0].payload_type == 96);
    CHECK(media.formats[0].parameter("packetization-mode") == "1");
  }

  TEST_CASE("sdp: raw audio without an rtpmap is guessed from its bit rate") {
    struct Row {
      int kbps;
      std::uint32_t rate;
    };
    for (const Row &row : {Row{128, 8000}, Row{256, 16000}, Row{384, 24000}, Row{512, 32000},
                           Row{705, 44100}, Row{768, 48000}, Row{64, 0}}) {
      Media media = media_of("b=AS:" + std::to_string(row.kbps), "audio 0 RTP/AVP 97");
      CHECK(media.formats[0].clock_rate == row.rate);
      CHECK(media.formats[0].encoding == (row.rate == 0 ? "" : "PCM"));
    }
    CHECK(media_of("b=AS:128", "video 0 RTP/AVP 97").formats[0].encoding.empty());
  }

  TEST_CASE("sdp: parameters under another track, empty, twice, or quoted") {
    Session session = session_of(
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 \r\n"
        "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 PCMU/8000\r\n"
        "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IAKQ==\r\na=fmtp:x "
        "y\r\na=fmtp:\r\n");
    CHECK(session.media[0].formats[0].parameter("sprop-parameter-sets") == "Z0IAKQ==");
    CHECK(session.media[1].formats[0].parameters.empty());
    Format format = media_of("a=fmtp:96 a=1;B = \"x;y\" ; c\r\na=fmtp:96 d=2").formats[0];
    CHECK(format.parameter("a") == "1");
    CHECK(format.parameter("b") == "x;y");
    CHECK(format.parameter("c").empty());
    CHECK(format.parameter("d") == "2");
  }

  TEST_CASE("sdp: numbers that nobody can believe are not believed") {
    CHECK(media_of("a=framerate:29.97").frame_rate == doctest::Approx(29.97));
    for (const char *line : {"a=framerate:0", "a=framerate:-1", "a=framerate:1e9",
                             "a=framerate:nan", "a=framerate:", "a=framerate:x"})
      CHECK_MESSAGE(media_of(line).frame_rate == 0, line);
    CHECK(media_of("b=AS:99999999999").bandwidth_kbps == 0);
    CHECK(media_of("b=TIAS:64000").bandwidth_kbps == 0);
    CHECK(media_of("b= AS : 64").bandwidth_kbps == 64);
  }

  TEST_CASE("sdp: controls, directions and keys") {
    Session session = session_of(
        "a=control:*\r\na=key-mgmt:mikey AAAA\r\n"
        "m=video 0 RTP/SAVP 96\r\na=control:\r\na=control:a\r\na=control:b\r\na=sendonly\r\n"
        "a=key-mgmt:mikey BBBB\r\na=key-mgmt:other CCCC\r\n"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abcd|2^20|1:4 UNENCRYPTED_SRTCP\r\n"
        "a=crypto:x y z\r\n"
        "m=audio 0 RTP/AVP 0\r\na=inactive\r\nm=audio 0 RTP/AVP 0\r\na=sendrecv\r\n");
    CHECK(session.control == "*");
    CHECK(session.key_mgmt == "AAAA");
    const Media &video = session.media[0];
    CHECK(video.control == "a");
    CHECK(video.key_mgmt == "BBBB");
    CHECK(video.direction == Direction::SendOnly);
    REQUIRE(video.crypto.size() == 1);
    CHECK(video.crypto[0].tag == 1);
    CHECK(video.crypto[0].suite == "AES_CM_128_HMAC_SHA1_80");
    CHECK(video.crypto[0].parameters == "inline:abcd|2^20|1:4 UNENCRYPTED_SRTCP");
    CHECK(session.media[1].direction == Direction::Inactive);
    CHECK(session.media[2].direction == Direction::SendReceive);
  }

  TEST_CASE("sdp: everything is bounded") {
    auto repeated = [](std::string_view line, std::size_t times) {
      std::string out;
      for (std::size_t i = 0; i < times; ++i)
        out += line;
      return out;
    };
    auto code = [](const std::string &text) {
      auto session = parse(text);
      REQUIRE_FALSE(session.has_value());
      return session.error().code;
    };
    std::string m = "m=video 0 RTP/AVP";
    CHECK(parse(repeated(m + "\n", 32)).has_value());
    CHECK(code(repeated(m + "\n", 33)) == Code::TooLarge);
    std::string formats;
    for (int i = 64; i < 97; ++i)
      formats += ' ' + std::to_string(i);
    CHECK(code(m + formats) == Code::TooLarge);
    std::string maps = m + '\n';
    for (int i = 64; i < 97; ++i)
      maps += "a=rtpmap:" + std::to_string(i) + " X/1\n";
    CHECK(code(maps) == Code::TooLarge);
    CHECK(code(m + '\n' + repeated("a=crypto:1 a b\n", 9)) == Code::TooLarge);
    CHECK(code("s=" + std::string(17000, 's')) == Code::TooLarge);
    CHECK(code(repeated("a=b\n", 70000)) == Code::TooLarge);
    CHECK(parse(m + '\n' + repeated("a=fmtp:50 a=b\n", 1000)).has_value());
  }
}

}  // namespace
}  // namespace sluice::wire::sdp
