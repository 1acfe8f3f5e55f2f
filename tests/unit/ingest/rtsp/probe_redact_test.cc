// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/probe_redact.h"

#include <doctest/doctest.h>

#include <string>

namespace sluice::ingest::rtsp {
namespace {

// Everything of a message in one text.
std::string text_of(const ProbedMessage &message) {
  std::string text = message.start + "\n";
  for (const auto &[name, value] : message.fields)
    text += name + ": " + value + "\n";
  return text + message.body;
}

class First final : public wire::rtsp::SplitterEvents {
 public:
  bool on_message(const wire::rtsp::Message &message) override {
    text = text_of(shareable_message(message, "cam.example"));
    return false;
  }
  bool on_packet(std::uint8_t, base::MutableBytes) override { return false; }
  void on_skipped(std::size_t) override {}

  std::string text;
};

std::string answer(std::string raw) {
  First first;
  wire::rtsp::Splitter splitter(wire::rtsp::Peer::Server);
  REQUIRE(splitter.feed(std::as_writable_bytes(std::span(raw)), first).has_value());
  return first.text;
}

std::string described(const std::string &body) {
  return answer("RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
}

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE("probe redact: a request keeps its method and loses credentials and host") {
  auto message = shareable_request(
      "DESCRIBE rtsp://cam.example/live?user=keeper&password=hunter2&channel=1 RTSP/1.0\r\nCSeq: 3"
      "\r\nAuthorization: Digest username=\"keeper\", response=\"0123\"\r\n\r\n",
      "cam.example");
  std::string text = text_of(message);
  CHECK(message.sent);
  CHECK(text.starts_with("DESCRIBE rtsp://camera/live?"));
  CHECK(text.contains("channel=1"));
  for (const char *secret : {"hunter2", "0123", "cam.example"})
    CHECK_FALSE(text.contains(secret));
}

TEST_CASE("probe redact: a challenge tells its kind and nothing else") {
  std::string text = answer(
      "RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm=\"serial 4711\", "
      "nonce=\"abcdef\", qop=\"auth\", algorithm=SHA-256\r\nWWW-Authenticate: "
      "Digest,realm=\"glued 4711\"\r\n\r\n");
  CHECK(text.contains("Digest realm=\"camera\", nonce=\"***\", qop=\"auth\", algorithm=SHA-256"));
  for (const char *secret : {"4711", "abcdef", "glued"})
    CHECK_FALSE(text.contains(secret));
}

TEST_CASE("probe redact: URLs of every scheme and spelling lose what may be a password") {
  for (const char *url :
       {"rtsp://keeper:hunter2@cam.example/x", "RTSP://keeper:hunter2@cam.example/x",
        "rtsp://keeper:hun;hunter2,x@cam.example/x", "http://keeper:hunter2@cam.example/x",
        "https://cam.example/x?token=hunter2", "rtsp://cam.example/x?pwd=hunter2"}) {
    CAPTURE(url);
    std::string text =
        answer(std::string("RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: ") + url + "\r\n\r\n");
    CHECK_FALSE(text.contains("hunter2"));
    CHECK_FALSE(text.contains("cam.example"));
  }
}

TEST_CASE("probe redact: addresses of camera, network and peer are left out") {
  std::string text = answer(
      "RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast;client_port=5000-5001;"
      "source=10.1.2.3;destination=192.168.7.9;server_port=6000-6001\r\n\r\n");
  CHECK(text.contains("client_port=5000-5001"));
  CHECK_FALSE(text.contains("10.1.2.3"));
  CHECK_FALSE(text.contains("192.168.7.9"));
  text = described("v=0\r\no=- 1 1 IN IP4 10.1.2.3\r\nc=IN IP6 fd00::1234\r\n");
  CHECK(text.contains("o=- 1 1 IN IP4 0.0.0.0\r\n"));
  CHECK_FALSE(text.contains("fd00"));
}

TEST_CASE("probe redact: keys are left out however their lines are written") {
  for (const char *line :
       {"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0", "a=key-mgmt:mikey c2VjcmV0",
        " A=CRYPTO:1 X inline:c2VjcmV0", "k=clear:c2VjcmV0"}) {
    for (const char *end : {"\r\n", "\n", "\r"}) {
      CAPTURE(line);
      std::string text = described("v=0" + std::string(end) + line + end + "t=0 0" + end);
      CHECK_FALSE(text.contains("c2VjcmV0"));
      CHECK(text.contains("t=0 0"));
    }
  }
  CHECK_FALSE(answer("RTSP/1.0 200 OK\r\nCSeq: 1\r\nKeyMgmt: prot=mikey;data=\"c2VjcmV0\"\r\n\r\n")
                  .contains("c2VjcmV0"));
}

TEST_CASE("probe redact: what a decoder is told stays") {
  std::string body =
      "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 "
      "sprop-parameter-sets=Z2QAKKzZQHgCJ+XARAAAAwAEAAADAMg8YMZY,aOvjyyLA\r\n";
  CHECK(described(body).contains(body));
}

TEST_SUITE_END();

}  // namespace
}  // namespace sluice::ingest::rtsp
