// SPDX-License-Identifier: Apache-2.0
// A certificate with its chain and its private key, from the text of PEM files, and what an
// operator wants to know of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;
struct evp_pkey_st;
struct ssl_ctx_st;

namespace sluice::net {

// The contents of one pair of files. An empty key is looked for in the certificate's text.
struct TlsCertificateText {
  std::string certificate;  // the node's own first, then those that lead to an authority
  std::string key;
  std::string file = {};  // what the certificate is called in listings
};

// What is wrong, and in which of the two texts. Never holds a part of a key.
struct TlsCertificateProblem {
  enum class Part : std::uint8_t { Certificate, Key };
  Part part = Part::Certificate;
  std::string what;  // follows the file's name: "holds no certificate"
};

struct TlsCertificateInfo {
  std::string file;
  std::vector<std::string> names;  // lower case; the common name when there are no others
  std::string kind;                // of the key: "RSA", "EC", "ED25519"
  std::int64_t not_before_s = 0;   // seconds since 1970
  std::int64_t not_after_s = 0;
};

class TlsCertificate {
 public:
  static std::expected<TlsCertificate, TlsCertificateProblem> parse(const TlsCertificateText &text);
  ~TlsCertificate();
  TlsCertificate(TlsCertificate &&) noexcept;
  TlsCertificate &operator=(TlsCertificate &&) noexcept;

  [[nodiscard]] const TlsCertificateInfo &info() const { return info_; }
  [[nodiscard]] const std::array<std::byte, 32> &fingerprint() const { return fingerprint_; }

  // Adds it to a context; false when OpenSSL does not like it there.
  [[nodiscard]] bool install(ssl_ctx_st *context) const;

 private:
  TlsCertificate();

  struct Parts;
  std::unique_ptr<Parts> parts_;
  TlsCertificateInfo info_;
  std::array<std::byte, 32> fingerprint_{};
};

}  // namespace sluice::net
