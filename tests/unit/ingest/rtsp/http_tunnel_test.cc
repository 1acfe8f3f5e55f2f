// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/http_tunnel.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "wire/rtsp_auth.h"

using namespace sluice;
using namespace sluice::ingest::rtsp;

namespace {

const TunnelTarget kTarget{
    .path = "/live?channel=1", .host = "cam:80", .cookie = "c00c1e", .authorization = {}};

int status_of(std::string_view input) {
  auto answer = read_tunnel_answer(input);
  return answer ? answer->status : -1 - static_cast<int>(answer.error().code);
}

constexpr int kMalformed = -1 - static_cast<int>(base::Code::Malformed);

}  // namespace

TEST_SUITE("ingest/rtsp") {
  TEST_CASE("tunnel: GET and POST name the same cookie and path") {
    std::string get = tunnel_get(kTarget);
    std::string post = tunnel_post(kTarget);
    CHECK(get.starts_with("GET /live?channel=1 HTTP/1.0\r\nHost: cam:80\r\n"));
    CHECK(post.starts_with("POST /live?channel=1 HTTP/1.0\r\nHost: cam:80\r\n"));
    for (const std::string &text : {get, post}) {
      CHECK(text.contains("\r\nx-sessioncookie: c00c1e\r\n"));
      CHECK_FALSE(text.contains("Authorization"));
      CHECK(text.ends_with("\r\n\r\n"));
    }
    CHECK(get.contains("\r\nAccept: application/x-rtsp-tunnelled\r\n"));
    CHECK(post.contains("\r\nContent-Type: application/x-rtsp-tunnelled\r\n"));
    CHECK(post.contains("\r\nContent-Length: 32767\r\n"));
  }

  TEST_CASE("tunnel: an answer to a challenge stands in the head") {
    TunnelTarget target = kTarget;
    target.authorization = "Basic dTpw";
    CHECK(tunnel_get(target).contains("\r\nAuthorization: Basic dTpw\r\n"));
  }

  TEST_CASE("tunnel: nothing that came from the camera can begin a line of its own") {
    TunnelTarget target = kTarget;
    target.authorization = "Digest nonce=\"a\nEvil: 1\r\nEvil: 2\"";
    std::string get = tunnel_get(target);
    CHECK_FALSE(get.contains("\nEvil"));
    CHECK(get.contains("Authorization: Digest nonce=\"a"));
  }

  TEST_CASE("tunnel: an answer that is cut anywhere is not complete yet") {
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n"
        "Cache-Control: no-cache\r\n\r\n";
    for (std::size_t size = 0; size < head.size(); ++size) {
      auto answer = read_tunnel_answer(std::string_view(head).substr(0, size));
      REQUIRE(answer.has_value());
      CHECK(answer->size == 0);
    }
    auto answer = read_tunnel_answer(head + "RTSP/1.0 200 OK\r\n\r\n");
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(answer->size == head.size());
    CHECK(answer->authenticate.empty());
  }

  TEST_CASE("tunnel: a head without an end is too large at 8 KiB") {
    std::string head = "HTTP/1.0 200 OK\r\nX: ";
    head.append(8 * 1024 - 1 - head.size(), 'x');
    CHECK(read_tunnel_answer(head)->size == 0);
    auto answer = read_tunnel_answer(head + "x");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == base::Code::TooLarge);
    CHECK_FALSE(read_tunnel_answer(head + "xxxx\r\n\r\n").has_value());
  }

  TEST_CASE("tunnel: several challenges are all there for the one that answers") {
    auto answer = read_tunnel_answer(
        "HTTP/1.1 401 Unauthorized\r\n"
        "WWW-Authenticate: Basic realm=\"/\"\r\n"
        "www-authenticate:Digest realm=\"cam, x\", nonce=\"77\"\r\n"
        "WWW-Authenticate-Not: Digest realm=\"no\"\r\n\r\n");
    REQUIRE(answer.has_value());
    CHECK(answer->status == 401);
    const std::array<std::string_view, 1> values{answer->authenticate};
    auto challenges = wire::rtsp::parse_challenges(values);
    REQUIRE(challenges.size() == 2);
    CHECK(challenges[0].realm == "/");
    CHECK(challenges[1].realm == "cam, x");
    CHECK(challenges[1].nonce == "77");
  }

  TEST_CASE("tunnel: status lines that are none") {
    CHECK(status_of("HTTP/1.0 200\r\n\r\n") == 200);
    CHECK(status_of("HTTP/1.1 404 Not Found\r\n\r\n") == 404);
    for (std::string_view line :
         {"\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 \r\n\r\n", "HTTP/1.1 20\r\n\r\n",
          "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
          "HTTP/2 200\r\n\r\n", "RTSP/1.0 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
          "HTTP/1.x\r\n200 OK\r\n\r\n"}) {
      CAPTURE(std::string(line));
      CHECK(status_of(line) == kMalformed);
    }
  }
}
