// SPDX-License-Identifier: Apache-2.0
#include "config/check.h"

#include <doctest/doctest.h>

using namespace sluice::config;

TEST_SUITE("config") {
  TEST_CASE("check: a listener is an address in numbers with a port") {
    for (const char *good : {"127.0.0.1:8080", "0.0.0.0:0", "[::]:8080", "[::1]:65535",
                             "[2001:db8::1]:1", "[::ffff:10.0.0.1]:80"}) {
      CAPTURE(good);
      CHECK_FALSE(check_listen_address(good).has_value());
    }
    for (const char *bad :
         {"", "8080", ":8080", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
          "127.0.0.1:-1", "127.0.0.1:080000", "::1:80", "[127.0.0.1]:80", "[::1]", "[::1]80",
          "1.2.3:80", "01.2.3.4:80", "1.2.3.4:80 ", "[fe80::1%eth0]:80", "*:80"}) {
      CAPTURE(bad);
      CHECK(check_listen_address(bad).has_value());
    }
    CHECK(check_listen_address(std::string_view("127.0.0.1\0x:80", 14)).has_value());
    CHECK(check_listen_address(":80") == "has no address; write \"[::]:80\" for every address");
  }

  TEST_CASE("check: loopback is all of 127/8, ::1, and 127/8 mapped into IPv6") {
    for (const char *loopback :
         {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
      CAPTURE(loopback);
      CHECK(is_loopback_address(loopback));
    }
    for (const char *open : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1", "[::2]:1",
                             "[fe80::1]:1", "[::127.0.0.1]:1", "nonsense"}) {
      CAPTURE(open);
      CHECK_FALSE(is_loopback_address(open));
    }
  }

  TEST_CASE("check: a name server is an address in numbers with a port that can be asked") {
    for (const char *good : {"10.0.0.53:53", "[fd00::53]:5353"})
      CHECK_FALSE(check_resolver(good).has_value());
    for (const char *bad : {"", "10.0.0.53", "10.0.0.53:0", "ns.test:53", "fd00::53"}) {
      CAPTURE(bad);
      CHECK(check_resolver(bad).has_value());
    }
  }

  TEST_CASE("check: a rule for addresses is a prefix, an address or a word") {
    for (const char *good : {"any", "public", "private", "link-local", "loopback", "10.0.0.0/8",
                             "10.0.0.7", "0.0.0.0/0", "10.0.0.7/32", "172.16.0.0/12", "fd00::/8",
                             "::1", "::/0", "2001:db8::7/128"}) {
      CAPTURE(good);
      CHECK_FALSE(check_address_rule(good).has_value());
    }
    for (const char *bad : {"", "10.1", "10", "10.1/16", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                            "10.0.0.0/8 ", "10.0.0.0/8/8", "fd00::/129", "010.0.0.1", "0x7f.0.0.1",
                            "localhost", "10.0.0.1/8", "fd00::1/8", "Private", "*", "[::1]"}) {
      CAPTURE(bad);
      CHECK(check_address_rule(bad).has_value());
    }
    CHECK(check_address_rule(std::string_view("10.0.0.1\0x", 10)).has_value());
  }

  TEST_CASE("check: a token is no placeholder, long enough, and fits into a header") {
    CHECK_FALSE(check_token("").has_value());
    CHECK_FALSE(check_token("0123456789abcdef").has_value());
    CHECK(check_token("0123456789abcde").has_value());
    for (const char *placeholder :
         {"changeme", "change-me", "secret", "password", "admin", "token", "ChangeMe"}) {
      CAPTURE(placeholder);
      CHECK(check_token(placeholder)->starts_with("is a placeholder"));
    }
    CHECK(check_token("0123456789abcdef ").has_value());
    CHECK(check_token("0123456789\r\nabcdef").has_value());
    CHECK(check_token("0123456789abcdéf").has_value());
    CHECK(check_token(std::string(513, 'x')).has_value());
  }

  TEST_CASE("check: what is wrong with a token never shows it") {
    for (const char *bad : {"changeme", "hunter2", "hunter2 hunter2 hunter2"}) {
      const auto problem = check_token(bad);
      REQUIRE(problem.has_value());
      CHECK(problem->find(bad) == std::string::npos);
    }
  }

  TEST_CASE("check: a stream is named by a server and a camera") {
    for (const char *good : {"uin1/gate", "a/b", "A-1_2.3~4@5:6+7=8/x"}) {
      CAPTURE(good);
      CHECK_FALSE(check_stream_name(good).has_value());
    }
    for (const char *bad : {"", "a", "/", "a/", "/b", "a/b/c", ".a/b", "a/.b", "a/..", "a b/c",
                            "a/b?c", "a/b%2f", "é/b", "a//b"}) {
      CAPTURE(bad);
      CHECK(check_stream_name(bad).has_value());
    }
  }

  TEST_CASE("check: a web origin is a star or one scheme, host and port") {
    for (const char *good :
         {"*", "https://www.example.com", "http://10.0.0.1:8080", "http://[::1]"}) {
      CAPTURE(good);
      CHECK_FALSE(check_cors_origin(good).has_value());
    }
    for (const char *bad : {"", "**", "www.example.com", "https://", "https://a/b", "https://a b",
                            "https://http://a", "ftp://a", "https://a\r\nX: y", "null"}) {
      CAPTURE(bad);
      CHECK(check_cors_origin(bad).has_value());
    }
  }

  TEST_CASE("check: a node's name and its folder") {
    CHECK_FALSE(check_node_id("").has_value());
    CHECK_FALSE(check_node_id("edge-msk-1.example_2").has_value());
    CHECK(check_node_id("edge 1").has_value());
    CHECK(check_node_id(std::string(65, 'x')).has_value());
    CHECK_FALSE(check_absolute_path("/var/lib/sluice").has_value());
    CHECK(check_absolute_path("var/lib").has_value());
    CHECK(check_absolute_path("").has_value());
    CHECK(check_absolute_path(std::string_view("/a\0b", 4)).has_value());
  }
}
