// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "http/exchange.h"
#include "http/site.h"

using namespace sluice;
using http::Exchange;
using http::Method;
using http::ServerOptions;
using test::ManyPieces;
using test::Peer;
using test::Site;

namespace {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  [[nodiscard]] bool has(std::string_view line) const {
    return head.contains("\r\n" + std::string(line) + "\r\n");
  }
  [[nodiscard]] std::string code() const { return base::Json::parse(body)["code"]; }
};

// The answers on one connection, in their order.
class Client {
 public:
  Client(Site &site, Peer peer) : site_(site), peer_(std::move(peer)) {}
  explicit Client(Site &site) : Client(site, site.connect()) {}

  void send(std::string_view bytes) { CHECK(peer_.write(bytes) == bytes.size()); }

  Answer read(bool head_only = false) {
    std::optional<Answer> answer;
    bool done = site_.loop.run_until([&] {
      input_ += peer_.read();
      answer = cut(head_only);
      return answer.has_value() || peer_.ended() || peer_.reset();
    });
    REQUIRE(done);
    REQUIRE(answer.has_value());
    return *answer;
  }
  Answer ask(std::string_view bytes, bool head_only = false) {
    send(bytes);
    return read(head_only);
  }

  // True when the server ends the connection in order and has sent nothing else.
  bool ended() {
    bool done = site_.loop.run_until([&] {
      input_ += peer_.read();
      return peer_.ended() || peer_.reset();
    });
    return done && peer_.ended() && !peer_.reset() && input_.empty();
  }
  Peer &peer() { return peer_; }
  [[nodiscard]] const std::string &rest() const { return input_; }

 private:
  std::optional<Answer> cut(bool head_only) {
    std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return std::nullopt;
    Answer answer;
    answer.head = input_.substr(0, end + 2);
    answer.status = std::stoi(answer.head.substr(9, 3));
    std::size_t length = 0;
    if (std::size_t at = answer.head.find("Content-Length: "); at != std::string::npos)
      length = std::stoul(answer.head.substr(at + 16));
    if (head_only) length = 0;
    if (input_.size() < end + 4 + length) return std::nullopt;
    answer.body = input_.substr(end + 4, length);
    input_.erase(0, end + 4 + length);
    return answer;
  }

  Site &site_;
  Peer peer_;
  std::string input_;
};

// Standard error as a file while it lives, with the log at its most talkative.
class CapturedLog {
 public:
  CapturedLog() : file_(std::tmpfile()), stderr_(::dup(STDERR_FILENO)) {
    ::dup2(::fileno(file_), STDERR_FILENO);
    base::log::configure(base::log::Level::Debug, base::log::Format::Text);
  }
  ~CapturedLog() {
    base::log::configure(base::log::Level::Info, base::log::Format::Text);
    ::dup2(stderr_.get(), STDERR_FILENO);
    std::fclose(file_);
  }
  std::string text() {
    std::string out(1 << 16, '\0');
    std::rewind(file_);
    out.resize(std::fread(out.data(), 1, out.size(), file_));
    return out;
  }

 private:
  std::FILE *file_;
  net::Fd stderr_;
};

std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("server: a connection is kept for further requests") {
    Site site;
    Client client(site);
    for (int i = 0; i < 3; ++i) {
      Answer answer = client.ask(get("/hello"));
      CHECK(answer.status == 200);
      CHECK(answer.body == "hello");
      CHECK_FALSE(answer.head.contains("Connection:"));
    }
    Answer last = client.ask(get("/hello", "Connection: close\r\n"));
    CHECK(last.has("Connection: close"));
    CHECK(client.ended());
    client.peer().close();
    CHECK(site.run_until_empty());
  }

  TEST_CASE("server: HTTP/1.0 closes, unless the client asks otherwise") {
    Site site;
    Client kept(site);
    CHECK(kept.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
              .has("Connection: keep-alive"));
    CHECK(kept.ask("GET /hello HTTP/1.0\r\n\r\n").has("Connection: close"));
    CHECK(kept.ended());
  }

  TEST_CASE("server: HEAD has the head of GET and no body, and the connection goes on") {
    Site site;
    Client client(site);
    Answer head = client.ask("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n", true);
    CHECK(head.status == 200);
    CHECK(head.has("Content-Length: 5"));
    CHECK(client.ask("HEAD /nothing HTTP/1.1\r\nHost: h\r\n\r\n", true).status == 404);
    CHECK(client.ask(get("/hello")).body == "hello");
  }

  TEST_CASE("server: OPTIONS is answered for any path, with CORS where CORS is on") {
    Site site;
    Client client(site);
    Answer preflight = client.ask("OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(preflight.status == 204);
    CHECK(preflight.has("Allow: POST, OPTIONS"));
    CHECK(preflight.has("Access-Control-Allow-Methods: POST, OPTIONS"));
    CHECK(preflight.has("Access-Control-Allow-Origin: *"));
    CHECK(preflight.head.contains("Access-Control-Allow-Headers: Authorization"));
    CHECK(client.ask("OPTIONS /nothing HTTP/1.1\r\nHost: h\r\n\r\n").status == 204);
    CHECK(client.ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").status == 204);

    ServerOptions closed;
    closed.cors_origin = "";
    Site admin(closed);
    Client page(admin);
    Answer refused = page.ask("OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(refused.status == 204);
    CHECK_FALSE(refused.head.contains("Access-Control"));
  }

  TEST_CASE("server: errors are JSON with the request's correlation id and CORS") {
    Site site;
    Client client(site);
    Answer missing = client.ask(get("/nothing", "X-Correlation-ID: abc-1\r\n"));
    CHECK(missing.status == 404);
    CHECK(missing.has("Content-Type: application/json"));
    CHECK(missing.has("X-Correlation-ID: abc-1"));
    CHECK(missing.has("Access-Control-Allow-Origin: *"));
    CHECK(base::Json::parse(missing.body)["correlation_id"] == "abc-1");
    Answer method = client.ask("DELETE /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(method.status == 405);
    CHECK(method.has("Allow: GET, HEAD, OPTIONS"));
    CHECK(client.ask(get("/forgotten")).status == 500);
  }

  TEST_CASE("server: what cannot be understood is answered and no later byte is parsed") {
    Site site;
    Client client(site);
    client.send("GET /hello HTTP/1.1\r\n\r\n" + get("/hello"));
    Answer answer = client.read();
    CHECK(answer.status == 400);
    CHECK(answer.code() == "bad_request");
    CHECK(answer.has("Connection: close"));
    CHECK(answer.has("Access-Control-Allow-Origin: *"));
    CHECK(client.ended());
    client.send(get("/hello"));
    client.peer().shutdown_write();
    CHECK(site.run_until_empty());
    CHECK(client.peer().read() == "");
  }

  TEST_CASE("server: heads, targets and bodies over their limits are told so") {
    Site site;
    auto status = [&](std::string_view bytes) {
      Client client(site);
      Answer answer = client.ask(bytes);
      CHECK(client.ended());
      return answer.status;
    };
    CHECK(status(get("/" + std::string(5000, 'a'))) == 414);
    CHECK(status(get("/hello", "X: " + std::string(20000, 'a') + "\r\n")) == 431);
    CHECK(status("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n") == 413);
    CHECK(status("PATCH /echo HTTP/1.1\r\nHost: h\r\n\r\n") == 405);
    CHECK(status("BREW /echo HTTP/1.1\r\nHost: h\r\n\r\n") == 501);
    CHECK(status("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                 "Content-Length: 70000\r\n\r\n") == 413);
  }

  TEST_CASE("server: pipelined requests are answered in order, also when the first waits") {
    Site site;
    Client client(site);
    client.send(get("/late") + get("/hello") + get("/nothing"));
    REQUIRE(site.loop.run_until([&] { return site.waiting != nullptr; }));
    site.loop.run_ready();
    CHECK(client.peer().read() == "");
    site.waiting->respond(Site::text("late"));
    CHECK(client.read().body == "late");
    CHECK(client.read().body == "hello");
    CHECK(client.read().status == 404);
  }

  TEST_CASE("server: a body is read, and a client that waits for 100 is told to go on") {
    Site site;
    Client client(site);
    CHECK(client.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc").body ==
          "abc");
    std::string_view head =
        "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    CHECK(client.ask(head).status == 100);
    CHECK(client.ask("xy").body == "xy");
  }

  TEST_CASE("server: a head that drips is cut at one deadline, however it drips") {
    ServerOptions options;
    options.header_timeout = base::Millis(50);
    options.idle_timeout = base::Millis(60'000);
    Site site(options);
    Client client(site);
    // One byte at each turn of the loop: a deadline per byte would never pass.
    std::string slow = "GET /hello HTTP/1.1\r\nHost: h\r\nX: ";
    std::size_t sent = 0;
    std::string seen;
    REQUIRE(site.loop.run_until([&] {
      client.peer().write(sent < slow.size() ? slow.substr(sent, 1) : "x");
      ++sent;
      seen += client.peer().read();
      return client.peer().ended();
    }));
    CHECK(seen.starts_with("HTTP/1.1 408 "));
    CHECK(seen.contains("request_timeout"));
  }

  TEST_CASE("server: a body that does not come is cut at the same deadline") {
    ServerOptions options;
    options.header_timeout = base::Millis(20);
    Site site(options);
    Client client(site);
    CHECK(client.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na").status == 408);
    CHECK(client.ended());
  }

  TEST_CASE("server: a silent connection is closed without a word, before and after a request") {
    ServerOptions options;
    options.header_timeout = base::Millis(20);
    options.idle_timeout = base::Millis(20);
    Site site(options);
    Client silent(site);
    CHECK(silent.ended());
    Client idle(site);
    CHECK(idle.ask(get("/hello")).status == 200);
    CHECK(idle.ended());
    CHECK(site.run_until_empty());
  }

  TEST_CASE("server: a handler that waits is told that the client has gone") {
    Site site;
    bool aborted = false;
    bool by_reset = false;
    SUBCASE("by a close") { by_reset = false; }
    SUBCASE("by a reset") { by_reset = true; }
    Client client(site);
    client.send(get("/late"));
    REQUIRE(site.loop.run_until([&] { return site.waiting != nullptr; }));
    site.waiting->on_abort([&] {
      aborted = true;
      site.waiting.reset();  // its own exchange
    });
    if (by_reset) {
      client.peer().close_with_reset();
    } else {
      client.peer().close();
    }
    REQUIRE(site.loop.run_until([&] { return aborted; }));
    CHECK(site.server->size() == 0);
    CHECK(site.admission.total() == 0);
  }

  TEST_CASE("server: an exchange outlives its client, and answering it then does nothing") {
    Site site;
    Client client(site);
    client.send(get("/late"));
    REQUIRE(site.loop.run_until([&] { return site.waiting != nullptr; }));
    client.peer().close();
    REQUIRE(site.loop.run_until([&] { return site.waiting->aborted(); }));
    site.waiting->respond(Site::text("nobody hears it"));
    CHECK(site.waiting->stream_head(200, {}) == "");
    CHECK(site.waiting->detach().socket == nullptr);
  }

  TEST_CASE("server: a waiting handler is told when the server ends") {
    Site site;
    Client client(site);
    client.send(get("/late"));
    REQUIRE(site.loop.run_until([&] { return site.waiting != nullptr; }));
    bool aborted = false;
    site.waiting->on_abort([&] { aborted = true; });
    site.server.reset();
    CHECK(aborted);
    CHECK(client.ended());
  }

  TEST_CASE("server: a detached connection brings the input that followed, and stays counted") {
    Site site;
    Client client(site);
    client.send(get("/stream") + "early bytes");
    Answer answer = client.read(true);
    CHECK(answer.status == 200);
    CHECK(answer.has("Content-Type: video/x-flv"));
    CHECK(answer.has("Connection: close"));
    CHECK(answer.has("Access-Control-Allow-Origin: *"));
    CHECK_FALSE(answer.head.contains("Content-Length"));
    CHECK(site.detached.leftover_input == "early bytes");
    CHECK(site.server->size() == 0);
    CHECK(site.admission.total() == 1);
    site.server.reset();  // the stream does not need it
    [[maybe_unused]] auto sent = site.detached.socket->write(base::as_bytes("more"));
    CHECK(client.peer().read_exactly(site.loop, 4) == "more");
    site.detached = {};
    CHECK(site.admission.total() == 0);
    CHECK(client.ended());
  }

  TEST_CASE("server: an upgrade that is not taken ends the connection after the answer") {
    Site site;
    Client client(site);
    client.send(get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + get("/hello"));
    CHECK(client.read().has("Connection: close"));
    CHECK(client.ended());
  }

  TEST_CASE("server: a stored body of many pieces arrives whole, and in ranges") {
    Site site;
    Client client(site);
    const std::string text = site.stored->text();
    CHECK(client.ask(get("/stored")).body == text);
    Answer part =
        client.ask("GET /stored HTTP/1.1\r\nHost: a\r\nRange: bytes=300000-900000\r\n\r\n");
    CHECK(part.status == 206);
    CHECK(part.body == text.substr(300'000, 600'001));
    Answer head = client.ask("HEAD /stored HTTP/1.1\r\nHost: a\r\n\r\n", true);
    CHECK(head.status == 200);
    CHECK(head.has("Content-Length: " + std::to_string(text.size())));
    CHECK(client.ask(get("/hello")).body == "hello");
  }

  TEST_CASE("server: a client that does not read a stored body is closed, and the body let go") {
    ServerOptions options;
    options.send_timeout = base::Millis(100);
    Site site(std::move(options));
    Client client(site);
    client.send(get("/stored"));
    CHECK(site.run_until_empty());
    CHECK(site.loop.run_until([&] { return site.stored.use_count() == 1; }));
  }

  TEST_CASE("server: a large answer arrives whole at a client that reads it") {
    Site site;
    Client client(site);
    CHECK(client.ask(get("/large")).body.size() == Site::kLarge);
    CHECK(client.ask(get("/hello")).body == "hello");
  }

  TEST_CASE("server: a client may end its side while the answer is on its way") {
    Site site;
    Client client(site);
    client.send(get("/large"));
    client.peer().shutdown_write();
    CHECK(client.read().body.size() == Site::kLarge);
    CHECK(client.ended());
    CHECK(site.run_until_empty());
  }

  TEST_CASE("server: a client that does not read its answer is closed") {
    ServerOptions options;
    options.send_timeout = base::Millis(20);
    Site site(options);
    Client client(site);
    client.send(get("/large"));
    CHECK(site.run_until_empty());
    CHECK(site.admission.total() == 0);
  }

  TEST_CASE("server: connections over the limits are answered 503 and closed") {
    auto check_refused = [](Site &site) {
      Client first(site);
      CHECK(first.ask(get("/hello")).status == 200);
      Client second(site);
      Answer refused = second.read();
      CHECK(refused.status == 503);
      CHECK(refused.has("Retry-After: 5"));
      CHECK(refused.has("Connection: close"));
      CHECK(second.ended());
      second.peer().close();
      CHECK(first.ask(get("/hello")).status == 200);
      first.peer().close();
      CHECK(site.run_until_empty());
      Client third(site);
      CHECK(third.ask(get("/hello")).status == 200);
    };
    Site by_total({}, {1, 100});
    check_refused(by_total);
    Site by_address({}, {100, 1});
    check_refused(by_address);
    metrics::TextWriter text;
    by_address.registry.write(text);
    CHECK(text.str().contains(R"(sluice_refused_total{listener="http",reason="address_limit"} 1)"));
    CHECK(text.str().contains(R"(sluice_http_requests_total{code="200"} 3)"));
  }

  TEST_CASE("server: draining closes idle connections, lets others finish, refuses new ones") {
    Site site;
    Client idle(site);
    CHECK(idle.ask(get("/hello")).status == 200);
    Client busy(site);
    busy.send(get("/late") + get("/hello"));
    REQUIRE(site.loop.run_until([&] { return site.waiting != nullptr; }));
    site.server->drain();
    CHECK(idle.ended());
    site.waiting->respond(Site::text("late"));
    Answer last = busy.read();
    CHECK(last.body == "late");
    CHECK(last.has("Connection: close"));
    CHECK(busy.ended());
    Client late(site);
    CHECK(late.read().status == 503);
    busy.peer().close();
    late.peer().close();
    CHECK(site.run_until_empty());
  }

  TEST_CASE("server: tokens of the query and of the headers are never logged") {
    CapturedLog log;
    Site site;
    std::string header = "Authorization: Bearer canary\r\nCookie: canary\r\n";
    for (const char *target : {"/hello?access_token=canary", "/nothing?access_token=canary",
                               "/forgotten?access_token=canary", "/bad?access_token=canary%zz",
                               "http://canary@h/hello?access_token=canary"}) {
      Client client(site);
      CHECK(client.ask(get(target, header)).status != 0);
    }
    Client late(site);
    late.ask("GET /hello?access_token=canary HTTP/1.1\r\n" + header + "\r\n");
    std::string text = log.text();
    CHECK(text.contains("path=/hello status=200"));
    CHECK_FALSE(text.contains("canary"));
  }

  TEST_CASE("server: a handler that answers hundreds of pipelined requests does not recurse") {
    Site site;
    Client client(site);
    std::string burst;
    for (int i = 0; i < 300; ++i)
      burst += get("/hello");
    client.send(burst);
    for (int i = 0; i < 300; ++i)
      CHECK(client.read().body == "hello");
  }
}
