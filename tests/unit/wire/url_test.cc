// SPDX-License-Identifier: Apache-2.0
// URLs and stream names: the spellings that are taken, and all those that must not get through.
#include "wire/url.h"

#include <doctest/doctest.h>

#include <cctype>

namespace sluice::wire {
namespace {

using base::Code;
using namespace std::string_literals;

std::string path_of(std::string_view path) {
  auto parsed = parse_path(path);
  return parsed ? to_string(parsed->name) + " " + parsed->extension : "refused";
}

std::string rtmp_of(std::string_view app, std::string_view key) {
  auto parsed = parse_rtmp_name(app, key);
  return parsed ? to_string(parsed->name) : "refused";
}

TEST_SUITE("wire") {
  TEST_CASE("url: percent escapes are decoded once") {
    CHECK(percent_decode("a%20b") == "a b");
    CHECK(percent_decode("%41%5a%7a") == "AZz");
    CHECK(percent_decode("%252e") == "%2e");
    CHECK(percent_decode("a+b") == "a+b");
    CHECK(percent_decode("a+b%2B", true) == "a b+");
    CHECK(percent_decode("") == "");
  }

  TEST_CASE("url: broken escapes and NUL are refused") {
    for (std::string_view bad :
         {"%", "%4", "a%", "a%4", "%zz", "%4g", "%g4", "% 1", "%00", "a%00b", "%-1"}) {
      CHECK_MESSAGE(!percent_decode(bad).has_value(), bad);
    }
    CHECK_FALSE(percent_decode("a\0b"s).has_value());
  }

  TEST_CASE("url: a query is decoded in its order") {
    auto query = Query::parse("server=uin%31&camera=gate&&flag&empty=&x=a%3Db&server=other");
    REQUIRE(query.has_value());
    CHECK(query->find("server") == "uin1");
    CHECK(query->find("camera") == "gate");
    CHECK(query->find("flag") == "");
    CHECK(query->find("empty") == "");
    CHECK(query->find("x") == "a=b");
    CHECK_FALSE(query->find("none").has_value());
    CHECK(query->pairs().size() == 6);
    CHECK(Query::parse("")->pairs().empty());
    CHECK_FALSE(Query::parse("a=%zz").has_value());
    CHECK_FALSE(Query::parse("%zz=a").has_value());
  }

  TEST_CASE("url: a query is bounded in pairs") {
    std::string text;
    for (std::size_t i = 0; i < Query::kMaxPairs; ++i)
      text += "a=b&";
    CHECK(Query::parse(text).has_value());
    CHECK(Query::parse(text + "a=b").error().code == Code::TooLarge);
  }

  TEST_CASE("url: a target is cut into path and query") {
    CHECK(split_target("/a/b.flv?x=1?y#z").path == "/a/b.flv");
    CHECK(split_target("/a/b.flv?x=1?y#z").query == "x=1?y");
    CHECK(split_target("/a").query.empty());
    CHECK(split_target("#?a").path.empty());
    CHECK(split_target("").path.empty());
  }

  TEST_CASE("url: names of the listed characters") {
    for (std::string_view good :
         {"a", "Gate-1", "192.168.0.1:554", "user@site", "a~b_c+d=e", "a..b", "-", "a."}) {
      CHECK_MESSAGE(StreamName::parse(good, good).has_value(), good);
    }
    for (std::string_view bad :
         {"",    ".",   "..",   ".a",  "a/b",      "a\\b",  "a b", "a%2fb", "a\nb", "a?b", "a#b",
          "a&b", "a<b", "a\"b", "a'b", "\xc3\xa4", "a\x7f", "a*b", "a;b",   "a|b",  "a$b", "a(b"}) {
      CHECK_MESSAGE(!StreamName::parse(bad, "x").has_value(), bad);
      CHECK_MESSAGE(!StreamName::parse("x", bad).has_value(), bad);
    }
    CHECK_FALSE(StreamName::parse("a\0b"s, "x").has_value());
  }

  TEST_CASE("url: no name holds a byte outside of the list") {
    for (int byte = 0; byte < 256; ++byte) {
      char c = static_cast<char>(byte);
      bool listed = (byte < 128 && std::isalnum(byte)) || std::string_view("._~@:+=-").contains(c);
      CHECK(StreamName::parse("a" + std::string(1, c), "x").has_value() == listed);
    }
  }

  TEST_CASE("url: names of 0, 1, 255, 256, 4096 and 65535 bytes meet one limit") {
    for (std::size_t size : {0UL, 1UL, 63UL, 126UL, 127UL, 255UL, 256UL, 4096UL, 65535UL}) {
      std::string part(size, 'n');
      bool good = size >= 1 && size + 2 <= StreamName::kMaxLength;
      CHECK(StreamName::parse(part, "c").has_value() == good);
      CHECK(StreamName::parse("s", part).has_value() == good);
      CHECK(parse_path("/s/" + part + ".flv").has_value() == good);
      CHECK(parse_rtmp_name("s", part).has_value() == good);
    }
    CHECK(StreamName::parse("abc", "def", 7).has_value());
    CHECK(StreamName::parse("abc", "def", 6).error().code == Code::TooLarge);
  }

  TEST_CASE("url: a joined name has exactly one slash") {
    CHECK(to_string(*StreamName::parse("uin1/gate")) == "uin1/gate");
    for (std::string_view bad : {"", "/", "a", "a/", "/b", "a/b/c", "a//b", "a/b/"}) {
      CHECK_MESSAGE(!StreamName::parse(bad).has_value(), bad);
    }
  }

  TEST_CASE("url: paths of streams") {
    CHECK(path_of("/uin1/gate.flv") == "uin1/gate flv");
    CHECK(path_of("/uin1/gate") == "uin1/gate ");
    CHECK(path_of("/uin1/cam.1.flv") == "uin1/cam.1 flv");
    CHECK(path_of("/uin%31/g%61te.f%6cv") == "uin1/gate flv");
    CHECK(path_of("/uin1/gate.") == "uin1/gate ");
  }

  TEST_CASE("url: no spelling of another directory gets through") {
    for (std::string_view bad : {"/../etc/passwd",
                                 "/..%2fetc/passwd.flv",
                                 "/%2e%2e/gate.flv",
                                 "/%252e%252e/gate.flv",
                                 "/uin1/..%2fgate.flv",
                                 "/uin1/..",
                                 "/uin1/.flv",
                                 "/uin1/.hidden.flv",
                                 "/uin1/..flv",
                                 "/uin1\\gate.flv",
                                 "/uin1/a%5cb.flv",
                                 "/uin1/%00.flv",
                                 "/uin1/gate.flv%00.jpg",
                                 "//uin1/gate.flv",
                                 "/uin1//gate.flv",
                                 "/uin1/gate.flv/",
                                 "/uin1/gate/x.flv",
                                 "/",
                                 "",
                                 "uin1/gate.flv",
                                 "/uin1",
                                 "/uin1/",
                                 "/./gate.flv",
                                 "/uin1/gate.f%2flv",
                                 "/uin1/gate.f v",
                                 "/uin1/<img>.flv",
                                 "/uin1/gate%c0%af.flv",
                                 "/uin1/gate%0a.flv",
                                 "/uin1/gate.flv%0d%0a"}) {
      CHECK_MESSAGE(path_of(bad) == "refused", bad);
    }
  }

  TEST_CASE("url: RTMP names as clients spell them") {
    CHECK(rtmp_of("uin1", "gate") == "uin1/gate");
    CHECK(rtmp_of("/uin1/", "/gate/") == "uin1/gate");
    CHECK(rtmp_of("uin1?vhost=example.org", "gate") == "uin1/gate");
    CHECK(rtmp_of("uin1", "gate?access_token=t&vhost=v") == "uin1/gate");
    CHECK(rtmp_of("uin1", "mp4:gate") == "uin1/gate");
    CHECK(rtmp_of("uin1", "flv:gate") == "uin1/gate");
    CHECK(rtmp_of("uin1", "live:gate") == "uin1/gate");
    CHECK(rtmp_of("uin1", "rtp:gate") == "uin1/rtp:gate");
    CHECK(rtmp_of("uin1/gate", "") == "uin1/gate");
    CHECK(rtmp_of("uin1/gate?access_token=t", "") == "uin1/gate");
    CHECK(rtmp_of("", "uin1/gate") == "uin1/gate");
    CHECK(rtmp_of("uin1/_definst_", "gate") == "uin1/gate");
    CHECK(rtmp_of("uin1...vhost...example.org", "gate") == "uin1/gate");
  }

  TEST_CASE("url: RTMP names that are refused") {
    CHECK(rtmp_of("", "") == "refused");
    CHECK(rtmp_of("uin1", "") == "refused");
    CHECK(rtmp_of("", "gate") == "refused");
    CHECK(rtmp_of("uin1", "?token=t") == "refused");
    CHECK(rtmp_of("uin1", "mp4:") == "refused");
    CHECK(rtmp_of("uin1/live", "gate") == "refused");
    CHECK(rtmp_of("uin1", "live/gate") == "refused");
    CHECK(rtmp_of("a/b/c", "") == "refused");
    CHECK(rtmp_of("uin1", "../gate") == "refused");
    CHECK(rtmp_of("..", "gate") == "refused");
    CHECK(rtmp_of("uin1", "%2e%2e") == "refused");
    CHECK(rtmp_of("uin1", "gate?a=%zz") == "refused");
  }

  TEST_CASE("url: an RTMP token is found behind the key or behind the app, the key's first") {
    CHECK(parse_rtmp_name("s?access_token=a", "c")->query.find("access_token") == "a");
    CHECK(parse_rtmp_name("s", "c?access_token=k%20y")->query.find("access_token") == "k y");
    CHECK(parse_rtmp_name("s?access_token=a", "c?access_token=k")->query.find("access_token") ==
          "k");
  }
}

}  // namespace
}  // namespace sluice::wire
