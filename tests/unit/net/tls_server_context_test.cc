// SPDX-License-Identifier: Apache-2.0
// Which certificate a client is shown, and which sessions are resumed, as a client of OpenSSL sees
// it.
#include "net/tls_server_context.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/tls_metrics.h"
#include "support/tls_pair.h"

using namespace sluice;
using test::KeyKind;
using test::server_context;
using test::TestLoop;
using test::TlsEnd;

namespace {

struct FreeSession {
  void operator()(SSL_SESSION *session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

struct Wish {
  std::string host = "a.example";
  int version = TLS1_3_VERSION;
  const char *signatures = nullptr;
  const char *ciphers = nullptr;
  std::string alpn;
  SSL_SESSION *session = nullptr;
};

struct Outcome {
  bool open = false;
  bool resumed = false;
  std::string subject;
  std::string kind;
  std::string alpn;
  Session session;
};

// A client by OpenSSL alone, which talks to one connection of the server.
class RawClient {
 public:
  RawClient(const Wish &wish, int fd) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, wish.version);
    SSL_CTX_set_max_proto_version(context_, wish.version);
    // A session in a cache would end with the cache.
    SSL_CTX_set_session_cache_mode(context_,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(context_, this);
    SSL_CTX_sess_set_new_cb(context_, [](SSL *ssl, SSL_SESSION *fresh) -> int {
      auto *self = static_cast<RawClient *>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self->session.reset(fresh);
      return 1;
    });
    ssl_ = SSL_new(context_);
    if (wish.signatures != nullptr) REQUIRE(SSL_set1_sigalgs_list(ssl_, wish.signatures) == 1);
    if (wish.ciphers != nullptr) REQUIRE(SSL_set_cipher_list(ssl_, wish.ciphers) == 1);
    if (!wish.alpn.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char *>(wish.alpn.data()),
                          static_cast<unsigned>(wish.alpn.size()));
    }
    if (!wish.host.empty()) SSL_set_tlsext_host_name(ssl_, wish.host.c_str());
    if (wish.session != nullptr) SSL_set_session(ssl_, wish.session);
    SSL_set_fd(ssl_, fd);
    SSL_set_connect_state(ssl_);
  }
  ~RawClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  RawClient(const RawClient &) = delete;
  RawClient &operator=(const RawClient &) = delete;

  // A step. The one byte that the server says first brings the tickets with it.
  bool step() {
    char byte = 0;
    int got = SSL_read(ssl_, &byte, 1);
    if (got == 1) got_byte = true;
    if (got != 1 && SSL_get_error(ssl_, got) != SSL_ERROR_WANT_READ) failed = true;
    return got_byte || failed;
  }
  Outcome outcome() {
    Outcome result;
    result.open = got_byte;
    if (!got_byte) return result;
    result.resumed = SSL_session_reused(ssl_) == 1;
    X509 *certificate = SSL_get0_peer_certificate(ssl_);
    std::array<char, 100> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                              name.size());
    result.subject = name.data();
    result.kind = EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate));
    const unsigned char *alpn = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &alpn, &size);
    result.alpn.assign(reinterpret_cast<const char *>(alpn), size);
    result.session = std::move(session);
    // An orderly end, without which the session would not be resumable.
    SSL_shutdown(ssl_);
    return result;
  }

  bool got_byte = false;
  bool failed = false;
  Session session;

 private:
  SSL_CTX *context_;
  SSL *ssl_;
};

Outcome talk(TestLoop &loop, const std::shared_ptr<const net::TlsServerContext> &context,
             const Wish &wish, const net::TlsService &service = {"one", false}) {
  auto [socket, peer] = test::connected_pair(loop);
  REQUIRE(socket->start_tls_server(context, service).has_value());
  TlsEnd server(std::move(socket));
  RawClient client(wish, peer.fd());
  bool said = false;
  REQUIRE(loop.run_until([&] {
    if (!said && server.socket->tls()) said = server.socket->write(base::as_bytes("x")).has_value();
    return client.step();
  }));
  return client.outcome();
}

std::vector<test::CertificateWish> four() {
  return {{.names = {"DNS:a.example", "DNS:www.a.example"},
           .kind = KeyKind::Rsa,
           .common_name = "a rsa"},
          {.names = {"DNS:a.example"}, .common_name = "a ec"},
          {.names = {"DNS:*.b.example"}, .common_name = "b star"},
          {.names = {"DNS:x.b.example"}, .kind = KeyKind::Rsa, .common_name = "b x"}};
}

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("tls server: the name that the client asks for chooses the certificate") {
    TestLoop loop;
    auto context = server_context(four());
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      CAPTURE(version);
      auto subject = [&](const std::string &host) {
        return talk(loop, context, {.host = host, .version = version}).subject;
      };
      CHECK(subject("www.a.example") == "a rsa");
      CHECK(subject("A.Example") == "a ec");
      CHECK(subject("y.b.example") == "b star");
      CHECK(subject("y.y.b.example") == "a ec");
      CHECK(subject("b.example") == "a ec");
      CHECK(subject("unknown") == "a ec");
      CHECK(subject("") == "a ec");
    }
  }

  TEST_CASE("tls server: a name with two kinds of keys serves clients of either kind") {
    TestLoop loop;
    auto context = server_context(four());
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      CAPTURE(version);
      const char *rsa = version == TLS1_3_VERSION ? "RSA-PSS+SHA256" : "RSA+SHA256:RSA-PSS+SHA256";
      Wish wish{.version = version, .signatures = rsa, .ciphers = "aRSA"};
      CHECK(talk(loop, context, wish).subject == "a rsa");
      wish.signatures = "ECDSA+SHA256";
      wish.ciphers = "aECDSA";
      CHECK(talk(loop, context, wish).subject == "a ec");
      // The star's certificate helps out where the name's own is of the other kind only.
      wish.host = "x.b.example";
      CHECK(talk(loop, context, wish).subject == "b star");
    }
  }

  TEST_CASE("tls server: a session is resumed, also under the context that follows on a reload") {
    TestLoop loop;
    metrics::Registry registry(4);
    net::TlsMetrics metrics(registry);
    auto tickets = std::make_shared<net::TlsTickets>();
    auto text = test::make_certificate({.names = {"DNS:a.example"}});
    auto make = [&] {
      net::TlsServerOptions options{.tickets = tickets, .metrics = &metrics};
      options.certificates.push_back(*net::TlsCertificate::parse(text));
      return server_context({}, std::move(options));
    };
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      CAPTURE(version);
      Outcome first = talk(loop, make(), {.version = version});
      CHECK_FALSE(first.resumed);
      REQUIRE(first.session != nullptr);
      CHECK(talk(loop, make(), {.version = version, .session = first.session.get()}).resumed);
    }
    CHECK(metrics.resumed.value() == 2);
    CHECK(metrics.full.value() == 2);
  }

  TEST_CASE("tls server: no session crosses services, certificates, or a renewed certificate") {
    TestLoop loop;
    auto tickets = std::make_shared<net::TlsTickets>();
    std::vector<test::CertificateWish> wishes{{.names = {"DNS:a.example"}, .common_name = "a"},
                                              {.names = {"DNS:b.example"}, .common_name = "b"}};
    auto context = server_context(wishes, {.tickets = tickets});
    auto renewed = server_context(wishes, {.tickets = tickets});
    auto stranger = server_context(wishes);
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      CAPTURE(version);
      auto refused = [&](const auto &by, const std::string &host, const net::TlsService &service) {
        Outcome first = talk(loop, context, {.version = version});
        REQUIRE(first.session != nullptr);
        Wish wish{.host = host, .version = version, .session = first.session.get()};
        Outcome second = talk(loop, by, wish, service);
        CHECK(second.open);
        CHECK(second.subject == host.substr(0, 1));
        return !second.resumed;
      };
      CHECK_FALSE(refused(context, "a.example", {"one", false}));
      CHECK(refused(context, "a.example", {"two", false}));
      CHECK(refused(context, "b.example", {"one", false}));
      CHECK(refused(renewed, "a.example", {"one", false}));
      CHECK(refused(stranger, "a.example", {"one", false}));
    }
  }

  TEST_CASE("tls server: old versions and old ciphers are refused") {
    TestLoop loop;
    auto context = server_context({{.names = {"DNS:a.example"}, .kind = KeyKind::Rsa}});
    auto open = [&](int version, const char *ciphers) {
      return talk(loop, context, {.version = version, .ciphers = ciphers}).open;
    };
    CHECK_FALSE(open(TLS1_VERSION, "ALL:@SECLEVEL=0"));
    CHECK_FALSE(open(TLS1_1_VERSION, "ALL:@SECLEVEL=0"));
    CHECK_FALSE(open(TLS1_2_VERSION, "AES128-SHA:AES128-GCM-SHA256"));
    CHECK_FALSE(open(TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA"));
    CHECK(open(TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256"));
    auto strict = server_context({{}}, {.min_version = net::TlsVersion::Tls13});
    CHECK_FALSE(talk(loop, strict, {.version = TLS1_2_VERSION}).open);
    CHECK(talk(loop, strict, {.version = TLS1_3_VERSION}).open);
  }

  TEST_CASE("tls server: http is agreed to, and a client of other protocols only is refused") {
    TestLoop loop;
    auto context = server_context();
    net::TlsService http{"http", true, "\x08http/1.1"};
    CHECK(talk(loop, context, {.alpn = "\x02h2\x08http/1.1"}, http).alpn == "http/1.1");
    CHECK_FALSE(talk(loop, context, {.alpn = "\x02h2"}, http).open);
    CHECK(talk(loop, context, {}, http).open);
    CHECK(talk(loop, context, {.alpn = "\x02h2"}, {"rtmp", false}).open);
    net::TlsService both{"http", true, "\x02h2\x08http/1.1"};
    CHECK(talk(loop, context, {.alpn = "\x08http/1.1\x02h2"}, both).alpn == "h2");
    CHECK(talk(loop, context, {.alpn = "\x08http/1.1"}, both).alpn == "http/1.1");
    CHECK(talk(loop, context, {}, both).alpn.empty());
  }

  TEST_CASE("tls tickets: a key serves for its lifetime, is known for another, and then is gone") {
    net::TlsTickets tickets;
    auto start = base::mono_now();
    auto life = net::TlsTickets::kLifetime;
    auto first = tickets.current(start);
    CHECK(tickets.current(start + life / 2).name == first.name);
    auto second = tickets.current(start + life * 3 / 2);
    CHECK(second.name != first.name);
    CHECK(second.cipher != first.cipher);
    auto old = tickets.find(first.name, start + life * 3 / 2);
    REQUIRE(old.has_value());
    CHECK_FALSE(old->is_current);
    CHECK(old->key.cipher == first.cipher);
    CHECK(tickets.find(second.name, start + life * 2)->is_current);
    CHECK_FALSE(tickets.find(first.name, start + life * 3).has_value());
    CHECK_FALSE(tickets.find(second.name, start + life * 9).has_value());
  }
}
