// SPDX-License-Identifier: Apache-2.0
#include "http/request.h"

#include <doctest/doctest.h>

using sluice::http::Request;

namespace {

Request with_headers(std::vector<sluice::http::Field> headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("request: tokens in a list header are found whatever their case and place") {
    Request request = with_headers({{"Connection", "keep-alive , UPGRADE"}, {"connection", "x"}});
    CHECK(request.header_has_token("Connection", "upgrade"));
    CHECK(request.header_has_token("Connection", "keep-alive"));
    CHECK(request.header_has_token("Connection", "X"));
    CHECK_FALSE(request.header_has_token("Connection", "up"));
    CHECK_FALSE(request.header_has_token("Upgrade", "upgrade"));
  }

  TEST_CASE("request: the bearer token comes from the header first, then from the query") {
    Request request = with_headers({{"Authorization", "bearer  abc"}});
    request.query = *sluice::wire::Query::parse("access_token=def");
    CHECK(request.bearer_token() == "abc");
    CHECK(request.access_token() == "abc");
    request.headers.clear();
    CHECK(request.bearer_token() == "");
    CHECK(request.access_token() == "def");
    request.headers = {{"Authorization", "Basic abc"}};
    CHECK(request.bearer_token() == "");
    CHECK(request.access_token() == "def");
  }

  TEST_CASE("request: a WebSocket is wanted when the upgrade names it") {
    Request request = with_headers({{"Upgrade", "WebSocket"}});
    CHECK_FALSE(request.wants_websocket());
    request.upgrade = true;
    CHECK(request.wants_websocket());
    request.headers = {{"Upgrade", "h2c"}};
    CHECK_FALSE(request.wants_websocket());
  }
}
