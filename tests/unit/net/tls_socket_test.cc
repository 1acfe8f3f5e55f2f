// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "net/outbox.h"
#include "net/socket.h"
#include "net/tls_metrics.h"
#include "support/tls_pair.h"

using namespace sluice;
using test::server_context;
using test::TestLoop;
using test::TlsEnd;
using test::TlsPair;
using test::trusting_client;

namespace {

// Bytes whose place shows, so that one which is lost or sent twice is seen.
std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
  return out;
}

std::size_t write_text(net::Socket &socket, std::string_view text) {
  auto sent = socket.write(base::as_bytes(text));
  REQUIRE(sent.has_value());
  return *sent;
}

// Writes all of it, as an owner does that waits for writability when less was taken.
void write_all(TestLoop &loop, TlsEnd &from, std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(write_text(*from.socket, text));
    if (text.empty()) return;
    from.writable = 0;
    from.socket->watch_writable(true);
    REQUIRE(loop.run_until([&] { return from.writable > 0; }));
  }
}

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("tls: the handshake goes on by itself, and bytes arrive both ways") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    CHECK(write_text(*pair.client.socket, "early") == 0);
    CHECK_FALSE(pair.client.socket->tls().has_value());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    CHECK(pair.server.socket->tls()->version == "TLSv1.3");
    CHECK_FALSE(pair.server.socket->tls()->resumed);
    CHECK(write_text(*pair.client.socket, "hello") == 5);
    CHECK(write_text(*pair.server.socket, "welcome") == 7);
    REQUIRE(loop.run_until(
        [&] { return pair.server.seen == "hello" && pair.client.seen == "welcome"; }));
  }

  TEST_CASE("tls: who waits for writability is told when the handshake is done") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    net::Outbox outbox(*pair.server.socket, 1000);
    REQUIRE(outbox.send("first words").has_value());
    CHECK(outbox.size() == 11);
    REQUIRE(loop.run_until([&] { return pair.server.writable > 0; }));
    REQUIRE(outbox.flush().has_value());
    CHECK(outbox.empty());
    REQUIRE(loop.run_until([&] { return pair.client.seen == "first words"; }));
  }

  TEST_CASE(
      "tls: a large write in many pieces arrives as it is, whatever the kernel takes at once") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    std::string text = pattern(6'000'000);
    pair.client.read_size = 100'000;
    write_all(loop, pair.server, text);
    REQUIRE(loop.run_until([&] { return pair.client.seen.size() >= text.size(); }));
    CHECK(pair.client.seen == text);
  }

  TEST_CASE("tls: small pieces share a record with what follows them") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    std::string head = "4000\r\n";
    std::string body = pattern(40'000);
    std::string tail = "\r\n";
    std::array<iovec, 4> pieces{{{head.data(), head.size()},
                                 {nullptr, 0},
                                 {body.data(), body.size()},
                                 {tail.data(), tail.size()}}};
    pair.client.read_size = 100'000;
    auto sent = pair.server.socket->write(pieces);
    REQUIRE(sent.has_value());
    CHECK(*sent == head.size() + body.size() + tail.size());
    REQUIRE(loop.run_until([&] { return pair.client.seen.size() >= *sent; }));
    CHECK(pair.client.seen == head + body + tail);
  }

  TEST_CASE("tls: what was accepted is sent, even when the owner offers something else next") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    pair.client.socket->watch_readable(false);
    std::string expected;
    std::string chunk = pattern(50'000);
    while (true) {
      std::size_t sent = write_text(*pair.server.socket, chunk);
      if (sent == 0) break;
      expected += chunk.substr(0, sent);
    }
    CHECK(pair.server.socket->kernel_state().unsent_bytes > 0);
    // Nothing of the refused chunk is remembered.
    pair.client.read_size = 100'000;
    pair.client.socket->watch_readable(true);
    write_all(loop, pair.server, "something else");
    expected += "something else";
    REQUIRE(loop.run_until([&] { return pair.client.seen.size() >= expected.size(); }));
    CHECK(pair.client.seen == expected);
  }

  TEST_CASE("tls: bytes that were decrypted already are told without any from the socket") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    pair.server.read_size = 10;
    CHECK(write_text(*pair.client.socket, pattern(1000)) == 1000);
    REQUIRE(loop.run_until([&] { return pair.server.seen.size() == 1000; }));
    CHECK(pair.server.seen == pattern(1000));
    int told = pair.server.readable;
    loop.run_ready();
    CHECK(pair.server.readable <= told + 1);
  }

  TEST_CASE("tls: a reader that stops is told of the rest when it goes on, or the next owner is") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    pair.server.read_size = 10;
    CHECK(write_text(*pair.client.socket, pattern(100)) == 100);
    REQUIRE(loop.run_until([&] { return pair.server.seen.size() >= 10; }));
    pair.server.socket->watch_readable(false);
    loop.run_ready();
    std::size_t had = pair.server.seen.size();
    CHECK(had < 100);
    loop.run_ready();
    CHECK(pair.server.seen.size() == had);
    pair.server.socket->watch_readable(true);
    REQUIRE(loop.run_until([&] { return pair.server.seen.size() > had; }));
    TlsEnd next(std::move(pair.server.socket));
    REQUIRE(loop.run_until([&] { return (pair.server.seen + next.seen).size() == 100; }));
    CHECK(pair.server.seen + next.seen == pattern(100));
  }

  TEST_CASE("tls: may be destroyed by its owner in every event") {
    TestLoop loop;
    for (bool with_rest : {false, true}) {
      TlsPair pair(loop, server_context(), trusting_client());
      REQUIRE(loop.run_until([&] { return pair.open(); }));
      test::Events events;
      events.readable = [&] {
        std::array<std::byte, 4> memory;
        if (with_rest) (void)pair.server.socket->read(memory);
        pair.server.socket.reset();
      };
      pair.server.socket->set_events(&events);
      (void)write_text(*pair.client.socket, "hello, hello");
      REQUIRE(loop.run_until([&] { return pair.server.socket == nullptr; }));
      REQUIRE(loop.run_until([&] { return pair.client.failed; }));
      CHECK(pair.client.error.code == base::Code::Closed);
    }
  }

  TEST_CASE("tls: the end of the stream arrives after the last byte, and only the one side ends") {
    TestLoop loop;
    TlsPair pair(loop, server_context(), trusting_client());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    std::string text = pattern(3'000'000);
    pair.client.socket->watch_readable(false);
    pair.client.read_size = 100'000;
    std::size_t sent = write_text(*pair.server.socket, text);
    pair.server.socket->shutdown_write();
    pair.client.socket->watch_readable(true);
    REQUIRE(loop.run_until([&] { return pair.client.failed; }));
    CHECK(pair.client.error.code == base::Code::Closed);
    CHECK(pair.client.seen == text.substr(0, sent));
    (void)write_text(*pair.client.socket, "still here");
    REQUIRE(loop.run_until([&] { return pair.server.seen == "still here"; }));
  }

  TEST_CASE("tls: a connection that just ends is Closed, one that is reset is System") {
    TestLoop loop;
    for (bool reset : {false, true}) {
      CAPTURE(reset);
      TlsPair pair(loop, server_context(), trusting_client());
      REQUIRE(loop.run_until([&] { return pair.open(); }));
      if (reset) pair.client.socket->reset_on_close();
      pair.client.socket.reset();
      REQUIRE(loop.run_until([&] { return pair.server.failed; }));
      CHECK(pair.server.error.code == (reset ? base::Code::System : base::Code::Closed));
    }
  }

  TEST_CASE("tls: garbage is Malformed, and http in clear is answered") {
    TestLoop loop;
    metrics::Registry registry(4);
    net::TlsMetrics metrics(registry);
    auto context = server_context({{}}, {.metrics = &metrics});
    for (bool http : {false, true}) {
      CAPTURE(http);
      auto [socket, peer] = test::connected_pair(loop);
      REQUIRE(socket->start_tls_server(context, {"test", true}).has_value());
      TlsEnd server(std::move(socket));
      peer.write(http ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : "\x01\x02\x03\x04 what is this?");
      REQUIRE(loop.run_until([&] { return server.failed; }));
      CHECK(server.error.code == base::Code::Malformed);
      CHECK_FALSE(server.socket->write(base::as_bytes("x")).has_value());
      server.socket.reset();
      std::string answer = peer.read_exactly(loop, 100'000);
      CHECK(answer.starts_with("HTTP/1.0 400") == http);
    }
    CHECK(metrics.failed.value() == 2);
    CHECK(metrics.abandoned.value() == 0);
  }

  TEST_CASE("tls: a client that goes away in the handshake is counted apart") {
    TestLoop loop;
    metrics::Registry registry(4);
    net::TlsMetrics metrics(registry);
    auto context = server_context({{}}, {.metrics = &metrics});
    {
      auto [socket, peer] = test::connected_pair(loop);
      REQUIRE(socket->start_tls_server(context, {"test", false}).has_value());
      TlsEnd server(std::move(socket));
      peer.close();
      REQUIRE(loop.run_until([&] { return server.failed; }));
      CHECK(server.error.code == base::Code::Closed);
    }
    {
      auto [socket, peer] = test::connected_pair(loop);
      REQUIRE(socket->start_tls_server(context, {"test", false}).has_value());
    }
    CHECK(metrics.abandoned.value() == 2);
    CHECK(metrics.failed.value() == 0);
    TlsPair pair(loop, context, trusting_client());
    REQUIRE(loop.run_until([&] { return pair.open(); }));
    CHECK(metrics.full.value() == 1);
  }

  TEST_CASE("tls: a client believes whom it was told to believe, under the name it asked for") {
    TestLoop loop;
    test::TempFolder folder;
    auto text = test::make_certificate({.names = {"DNS:a.example", "IP:127.0.0.1"}});
    auto other = test::make_certificate({.names = {"DNS:a.example"}});
    auto certificate = net::TlsCertificate::parse(text);
    REQUIRE(certificate.has_value());
    net::TlsServerOptions options;
    options.certificates.push_back(std::move(*certificate));
    auto context = server_context({}, std::move(options));
    struct Case {
      std::string authority;
      std::string host;
      bool good;
    };
    std::vector<Case> cases = {{text.certificate, "a.example", true},
                               {text.certificate, "127.0.0.1", true},
                               {text.certificate, "b.example", false},
                               {text.certificate, "127.0.0.2", false},
                               {other.certificate, "a.example", false}};
    for (const Case &one : cases) {
      CAPTURE(one.host);
      std::string file = folder.write("ca.pem", one.authority);
      auto client =
          net::TlsClientContext::make_blocking({.trust = net::TlsTrust::File, .ca_file = file});
      REQUIRE(client.has_value());
      TlsPair pair(loop, context, *client, one.host);
      REQUIRE(loop.run_until([&] { return pair.open() || pair.client.failed; }));
      CHECK(pair.client.failed != one.good);
      if (!one.good) CHECK(pair.client.error.code == base::Code::Refused);
    }
    auto missing = net::TlsClientContext::make_blocking(
        {.trust = net::TlsTrust::File, .ca_file = folder.path("none.pem")});
    CHECK_FALSE(missing.has_value());
  }

  TEST_CASE("tls: the operating system's authorities do not know a certificate of its own make") {
    TestLoop loop;
    auto client = net::TlsClientContext::make_blocking({.trust = net::TlsTrust::System});
    REQUIRE(client.has_value());
    TlsPair pair(loop, server_context(), *client);
    REQUIRE(loop.run_until([&] { return pair.client.failed && pair.server.failed; }));
    CHECK(pair.client.error.code == base::Code::Refused);
    CHECK(std::string(pair.client.error.what).contains("self-signed"));
    CHECK(pair.server.error.code == base::Code::Malformed);
  }

  TEST_CASE("tls: a loop shakes few hands per turn, and all in the end") {
    TestLoop loop;
    auto context = server_context();
    auto client = trusting_client();
    std::deque<TlsPair> pairs;
    for (int i = 0; i < 40; ++i)
      pairs.emplace_back(loop, context, client);
    loop.run_ready(1);
    CHECK_FALSE(std::ranges::all_of(pairs, [](const TlsPair &pair) { return pair.open(); }));
    REQUIRE(loop.run_until([&] {
      return std::ranges::all_of(pairs, [](const TlsPair &pair) { return pair.open(); });
    }));
  }
}
