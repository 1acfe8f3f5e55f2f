// SPDX-License-Identifier: Apache-2.0
#include "http/blocking_client.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

#include "net/listener.h"
#include "support/socket_pair.h"

using namespace sluice;
using http::ClientRequest;
using test::TestLoop;

namespace {

// Gives every connection the same bytes, whatever it asks, and then closes.
base::Result<http::ClientResponse> ask(std::string_view answer, ClientRequest request = {}) {
  TestLoop loop;
  std::unique_ptr<net::Socket> accepted;
  test::Events events;
  std::string asked;
  events.readable = [&] {
    std::array<std::byte, 4096> chunk;
    auto got = accepted->read(chunk);
    if (!got) return accepted.reset();
    asked += base::as_text(base::Bytes(chunk).first(*got));
    if (!asked.contains("\r\n\r\n")) return;
    [[maybe_unused]] auto sent = accepted->write(base::as_bytes(answer));
    accepted.reset();
  };
  auto listener = net::Listener::open(*loop, *net::Address::parse("127.0.0.1:0"), [&](auto socket) {
    accepted = std::move(socket);
    accepted->set_events(&events);
  });
  REQUIRE(listener.has_value());
  if (request.url.empty()) request.url = "http://" + (*listener)->address().to_string() + "/x";
  std::atomic<bool> done{false};
  base::Result<http::ClientResponse> result;
  std::thread waiter([&] {
    result = http::request_blocking(request);
    done = true;
  });
  bool finished = loop.run_until([&] { return done.load(); });
  waiter.join();
  CHECK(finished);
  CHECK((asked.empty() || asked.starts_with(http::method_name(request.method))));
  return result;
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("blocking client: any status is an answer, and a redirect is not followed") {
    auto ok = ask("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
    REQUIRE(ok.has_value());
    CHECK(ok->status == 200);
    CHECK(ok->content_type == "text/plain");
    CHECK(ok->body == "hi");
    ClientRequest kick{.url = {}, .method = http::Method::Delete, .headers = {{"X", "y"}}};
    auto moved = ask("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n", kick);
    REQUIRE(moved.has_value());
    CHECK(moved->status == 302);
  }

  TEST_CASE("blocking client: failures are told apart") {
    auto code = [](const base::Result<http::ClientResponse> &result) {
      REQUIRE_FALSE(result.has_value());
      return result.error().code;
    };
    CHECK(code(ask("")) == base::Code::Closed);
    CHECK(code(ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi")) == base::Code::Closed);
    CHECK(code(ask("nonsense\r\n\r\n")) == base::Code::Malformed);
    ClientRequest small;
    small.max_body_bytes = 1;
    CHECK(code(ask("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", small)) ==
          base::Code::TooLarge);
    CHECK(code(http::request_blocking({.url = "file:///etc/hostname"})) == base::Code::Malformed);
    CHECK(code(http::request_blocking({.url = "http://127.0.0.1:1/"})) == base::Code::Closed);
  }
}
