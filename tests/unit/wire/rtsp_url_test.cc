// SPDX-License-Identifier: Apache-2.0
// RTSP URLs as operators write them, and the base and control URLs that cameras make of them.
#include "wire/rtsp_url.h"

#include <doctest/doctest.h>

namespace sluice::wire::rtsp {
namespace {

using base::Code;
using Urls = std::vector<std::string>;

Url url_of(std::string_view text) {
  auto url = Url::parse(text);
  REQUIRE_MESSAGE(url.has_value(), text);
  return *std::move(url);
}

TEST_SUITE("wire") {
  TEST_CASE("rtsp url: the parts of a URL") {
    Url url = url_of("rtsp://admin:p%40ss@192.168.1.64:8554/Streaming/Channels/101?a=b&c=d#frag");
    CHECK_FALSE(url.secure);
    CHECK(url.has_credentials);
    CHECK(url.user == "admin");
    CHECK(url.password == "p@ss");
    CHECK(url.host == "192.168.1.64");
    CHECK(url.port == 8554);
    CHECK(url.target == "/Streaming/Channels/101?a=b&c=d");
    CHECK(url.request_uri() == "rtsp://192.168.1.64:8554/Streaming/Channels/101?a=b&c=d");
    CHECK(url_of("rtsp://h").port == 554);
    CHECK(url_of("RTSPS://h/").port == 322);
    CHECK(url_of("rtsps://h/").secure);
    CHECK(url_of("rtsp://h").request_uri() == "rtsp://h");
    CHECK(url_of("rtsp://h:554/").request_uri() == "rtsp://h/");
    CHECK(url_of("rtsp://h:322/").request_uri() == "rtsp://h:322/");
    CHECK(url_of("rtsp://h?x=1").request_uri() == "rtsp://h/?x=1");
    CHECK(url_of("rtsp://h:/a").port == 554);
    CHECK_FALSE(url_of("rtsp://h/a@b").has_credentials);
  }

  TEST_CASE("rtsp url: IPv6 with and without its brackets") {
    Url url = url_of("rtsp://u:p@[fe80::1%25eth0]:8554/a");
    CHECK(url.host == "fe80::1%25eth0");
    CHECK(url.port == 8554);
    CHECK(url_of("rtsp://[2001:db8::1]/a").request_uri() == "rtsp://[2001:db8::1]/a");
    CHECK(url_of("rtsp://2001:db8::1/a").request_uri() == "rtsp://[2001:db8::1]/a");
  }

  TEST_CASE("rtsp url: passwords that were pasted as they are") {
    CHECK(url_of("rtsp://admin:p@ss:w%rd@h/a").password == "p@ss:w%rd");
    CHECK(url_of("rtsp://admin:100%@h/a").password == "100%");
    CHECK(url_of("rtsp://admin:a/b#c?d@h/a").password == "a/b#c?d");
    CHECK(url_of("rtsp://admin:a/b#c?d@h/a").target == "/a");
    CHECK(url_of("rtsp://admin@h/a").user == "admin");
    CHECK(url_of("rtsp://:p@h/a").password == "p");
    CHECK(url_of("rtsp://u:%41%zz@h/a").password == "A%zz");
  }

  TEST_CASE("rtsp url: what is no URL") {
    for (const char *bad :
         {"", "rtsp:", "rtsp://", "rtsp:///a", "http://h/a", "rtspu://h/a", "h/a", "rtsp://h:0/a",
          "rtsp://h:70000/a", "rtsp://h:x/a", "rtsp://[::1/a", "rtsp://[::1]x/a", "rtsp://u:p@/a",
          "rtsp://h/a b", "rtsp://h/a\r\nb", "rtsp://h<x>/"}) {
      CHECK_MESSAGE(!Url::parse(bad).has_value(), bad);
    }
    CHECK(Url::parse("rtsp://h/" + std::string(3000, 'a')).error().code == Code::TooLarge);
  }

  TEST_CASE("rtsp url: secrets never reach a log") {
    CHECK(url_of("rtsp://admin:secret@h/a?x=1").redacted() == "rtsp://h/a?x=1");
    CHECK(url_of("rtsp://h/cam?user=admin&password=secret&channel=1").redacted() ==
          "rtsp://h/cam?user=***&password=***&channel=1");
    CHECK(url_of("rtsp://h/user=admin_password=sec_ret_channel=1_stream=0.sdp?real_stream")
              .redacted() == "rtsp://h/user=***_password=***_channel=1_stream=0.sdp?real_stream");
    CHECK(url_of("rtsp://h/a?access_token=sec_ret=x=&b=c").redacted() ==
          "rtsp://h/a?access_token=***&b=c");
    CHECK(redact("rtsp://admin:secret@h/a") == "rtsp://h/a");
    CHECK(redact("rtsp://admin:se cret@h:x/a") == "rtsp://h:x/a");
    CHECK(redact("admin:secret@h/a?pwd=x") == "h/a?pwd=***");
    CHECK(redact("http://u:p@h/\x01") == "http://h/?");
    CHECK(redact("prot=mikey;uri=x=y") == "prot=mikey;uri=x=y");
    CHECK(redact("a=b=c=d") == "a=b=c=d");
    for (const char *text : {"rtsp://a:canary@h:99999/x", "rtsp://a:can@canary@[x", "a:canary@",
                             "rtsp://h/?PassWord=canary", "x?token=canary@"})
      CHECK_MESSAGE(!redact(text).contains("canary"), text);
  }

  TEST_CASE("rtsp url: the base stays on the host that was asked") {
    Url asked = url_of("rtsp://admin:secret@10.0.0.5:8554/cam?x=1");
    auto with_base = [&](std::string_view content_base) {
      return base_url(asked, {.content_base = content_base});
    };
    CHECK(base_url(asked, {}) == "rtsp://10.0.0.5:8554/cam?x=1");
    CHECK(with_base("rtsp://10.0.0.5:8554/cam/") == "rtsp://10.0.0.5:8554/cam/");
    CHECK(with_base("192.168.1.10:554/stream0/") == "rtsp://10.0.0.5:8554/stream0/");
    CHECK(with_base("rtsp://rtsp://192.168.1.10/a/") == "rtsp://10.0.0.5:8554/a/");
    CHECK(with_base("rtsp://fe80::1:554/a/") == "rtsp://10.0.0.5:8554/a/");
    CHECK(with_base("rtsp://camera.local:9999/a/?y=2") == "rtsp://10.0.0.5:8554/a/?y=2");
    CHECK(with_base("rtsp://u:p@10.0.0.5/a/ ") == "rtsp://10.0.0.5:8554/a/");
    CHECK(with_base("/a/") == "rtsp://10.0.0.5:8554/a/");
    CHECK(with_base("rtsp://10.0.0.5") == "rtsp://10.0.0.5:8554/cam?x=1");
    CHECK(with_base("nonsense") == "rtsp://10.0.0.5:8554/cam?x=1");
    CHECK(with_base("rtsp://h/a\r\nEvil: x") == "rtsp://10.0.0.5:8554/aEvil:x");
    CHECK(base_url(asked, {.content_location = "/b"}) == "rtsp://10.0.0.5:8554/b");
    CHECK(base_url(asked, {.session_control = "*", .content_base = "/b/"}) ==
          "rtsp://10.0.0.5:8554/b/");
    CHECK(base_url(asked, {.session_control = "rtsp://1.2.3.4/c", .content_base = "/b/"}) ==
          "rtsp://10.0.0.5:8554/c");
    CHECK(base_url(url_of("rtsps://[::1]/a"), {.content_base = "rtsp://1.2.3.4/b"}) ==
          "rtsps://[::1]/b");
  }

  TEST_CASE("rtsp url: controls, the most compatible way first") {
    Url asked = url_of("rtsp://h/cam/main");
    auto urls = [&](std::string_view base, std::string_view control) {
      return control_urls(asked, base, control);
    };
    CHECK(urls("rtsp://h/cam/main/", "trackID=1") == Urls{"rtsp://h/cam/main/trackID=1"});
    CHECK(urls("rtsp://h/cam/main", "trackID=1") ==
          Urls{"rtsp://h/cam/main/trackID=1", "rtsp://h/cam/trackID=1"});
    CHECK(urls("rtsp://h/cam/main/", "/trackID=1") ==
          Urls{"rtsp://h/cam/main/trackID=1", "rtsp://h/trackID=1"});
    CHECK(urls("rtsp://h/cam?a=b", "trackID=1") ==
          Urls{"rtsp://h/cam?a=b/trackID=1", "rtsp://h/cam/trackID=1?a=b", "rtsp://h/trackID=1"});
    CHECK(urls("rtsp://h", "trackID=1") == Urls{"rtsp://h/trackID=1"});
    CHECK(urls("rtsp://h/cam", "?ctype=video") ==
          Urls{"rtsp://h/cam?ctype=video", "rtsp://h/?ctype=video"});
    CHECK(urls("rtsp://h/cam/", "*") == Urls{"rtsp://h/cam/"});
    CHECK(urls("rtsp://h/cam/", " ") == Urls{"rtsp://h/cam/"});
    CHECK(urls("rtsp://h/cam/", "rtsp://1.2.3.4:554/other/track1") ==
          Urls{"rtsp://h/other/track1"});
    CHECK(urls("rtsp://h/cam/", "trackID=1\r\nEvil: x")[0] == "rtsp://h/cam/trackID=1Evil:x");
  }
}

}  // namespace
}  // namespace sluice::wire::rtsp
