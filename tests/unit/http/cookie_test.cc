// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include <doctest/doctest.h>

using namespace sluice;
using http::find_cookie;

TEST_SUITE("http") {
  TEST_CASE("cookie: the first of its name is found, wherever it stands") {
    for (const char *field : {"a=1", "a=1; b=2", "b=2; a=1", "b=2;a=1;", " a=1 ", ";; a=1; a=2",
                              "A=3; a=1", "aa=3; a=1", "b; a=1", "=; a=1", "b=\"x; a=1"}) {
      CAPTURE(field);
      CHECK(find_cookie(field, "a") == "1");
    }
  }

  TEST_CASE("cookie: others are not it") {
    for (const char *field : {"", ";", "a", "=a", "A=1", "aa=1", "b=a=1", "b=1,a=1", "a =1"}) {
      CAPTURE(field);
      CHECK_FALSE(find_cookie(field, "a").has_value());
    }
  }

  TEST_CASE("cookie: values are what stands behind the first equals sign") {
    CHECK(find_cookie("a=", "a") == "");
    CHECK(find_cookie("a=b=c", "a") == "b=c");
    CHECK(find_cookie("a=\"1\"", "a") == "\"1\"");
  }

  TEST_CASE("cookie: all fields of the request are looked through") {
    http::Request request;
    request.headers = {{"X-Cookie", "a=0"}, {"Cookie", "b=1"}, {"cookie", "a=2"}};
    CHECK(find_cookie(request, "a") == "2");
    CHECK_FALSE(find_cookie(request, "c").has_value());
  }

  TEST_CASE("cookie: one that is set goes to one folder, to no script, and over TLS into frames") {
    CHECK(http::set_cookie("s", "~x", "/cams/gate/", false).value ==
          "s=~x; Path=/cams/gate/; HttpOnly; SameSite=Lax");
    CHECK(http::set_cookie("s", "~x", "/cams/gate/", true).value ==
          "s=~x; Path=/cams/gate/; HttpOnly; SameSite=None; Secure");
  }
}
