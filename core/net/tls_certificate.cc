// SPDX-License-Identifier: Apache-2.0
#include "net/tls_certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "net/tls_openssl.h"

namespace sluice::net {
namespace {

using openssl::BioPtr;
using openssl::CertificatePtr;
using openssl::KeyPtr;
using Part = TlsCertificateProblem::Part;

// A chain is three or four long; more is a bundle of authorities given by mistake.
constexpr std::size_t kMaxChain = 16;

std::unexpected<TlsCertificateProblem> problem(Part part, std::string what) {
  return std::unexpected(TlsCertificateProblem{part, std::move(what)});
}

BioPtr reader(const std::string &text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without it OpenSSL would ask for a pass phrase on the terminal.
int no_pass_phrase(char *, int, int, void *) noexcept { return -1; }

std::expected<std::vector<CertificatePtr>, TlsCertificateProblem> read_chain(
    const std::string &text) {
  std::vector<CertificatePtr> chain;
  BioPtr bio = reader(text);
  while (chain.size() <= kMaxChain) {
    CertificatePtr next(PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (!next) break;
    chain.push_back(std::move(next));
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const char *reason = openssl::take_reason("unknown error");
  if (chain.size() > kMaxChain) return problem(Part::Certificate, "holds too many certificates");
  if (!at_end) {
    return problem(Part::Certificate, std::string("holds a damaged certificate: ") + reason);
  }
  if (chain.empty()) return problem(Part::Certificate, "holds no certificate in PEM");
  return chain;
}

std::expected<KeyPtr, TlsCertificateProblem> read_key(const TlsCertificateText &text) {
  bool apart = !text.key.empty();
  BioPtr bio = reader(apart ? text.key : text.certificate);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (key) return key;
  std::string_view searched = apart ? text.key : text.certificate;
  bool none = !searched.contains("PRIVATE KEY-----");
  openssl::take_reason("");
  Part part = apart ? Part::Key : Part::Certificate;
  if (searched.contains("ENCRYPTED")) {
    return problem(part, "holds a private key with a pass phrase, which the node cannot be told");
  }
  if (!none) return problem(part, "holds a damaged private key");
  return problem(part, apart ? "holds no private key in PEM"
                             : "holds no private key, and no file is named for it");
}

// Host names are ASCII. What is none, such as one with a NUL in it, can match nothing.
void add_name(std::vector<std::string> &names, const ASN1_STRING *text) {
  std::string name(reinterpret_cast<const char *>(ASN1_STRING_get0_data(text)),
                   static_cast<std::size_t>(ASN1_STRING_length(text)));
  auto is_graphic = [](char c) { return c > ' ' && c < 0x7f; };
  if (name.empty() || !std::ranges::all_of(name, is_graphic)) return;
  for (char &c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

void free_general_names(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

std::vector<std::string> names_of(const X509 *certificate) {
  std::vector<std::string> names;
  std::unique_ptr<GENERAL_NAMES, openssl::Free<free_general_names>> alternatives(
      static_cast<GENERAL_NAMES *>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) add_name(names, name->d.dNSName);
  }
  if (!names.empty()) return names;
  const X509_NAME *subject = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  return names;
}

std::int64_t seconds_of(const ASN1_TIME *time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(timegm(&parts)) : 0;
}

TlsCertificateInfo describe(const X509 *certificate, const EVP_PKEY *key) {
  TlsCertificateInfo info;
  info.names = names_of(certificate);
  const char *kind = EVP_PKEY_get0_type_name(key);
  info.kind = kind != nullptr ? kind : "unknown";
  info.not_before_s = seconds_of(X509_get0_notBefore(certificate));
  info.not_after_s = seconds_of(X509_get0_notAfter(certificate));
  return info;
}

}  // namespace

struct TlsCertificate::Parts {
  std::vector<CertificatePtr> chain;  // not empty
  KeyPtr key;
};

TlsCertificate::TlsCertificate() : parts_(std::make_unique<Parts>()) {}
TlsCertificate::~TlsCertificate() = default;
TlsCertificate::TlsCertificate(TlsCertificate &&) noexcept = default;
TlsCertificate &TlsCertificate::operator=(TlsCertificate &&) noexcept = default;

std::expected<TlsCertificate, TlsCertificateProblem> TlsCertificate::parse(
    const TlsCertificateText &text) {
  ERR_clear_error();
  auto chain = read_chain(text.certificate);
  if (!chain) return std::unexpected(chain.error());
  auto key = read_key(text);
  if (!key) return std::unexpected(key.error());
  X509 *own = chain->front().get();
  if (X509_check_private_key(own, key->get()) != 1) {
    openssl::take_reason("");
    return problem(Part::Key, "holds a private key that does not belong to the certificate");
  }
  TlsCertificate certificate;
  certificate.info_ = describe(own, key->get());
  certificate.info_.file = text.file;
  unsigned size = 0;
  X509_digest(own, EVP_sha256(), reinterpret_cast<unsigned char *>(certificate.fingerprint_.data()),
              &size);
  certificate.parts_->chain = std::move(*chain);
  certificate.parts_->key = std::move(*key);
  // Tried once here, so that what OpenSSL refuses, such as a key that is too short, is the file's
  // problem.
  openssl::ContextPtr trial(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_security_level(trial.get(), 2);
  if (!certificate.install(trial.get())) {
    return problem(Part::Certificate,
                   std::string("cannot be used: ") + openssl::take_reason("unknown error"));
  }
  return certificate;
}

bool TlsCertificate::install(ssl_ctx_st *context) const {
  if (SSL_CTX_use_certificate(context, parts_->chain.front().get()) != 1) return false;
  if (SSL_CTX_use_PrivateKey(context, parts_->key.get()) != 1) return false;
  // The chain is that of the certificate added last.
  SSL_CTX_clear_chain_certs(context);
  for (std::size_t i = 1; i < parts_->chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, parts_->chain[i].get()) != 1) return false;
  }
  return true;
}

}  // namespace sluice::net
