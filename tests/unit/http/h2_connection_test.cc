// SPDX-License-Identifier: Apache-2.0
#include "http/h2_connection.h"

#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/json.h"
#include "http/site.h"
#include "support/h2_client.h"

using namespace sluice;
using http::ServerOptions;
using test::H2Answer;
using test::H2Client;
using test::H2Fields;
using test::Site;

namespace {

class Client : public H2Client {
 public:
  explicit Client(Site &site, H2Client::Options options = {}, const char *refusal = nullptr)
      : H2Client(site.loop, site.connect_http2(refusal), options) {}
};

constexpr std::size_t kGoAwayBytes = 17;

// Asks for the first bytes of a stored body, and reads nothing.
class Deaf : public Client {
 public:
  Deaf(Site &site, int size) : Client(site, {.window = 1'000'000}), server_fd_(site.newest_fd) {
    stop_reading();
    asked = ask("/stored", {{"range", "bytes=0-" + std::to_string(size - 1)}});
  }
  std::size_t bytes_in_kernel() {
    int unsent = 0;
    int unread = 0;
    REQUIRE(::ioctl(server_fd_, SIOCOUTQ, &unsent) == 0);
    REQUIRE(::ioctl(peer().fd(), FIONREAD, &unread) == 0);
    return static_cast<std::size_t>(unsent) + static_cast<std::size_t>(unread);
  }

  std::int32_t asked = 0;

 private:
  const int server_fd_;
};

// Tells when it was aborted.
struct Held {
  explicit Held(Site &site) {
    site.router.add(http::Method::Get, "/held", [this](auto exchange) {
      exchange->on_abort([this] { ++aborted; });
      exchanges.push_back(std::move(exchange));
    });
  }
  std::vector<std::unique_ptr<http::Exchange>> exchanges;
  int aborted = 0;
};

ServerOptions impatient() {
  ServerOptions options;
  options.header_timeout = base::Millis(50);
  options.idle_timeout = base::Millis(50);
  options.send_timeout = base::Millis(50);
  return options;
}

std::string metrics_text(const Site &site) {
  metrics::TextWriter writer;
  site.registry.write(writer);
  return writer.str();
}

std::string code_of(const H2Answer &answer) { return base::Json::parse(answer.body)["code"]; }

// What a GOAWAY among the frames gives as its reason (RFC 9113 section 6.8).
std::optional<std::uint32_t> find_goaway(std::string_view frames) {
  auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(frames[at]); };
  while (frames.size() >= 9) {
    std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
    if (frames.size() < 9 + size) break;
    if (byte(3) == NGHTTP2_GOAWAY && size >= 8) {
      return std::uint32_t{byte(13)} << 24 | std::uint32_t{byte(14)} << 16 |
             std::uint32_t{byte(15)} << 8 | byte(16);
    }
    frames.remove_prefix(9 + size);
  }
  return std::nullopt;
}

// What a client is told that sends some frames, and then others without end.
std::optional<std::uint32_t> flood(Site &site, const std::string &first, const std::string &frame) {
  test::Peer peer = site.connect_http2();
  std::string unsent(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
  unsent += H2Client::frame(NGHTTP2_SETTINGS, 0, 0, "") + first;
  std::string seen;
  bool ended = site.loop.run_until([&] {
    while (unsent.size() < 10'000)
      unsent += frame;
    unsent.erase(0, peer.write(unsent));
    seen += peer.read();
    return peer.ended() || peer.reset();
  });
  CHECK(ended);
  peer.close();
  CHECK(site.run_until_empty());
  return find_goaway(seen);
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("http2: requests of one connection are answered side by side") {
    Site site;
    Client client(site);
    std::int32_t hello = client.ask("/hello");
    std::int32_t echo = client.ask("/echo", {}, "POST", "what is said");
    std::int32_t head = client.ask("/hello", {}, "HEAD");
    CHECK(client.wait(hello).status == 200);
    CHECK(client.wait(hello).body == "hello");
    CHECK(client.wait(hello).error == 0);
    CHECK(client.wait(echo).body == "what is said");
    CHECK(client.wait(head).status == 200);
    CHECK(client.wait(head).fields.at("content-length") == "5");
    CHECK(client.wait(head).body.empty());
    CHECK(site.server->size() == 1);
  }

  TEST_CASE("http2: answers carry what every answer carries, and nothing about connections") {
    Site site;
    Client client(site);
    const H2Answer &missing = client.get("/nothing", {{"x-correlation-id", "abc-1"}});
    CHECK(missing.status == 404);
    CHECK(missing.fields.at("x-correlation-id") == "abc-1");
    CHECK(missing.fields.at("access-control-allow-origin") == "*");
    CHECK(missing.fields.at("cache-control") == "no-store");
    CHECK(missing.fields.at("content-type") == "application/json");
    CHECK_FALSE(missing.fields.contains("connection"));
    CHECK(client.get("/hello", {}, "DELETE").fields.at("allow") == "GET, HEAD, OPTIONS");
    CHECK(client.get("/echo", {}, "OPTIONS").status == 204);
    CHECK(client.get("*", {}, "OPTIONS").status == 204);
    CHECK(client.get("/forgotten").status == 500);
  }

  TEST_CASE("http2: a request that waits holds no other up, and is answered when it is") {
    Site site;
    Client client(site);
    std::int32_t late = client.ask("/late");
    CHECK(client.get("/hello").body == "hello");
    REQUIRE(site.waiting != nullptr);
    CHECK_FALSE(client.so_far(late).closed);
    site.waiting->respond(Site::text("late"));
    CHECK(client.wait(late).body == "late");
  }

  TEST_CASE("http2: a client that takes a request back is heard, and the others go on") {
    Site site;
    Held held(site);
    Client client(site);
    std::int32_t unwanted = client.ask("/held");
    std::int32_t wanted = client.ask("/held");
    REQUIRE(site.loop.run_until([&] {
      client.step();
      return held.exchanges.size() == 2;
    }));
    client.reset(unwanted);
    REQUIRE(site.loop.run_until([&] { return held.aborted == 1; }));
    CHECK(held.exchanges[0]->aborted());
    held.exchanges[0]->respond(Site::text("nobody hears this"));
    held.exchanges[1]->respond(Site::text("here"));
    CHECK(client.wait(wanted).body == "here");
    CHECK(site.admission.total() == 0);
  }

  TEST_CASE("http2: the end of a connection aborts all of its requests") {
    Site site;
    Held held(site);
    auto client = std::make_unique<Client>(site);
    for (int i = 0; i < 3; ++i)
      client->ask("/held");
    REQUIRE(site.loop.run_until([&] {
      client->step();
      return held.exchanges.size() == 3;
    }));
    SUBCASE("by the client") { client->peer().close(); }
    SUBCASE("by the server") { site.server.reset(); }
    CHECK(site.loop.run_until([&] { return held.aborted == 3; }));
    if (site.server) CHECK(site.run_until_empty());
  }

  TEST_CASE("http2: a stored body comes whole from its pieces, and a range of it too") {
    Site site;
    Client client(site, {.window = 30'000'000});
    std::int32_t part = client.ask("/stored", {{"range", "bytes=299000-601000"}});
    const H2Answer &whole = client.get("/stored");
    std::string text = site.stored->text();
    CHECK(whole.status == 200);
    CHECK(whole.fields.at("etag") == "\"tag\"");
    CHECK(whole.fields.at("content-length") == std::to_string(text.size()));
    CHECK(whole.body == text);
    CHECK(client.wait(part).status == 206);
    CHECK(client.wait(part).body == text.substr(299'000, 302'001));
  }

  TEST_CASE("http2: what is small goes before what is large") {
    Site site;
    Client client(site, {.window = 4'000'000});
    std::int32_t large = client.ask("/stored");
    CHECK(client.get("/hello").body == "hello");
    CHECK_FALSE(client.so_far(large).closed);
  }

  TEST_CASE("http2: a client is heard while a download fills the link") {
    Site site;
    Client client(site, {.window = 30'000'000});
    std::int32_t large = client.ask("/stored");
    REQUIRE(site.loop.run_until([&] {
      client.step();
      return client.so_far(large).body.size() > 1'000'000;
    }));
    SUBCASE("another request is answered") {
      CHECK(client.get("/hello").body == "hello");
      CHECK_FALSE(client.so_far(large).closed);
      CHECK(client.wait(large).body.size() == site.stored->size());
    }
    SUBCASE("a reset stops the download") {
      client.reset(large);
      CHECK(client.get("/hello").body == "hello");
      CHECK(site.stored.use_count() == 1);
      CHECK(client.received() < site.stored->size());
    }
  }

  TEST_CASE("http2: a stream whose window is shut holds no other up") {
    Site site;
    Client client(site, {.keeps_windows_shut = true, .window = 1000});
    std::int32_t stuck = client.ask("/stored");
    CHECK(client.get("/hello").body == "hello");
    CHECK(client.so_far(stuck).body.size() == 1000);
    CHECK_FALSE(client.so_far(stuck).closed);
  }

  TEST_CASE("http2: an answer that is not taken is given up, and a client that reads nothing too") {
    ServerOptions options;
    options.send_timeout = base::Millis(50);
    Site site(options);
    SUBCASE("the stream's window stays shut") {
      Client client(site, {.keeps_windows_shut = true, .window = 1000});
      CHECK(client.get("/stored").error == NGHTTP2_CANCEL);
      CHECK(client.get("/hello").body == "hello");
    }
    SUBCASE("the socket is not read") {
      Client client(site, {.window = 30'000'000});
      client.stop_reading();
      client.ask("/stored");
      CHECK(site.run_until_empty());
    }
  }

  TEST_CASE("http2: a connection is not idle while its last bytes wait for the client") {
    ServerOptions options;
    options.idle_timeout = base::Millis(50);
    Site site(options);
    // Some of these are so long that of their last batch the kernel leaves a part with the node.
    std::vector<std::unique_ptr<Deaf>> clients;
    for (int size = 100'000; size < 500'000; size += 12'000)
      clients.push_back(std::make_unique<Deaf>(site, size));
    Client idle(site);
    CHECK(idle.get("/hello").status == 200);
    CHECK(idle.wait_over());
    options.idle_timeout = base::Millis(60'000);
    site.server->set_options(options);
    for (auto &client : clients) {
      std::size_t taken = client->bytes_in_kernel();
      client->read_again();
      client->wait(client->asked);
      bool waited = client->received() > taken + kGoAwayBytes;
      CHECK_FALSE((waited && client->goaway().has_value()));
    }
  }

  TEST_CASE("http2: a stream that does not end is sent to HTTP/1.1, on a connection of its own") {
    Site site;
    Client client(site);
    const H2Answer &stream = client.get("/stream");
    CHECK(stream.error == NGHTTP2_HTTP_1_1_REQUIRED);
    CHECK(stream.status == 0);
    CHECK(site.detached.socket == nullptr);
    CHECK(client.get("/hello").body == "hello");
  }

  TEST_CASE("http2: what the node resets for reasons of its own is not the client's fault") {
    Site site;
    Client client(site);
    for (int i = 0; i < 150; ++i)
      client.get("/stream");
    CHECK_FALSE(client.goaway());
    CHECK(client.get("/hello").body == "hello");
  }

  TEST_CASE("http2: what HTTP/1 refuses is refused here, and the connection goes on") {
    Site site;
    Client client(site);
    CHECK(client.get("/" + std::string(5000, 'a')).status == 414);
    CHECK(client.get("/hello", {{"x", std::string(20'000, 'a')}}).status == 431);
    CHECK(client.get("/hello", H2Fields(70, {"x", "y"})).status == 431);
    CHECK(client.get("/hello", {}, "PATCH").status == 405);
    CHECK(client.get("/hello", {}, "BREW").status == 501);
    CHECK(client.get("/a/../hello").status == 400);
    CHECK(client.get("/a/%2e%2e/hello").status == 400);
    CHECK(client.get("/hello", {{"host", "other"}}).status == 400);
    CHECK(client.get("/hello", {{"host", "H"}}).status == 200);
    H2Fields cleartext = H2Client::head("/hello");
    cleartext[1].second = "http";
    CHECK(client.wait(client.ask(cleartext)).status == 400);
    CHECK(client.get("/hello", {{"expect", "more"}}).status == 417);
    CHECK(client.get("/hello").body == "hello");
  }

  TEST_CASE("http2: what the protocol forbids spoils the request and nothing else") {
    Site site;
    Client client(site);
    for (const H2Fields &more :
         {H2Fields{{"connection", "close"}}, H2Fields{{"transfer-encoding", "chunked"}},
          H2Fields{{"x", "a\r\nb"}}, H2Fields{{"te", "gzip"}}, H2Fields{{":path", "/other"}},
          H2Fields{{":protocol", "x"}}}) {
      const H2Answer &answer = client.get("/hello", more);
      CHECK(answer.error == NGHTTP2_PROTOCOL_ERROR);
      CHECK(answer.status == 0);
    }
    H2Fields nowhere = {{":method", "GET"}, {":scheme", "https"}, {":path", "/hello"}};
    CHECK(client.wait(client.ask(nowhere)).error == NGHTTP2_PROTOCOL_ERROR);
    CHECK(client.get("/hello").body == "hello");
  }

  TEST_CASE("http2: bodies are bounded, one by one and together") {
    Site site;
    Client client(site);
    std::string large(70'000, 'x');
    const H2Answer &announced =
        client.wait(client.ask("/echo", {{"content-length", "70000"}}, "POST", large));
    CHECK(announced.status == 413);
    const H2Answer &unannounced = client.wait(client.ask("/echo", {}, "POST", large));
    CHECK(unannounced.status == 413);
    CHECK(code_of(unannounced) == "body_too_large");
    std::vector<std::int32_t> open;
    for (int i = 0; i < 5; ++i)
      open.push_back(
          client.ask(H2Client::head("/echo", {}, "POST"), std::string(60'000, 'x'), true));
    auto closed = [&](std::int32_t id) { return client.so_far(id).closed; };
    REQUIRE(site.loop.run_until([&] {
      client.step();
      return std::ranges::any_of(open, closed);
    }));
    CHECK(std::ranges::count_if(open, closed) == 1);
    CHECK(client.so_far(*std::ranges::find_if(open, closed)).error == NGHTTP2_REFUSED_STREAM);
  }

  TEST_CASE("http2: heads are bounded together, until they are answered") {
    Site site;
    Held held(site);
    Client client(site);
    H2Fields large = {{"x", std::string(10'000, 'a')}};
    std::vector<std::int32_t> asked;
    std::size_t expected = 0;
    SUBCASE("of requests that do not end") {
      for (int i = 0; i < 30; ++i)
        asked.push_back(client.ask(H2Client::head("/held", large, "POST"), "", true));
    }
    SUBCASE("of requests that are held") {
      for (int i = 0; i < 30; ++i)
        asked.push_back(client.ask("/held", large));
      expected = 25;
    }
    auto refused = [&](std::int32_t id) {
      return client.so_far(id).error == NGHTTP2_REFUSED_STREAM;
    };
    REQUIRE(site.loop.run_until([&] {
      client.step();
      return std::ranges::count_if(asked, refused) == 5;
    }));
    CHECK(held.exchanges.size() == expected);
    for (auto &exchange : held.exchanges)
      exchange->respond(Site::text("room for others"));
    for (std::int32_t id : asked)
      client.reset(id);
    CHECK(client.get("/hello", large).body == "hello");
  }

  TEST_CASE("http2: trailers are refused, and count with the head") {
    Site site;
    Client client(site);
    std::string head = "\x83\x87\x84\x41\x01h";
    client.send_raw(H2Client::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, head));
    std::uint8_t last = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM;
    std::string trailer = "\x40\x01x\x7f\xa1\x1e" + std::string(4000, 'a');
    SUBCASE("a few") {
      client.send_raw(H2Client::frame(NGHTTP2_HEADERS, last, 1, trailer));
      CHECK(site.loop.run_until([&] {
        client.step();
        return metrics_text(site).contains("sluice_http_requests_total{code=\"400\"} 1");
      }));
      CHECK_FALSE(metrics_text(site).contains("reason=\"http2_abuse\"} 1"));
    }
    SUBCASE("far more than they are long") {
      trailer += std::string(2000, '\xbe');
      client.send_raw(H2Client::frame(NGHTTP2_HEADERS, last, 1, trailer));
      CHECK(client.wait_over());
      CHECK(client.goaway() == NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  TEST_CASE(
      "http2: a client that waits for 100 gets it, and one whose body is too large does not") {
    Site site;
    Client client(site);
    const H2Answer &good =
        client.wait(client.ask("/echo", {{"expect", "100-continue"}}, "POST", "abc"));
    CHECK(good.said_continue);
    CHECK(good.body == "abc");
    H2Fields large = {{"expect", "100-continue"}, {"content-length", "70000"}};
    const H2Answer &bad =
        client.wait(client.ask(H2Client::head("/echo", large, "POST"), "abc", true));
    CHECK_FALSE(bad.said_continue);
    CHECK(bad.status == 413);
  }

  TEST_CASE("http2: a request that does not arrive in time is answered 408") {
    Site site(impatient());
    Client client(site);
    std::int32_t half = client.ask(H2Client::head("/echo", {}, "POST"), "a", true);
    CHECK(client.wait(half).status == 408);
  }

  TEST_CASE("http2: connections that say nothing, or only a part of a head, are ended") {
    Site site(impatient());
    SUBCASE("not even the preface") {
      test::Peer peer = site.connect_http2();
      CHECK(site.loop.run_until([&] {
        peer.read();
        return peer.ended();
      }));
    }
    SUBCASE("no request") {
      Client client(site);
      CHECK(client.wait_over());
      CHECK(client.goaway() == NGHTTP2_NO_ERROR);
    }
    SUBCASE("a head that does not end") {
      Client client(site);
      client.send_raw(H2Client::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, "\x82"));
      CHECK(client.wait_over());
    }
  }

  TEST_CASE("http2: what is not HTTP/2 ends the connection") {
    Site site;
    test::Peer peer = site.connect_http2();
    peer.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(site.loop.run_until([&] {
      peer.read();
      return peer.ended();
    }));
    peer.close();
    CHECK(site.run_until_empty());
  }

  TEST_CASE("http2: a draining server finishes what is under way and takes no more") {
    Site site;
    Client client(site);
    Client idle(site);
    std::int32_t late = client.ask("/late");
    CHECK(idle.get("/hello").status == 200);
    REQUIRE(site.loop.run_until([&] {
      client.step();
      return site.waiting != nullptr;
    }));
    site.server->drain();
    CHECK(idle.wait_over());
    CHECK(idle.goaway() == NGHTTP2_NO_ERROR);
    REQUIRE(site.loop.run_until([&] {
      client.step();
      return client.goaway().has_value();
    }));
    site.waiting->respond(Site::text("late"));
    CHECK(client.wait(late).body == "late");
    CHECK(client.wait_over());
    idle.peer().close();
    client.peer().close();
    CHECK(site.run_until_empty());
  }

  TEST_CASE("http2: a connection over the limits is told so once") {
    Site site;
    Client client(site, {}, "too many connections");
    const H2Answer &refused = client.get("/hello");
    CHECK(refused.status == 503);
    CHECK(code_of(refused) == "busy");
    CHECK(client.goaway() == NGHTTP2_NO_ERROR);
    CHECK(client.wait_over());
  }

  TEST_CASE("http2: more streams at once than are allowed are refused, and can be tried again") {
    Site site;
    Held held(site);
    Client client(site);
    H2Fields ordinary = {{"cookie", std::string(1800, 'a')}};  // a head of 2 KiB
    for (std::uint32_t i = 0; i < http::H2Session::kMaxStreams; ++i)
      client.ask("/held", ordinary);
    std::int32_t waits = client.ask("/hello");  // the client keeps to what it was told
    REQUIRE(site.loop.run_until([&] {
      client.step();
      return held.exchanges.size() == http::H2Session::kMaxStreams;
    }));
    CHECK_FALSE(client.so_far(waits).closed);
    held.exchanges.front()->respond(Site::text("one"));
    CHECK(client.wait(waits).body == "hello");
  }

  TEST_CASE("http2: frames that ask for nothing are taken in moderation only") {
    Site site;
    auto frame = [](std::uint8_t type, std::string_view payload, std::uint8_t flags = 0,
                    std::uint32_t stream = 0) {
      return H2Client::frame(type, flags, stream, payload);
    };
    // POST / of https://h, by the static table.
    std::string head = "\x83\x87\x84\x41\x01h";
    std::string request = frame(NGHTTP2_HEADERS, head, NGHTTP2_FLAG_END_HEADERS, 1);
    std::string first;
    std::string many;
    SUBCASE("pings") { many = frame(NGHTTP2_PING, "12345678"); }
    SUBCASE("settings") { many = frame(NGHTTP2_SETTINGS, ""); }
    SUBCASE("priorities") { many = frame(NGHTTP2_PRIORITY, {"\0\0\0\0\1", 5}, 0, 3); }
    SUBCASE("frames of no known kind") { many = frame(0xfa, std::string(16'000, 'x')); }
    SUBCASE("window updates") { many = frame(NGHTTP2_WINDOW_UPDATE, {"\0\0\0\1", 4}); }
    SUBCASE("windows that are opened byte by byte") {
      std::string get = "\x82\x87\x04\x07/stored\x41\x01h";
      first = frame(NGHTTP2_SETTINGS, {"\0\4\0\0\0\0", 6}) +
              frame(NGHTTP2_HEADERS, get, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1);
      many = frame(NGHTTP2_WINDOW_UPDATE, {"\0\0\0\1", 4}, 0, 1);
    }
    SUBCASE("data without any") {
      first = request;
      many = frame(NGHTTP2_DATA, "", 0, 1);
    }
    SUBCASE("data for a request that is over") {
      first = frame(NGHTTP2_HEADERS, head, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1);
      many = frame(NGHTTP2_DATA, std::string(1000, 'x'), 0, 1);
    }
    SUBCASE("continuations") {
      first = frame(NGHTTP2_HEADERS, "\x82", 0, 1);
      many = frame(NGHTTP2_CONTINUATION, "", 0, 1);
    }
    CHECK(flood(site, first, many).value_or(NGHTTP2_NO_ERROR) != NGHTTP2_NO_ERROR);
    CHECK(metrics_text(site).contains("reason=\"http2_abuse\"} 1"));
  }

  TEST_CASE("http2: streams that end badly one after the other end the connection") {
    Site site;
    Client client(site);
    H2Fields malformed;
    bool resets = false;
    SUBCASE("because the client resets them at once") { resets = true; }
    SUBCASE("because they are no requests") { malformed = {{"connection", "close"}}; }
    CHECK(site.loop.run_until([&] {
      for (int i = 0; i < 10; ++i) {
        std::int32_t id = client.ask("/late", malformed);
        if (resets) client.reset(id);
      }
      return client.goaway().has_value();
    }));
    CHECK(client.goaway() == NGHTTP2_ENHANCE_YOUR_CALM);
    CHECK(client.wait_over());
  }

  TEST_CASE("http2: a stream that the client resets is as dear when no error is given") {
    Site site;
    Client client(site);
    for (int i = 0; i < 150; ++i)
      client.reset(client.ask("/late"), NGHTTP2_NO_ERROR);
    CHECK(client.wait_over());
    CHECK(client.goaway() == NGHTTP2_ENHANCE_YOUR_CALM);
  }

  TEST_CASE("http2: what came with the end of a connection is not done") {
    Site site;
    Held held(site);
    Client client(site);
    client.get("/hello");
    std::string frames =
        H2Client::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3,
                        "\x82\x87\x04\x05/held\x41\x01h");
    for (int i = 0; i < 1100; ++i)
      frames += H2Client::frame(NGHTTP2_SETTINGS, 0, 0, "");
    client.send_raw(frames);
    CHECK(client.wait_over());
    CHECK(client.goaway() == NGHTTP2_ENHANCE_YOUR_CALM);
    CHECK(held.exchanges.empty());
  }

  TEST_CASE("http2: a head that says far more than it is long ends its connection") {
    Site site;
    Client client(site);
    // One entry of 4000 bytes in the dynamic table (RFC 7541 section 6.2.1), named again and again.
    std::string block = "\x82\x87\x84\x41\x01h";
    block += "\x40\x01x\x7f\xa1\x1e" + std::string(4000, 'a') + std::string(2000, '\xbe');
    client.send_raw(H2Client::frame(NGHTTP2_HEADERS,
                                    NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, block));
    CHECK(client.wait_over());
    CHECK(client.goaway() == NGHTTP2_ENHANCE_YOUR_CALM);
  }

  TEST_CASE("http2: connections and requests are counted") {
    Site site;
    Client client(site);
    client.get("/hello");
    client.get("/nothing");
    std::string text = metrics_text(site);
    CHECK(text.contains("sluice_http2_connections_total 1"));
    CHECK(text.contains("sluice_http2_requests_total 2"));
    CHECK(text.contains("sluice_http_requests_total{code=\"404\"} 1"));
  }
}
