// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made on the spot and signed by themselves.
#pragma once

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <string>
#include <vector>

#include "net/tls_certificate.h"

namespace sluice::test {

enum class KeyKind { Rsa, Ec, SmallRsa };

struct CertificateWish {
  std::vector<std::string> names;  // as GeneralNames of OpenSSL: "DNS:a.example", "IP:127.0.0.1"
  KeyKind kind = KeyKind::Ec;
  std::string common_name = "test";
  long valid_from_s = -3600;  // from now
  long valid_until_s = 3600;
};

inline std::string pem(BIO *bio) {
  char *text = nullptr;
  long size = BIO_get_mem_data(bio, &text);
  std::string out(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

inline EVP_PKEY *make_key(KeyKind kind) {
  EVP_PKEY *key = nullptr;
  if (kind == KeyKind::Ec) key = EVP_EC_gen("P-256");
  if (kind == KeyKind::Rsa) key = EVP_RSA_gen(2048);
  if (kind == KeyKind::SmallRsa) key = EVP_RSA_gen(1024);
  REQUIRE(key != nullptr);
  return key;
}

// Both texts as separate files would hold them.
inline net::TlsCertificateText make_certificate(const CertificateWish &wish) {
  EVP_PKEY *key = make_key(wish.kind);
  X509 *certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wish.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.valid_until_s);
  X509_NAME *name = X509_get_subject_name(certificate);
  const auto *common = reinterpret_cast<const unsigned char *>(wish.common_name.c_str());
  if (!wish.common_name.empty()) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
  }
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  std::string names;
  for (const std::string &one : wish.names)
    names += (names.empty() ? "" : ",") + one;
  if (!names.empty()) {
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
  net::TlsCertificateText text;
  BIO *bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  text.certificate = pem(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  text.key = pem(bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return text;
}

inline net::TlsCertificate parsed_certificate(const CertificateWish &wish) {
  auto certificate = net::TlsCertificate::parse(make_certificate(wish));
  REQUIRE(certificate.has_value());
  return std::move(*certificate);
}

}  // namespace sluice::test
