// SPDX-License-Identifier: Apache-2.0
#include "net/tls_certificate.h"

#include <doctest/doctest.h>

#include <string>

#include "support/certificates.h"

using namespace sluice;
using net::TlsCertificate;
using net::TlsCertificateText;
using test::KeyKind;
using test::make_certificate;
using Part = net::TlsCertificateProblem::Part;

namespace {

void check_refused(const TlsCertificateText &text, Part part, const std::string &word) {
  CAPTURE(word);
  auto parsed = TlsCertificate::parse(text);
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().part == part);
  CHECK_MESSAGE(parsed.error().what.contains(word), parsed.error().what);
}

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("certificate: names are those of the extension, in lower case and once each") {
    auto text = make_certificate(
        {.names = {"DNS:A.Example", "DNS:*.b.example", "DNS:a.example", "IP:127.0.0.1"},
         .common_name = "not.this"});
    auto parsed = TlsCertificate::parse(text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->info().names == std::vector<std::string>{"a.example", "*.b.example"});
    CHECK(parsed->info().kind == "EC");
    CHECK(parsed->info().not_after_s - parsed->info().not_before_s == 7200);
  }

  TEST_CASE("certificate: the common name is the name when there is no other") {
    auto parsed = TlsCertificate::parse(
        make_certificate({.kind = KeyKind::Rsa, .common_name = "Old.Example"}));
    REQUIRE(parsed.has_value());
    CHECK(parsed->info().names == std::vector<std::string>{"old.example"});
    CHECK(parsed->info().kind == "RSA");
  }

  TEST_CASE("certificate: the key may stand in the certificate's file, before or behind") {
    auto text = make_certificate({.names = {"DNS:a.example"}});
    CHECK(TlsCertificate::parse({text.key + text.certificate, ""}).has_value());
    CHECK(TlsCertificate::parse({text.certificate + text.key, ""}).has_value());
  }

  TEST_CASE("certificate: a chain is read to its end, with text between") {
    auto own = make_certificate({.names = {"DNS:a.example"}});
    auto issuer = make_certificate({.common_name = "issuer"});
    std::string chain = "leaf\n" + own.certificate + "\nissuer:\n" + issuer.certificate + "\n";
    CHECK(TlsCertificate::parse({chain, own.key}).has_value());
    std::string many;
    for (int i = 0; i < 20; ++i)
      many += issuer.certificate;
    check_refused({own.certificate + many, own.key}, Part::Certificate, "too many");
  }

  TEST_CASE("certificate: what is wrong is said, of the file that it is wrong in") {
    auto one = make_certificate({.names = {"DNS:a.example"}});
    auto other = make_certificate({.names = {"DNS:a.example"}});
    check_refused({"", one.key}, Part::Certificate, "no certificate");
    check_refused({"hello\n", one.key}, Part::Certificate, "no certificate");
    check_refused({one.key, one.key}, Part::Certificate, "no certificate");
    check_refused({one.certificate, "hello\n"}, Part::Key, "no private key");
    check_refused({one.certificate, ""}, Part::Certificate, "no file is named");
    check_refused({one.certificate, other.key}, Part::Key, "does not belong");
    std::string damaged = one.certificate;
    damaged.replace(200, 4, "!!!!");
    check_refused({damaged, one.key}, Part::Certificate, "damaged");
    check_refused({one.certificate + damaged, one.key}, Part::Certificate, "damaged");
    std::string cut = one.key.substr(0, one.key.size() / 2);
    check_refused({one.certificate, cut}, Part::Key, "private key");
  }

  TEST_CASE("certificate: a key with a pass phrase is refused without asking for it") {
    auto text = make_certificate({.names = {"DNS:a.example"}});
    BIO *bio = BIO_new_mem_buf(text.key.data(), static_cast<int>(text.key.size()));
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    BIO *out = BIO_new(BIO_s_mem());
    char phrase[] = "secret";
    PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), phrase, 6, nullptr, nullptr);
    EVP_PKEY_free(key);
    check_refused({text.certificate, test::pem(out)}, Part::Key, "pass phrase");
  }

  TEST_CASE("certificate: a key that is too short is refused") {
    check_refused(make_certificate({.kind = KeyKind::SmallRsa}), Part::Certificate, "too small");
  }
}
