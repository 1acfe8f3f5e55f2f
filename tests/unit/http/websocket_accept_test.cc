// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_accept.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice::http;

namespace {

Request good_request() {
  Request request;
  request.upgrade = true;
  request.headers = {{"Host", "h"},
                     {"Upgrade", "websocket"},
                     {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"Sec-WebSocket-Version", "13"}};
  return request;
}

int status_with(std::string_view name, std::string_view value) {
  Request request = good_request();
  auto found = std::ranges::find(request.headers, name, &Field::name);
  REQUIRE(found != request.headers.end());
  found->value = value;
  return accept_websocket(request).status;
}

std::string header_of(const WebSocketAccept &accept, std::string_view name) {
  auto found = std::ranges::find(accept.headers, name, &Field::name);
  return found == accept.headers.end() ? "" : found->value;
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("websocket accept: RFC 6455's own example is accepted") {
    WebSocketAccept accept = accept_websocket(good_request());
    CHECK(accept.ok());
    CHECK(header_of(accept, "Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(header_of(accept, "Upgrade") == "websocket");
    CHECK(header_of(accept, "Connection") == "Upgrade");
  }

  TEST_CASE("websocket accept: another version is told which one is spoken") {
    for (const char *version : {"8", "14", "", "013", "13, 8"}) {
      CHECK(status_with("Sec-WebSocket-Version", version) == 426);
    }
    Request request = good_request();
    request.headers.pop_back();
    CHECK(header_of(accept_websocket(request), "Sec-WebSocket-Version") == "13");
  }

  TEST_CASE("websocket accept: a key that is not 16 bytes is refused") {
    for (const char *key : {"", "abc", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZSE=",
                            "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZSBub25jZQ==="}) {
      CHECK(status_with("Sec-WebSocket-Key", key) == 400);
    }
    Request twice = good_request();
    twice.headers.push_back({"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="});
    CHECK(accept_websocket(twice).status == 400);
  }

  TEST_CASE("websocket accept: what is not an upgrade by GET in HTTP/1.1 is refused") {
    Request request = good_request();
    request.method = Method::Post;
    CHECK(accept_websocket(request).status == 400);
    request = good_request();
    request.minor_version = 0;
    CHECK(accept_websocket(request).status == 400);
    request = good_request();
    request.upgrade = false;
    CHECK(accept_websocket(request).status == 426);
    CHECK(status_with("Upgrade", "h2c") == 426);
  }

  TEST_CASE("websocket accept: a page of another origin is refused when one origin is allowed") {
    Request request = good_request();
    CHECK(accept_websocket(request, "https://a.example").ok());
    request.headers.push_back({"Origin", "https://b.example"});
    CHECK(accept_websocket(request, "*").ok());
    CHECK(accept_websocket(request, "https://b.example").ok());
    CHECK(accept_websocket(request, "https://a.example").status == 403);
    CHECK(accept_websocket(request, "").status == 403);
  }

  TEST_CASE("websocket accept: a page of this very node is never of another origin") {
    auto from = [](const char *origin, const char *host) {
      Request request = good_request();
      request.headers.front().value = host;
      request.headers.push_back({"Origin", origin});
      return accept_websocket(request, "https://a.example").status;
    };
    CHECK(from("http://node.example:8080", "node.example:8080") == 101);
    CHECK(from("https://Node.example", "node.EXAMPLE") == 101);
    CHECK(from("http://[::1]:8080", "[::1]:8080") == 101);
    CHECK(from("https://a.example", "node.example") == 101);  // the one that is allowed
    // Another host, another port, what only begins or ends so, and what is no page's origin.
    for (const char *origin :
         {"http://node.example", "http://node.example:80801", "http://node.example:8080/",
          "http://xnode.example:8080", "http://u@node.example:8080", "node.example:8080",
          "//node.example:8080", "file://node.example:8080", "null", ""}) {
      CHECK_MESSAGE(from(origin, "node.example:8080") == 403, origin);
    }
    CHECK(from("http://", "") == 403);
  }
}
