// SPDX-License-Identifier: Apache-2.0
#include "http/response.h"

#include <doctest/doctest.h>

#include "base/json.h"

using namespace sluice;
using http::HeadContext;
using http::Response;

TEST_SUITE("http") {
  TEST_CASE("response: every head carries CORS, correlation and hardening fields") {
    HeadContext context{.cors_origin = "*", .correlation_id = "id-1"};
    Response response;
    response.body = "12345";
    for (const std::string &head :
         {http::response_head(response, context), http::stream_response_head(200, {}, context)}) {
      CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
      CHECK(head.ends_with("\r\n\r\n"));
      CHECK(head.contains("\r\nAccess-Control-Allow-Origin: *\r\n"));
      CHECK_FALSE(head.contains("Access-Control-Allow-Credentials"));
      CHECK(head.contains("\r\nX-Correlation-ID: id-1\r\n"));
      CHECK(head.contains("\r\nX-Content-Type-Options: nosniff\r\n"));
      CHECK(head.contains("\r\nReferrer-Policy: no-referrer\r\n"));
      CHECK(head.contains("\r\nCache-Control: no-store\r\n"));
      CHECK(head.contains("\r\nDate: "));
    }
    CHECK(http::response_head(response, context).contains("\r\nContent-Length: 5\r\n"));
    CHECK_FALSE(http::stream_response_head(200, {}, context).contains("Content-Length"));
    context.cors_origin = "";
    CHECK_FALSE(http::response_head(response, context).contains("Access-Control"));
  }

  TEST_CASE("response: an answer's own Cache-Control replaces the usual one") {
    std::string head = http::stream_response_head(200, {{"cache-control", "max-age=1"}}, {});
    CHECK(head.contains("\r\ncache-control: max-age=1\r\n"));
    CHECK_FALSE(head.contains("no-store"));
  }

  TEST_CASE("response: a value cannot end its line") {
    std::string head =
        http::stream_response_head(200, {{"X", std::string("a\r\nSet-Cookie: b\0c", 18)}}, {});
    CHECK(head.contains("\r\nX: a  Set-Cookie: b c\r\n"));
  }

  TEST_CASE("response: the connection's future is told as the version needs it") {
    Response response;
    auto connection = [&](bool close, int minor_version) {
      HeadContext context{.close = close, .minor_version = minor_version};
      std::string head = http::response_head(response, context);
      if (head.contains("\r\nConnection: close\r\n")) return "close";
      return head.contains("\r\nConnection: keep-alive\r\n") ? "keep-alive" : "";
    };
    CHECK(connection(false, 1) == doctest::String(""));
    CHECK(connection(true, 1) == doctest::String("close"));
    CHECK(connection(false, 0) == doctest::String("keep-alive"));
    CHECK(connection(true, 0) == doctest::String("close"));
    CHECK(http::stream_response_head(200, {}, {}).contains("\r\nConnection: close\r\n"));
    CHECK_FALSE(http::stream_response_head(101, {}, {}).contains("Connection: close"));
  }

  TEST_CASE("response: an answer without a body has no length") {
    Response response;
    response.status = 204;
    CHECK_FALSE(http::response_head(response, {}).contains("\r\nContent-"));
    response.status = 200;
    response.unknown_length = true;
    CHECK_FALSE(http::response_head(response, {}).contains("Content-Length"));
  }

  TEST_CASE("response: an error is JSON with code, message and correlation id") {
    Response response = http::error_response(404, "not_found", "a \"name\" \xff", "id-1");
    CHECK(response.status == 404);
    CHECK(response.content_type == "application/json");
    auto json = base::Json::parse(response.body);
    CHECK(json.size() == 3);
    CHECK(json["code"] == "not_found");
    CHECK(json["correlation_id"] == "id-1");
    CHECK(json["message"].get<std::string>().starts_with("a \"name\" "));
  }
}
