// SPDX-License-Identifier: Apache-2.0
// Owning pointers for OpenSSL's objects, and its errors as ours. Only the tls files include it.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

#include "base/result.h"

namespace sluice::net::openssl {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T *object) const {
    kFree(object);
  }
};

using ContextPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Free<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// Why the last call failed, in the library's own words, which are literals. Empties the thread's
// queue of errors.
inline const char *take_reason(const char *otherwise) {
  unsigned long error = ERR_peek_last_error();
  const char *reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  return reason != nullptr ? reason : otherwise;
}

inline std::unexpected<base::Error> fail(base::Code code, const char *what) {
  return base::fail(base::Domain::Net, code, what);
}

}  // namespace sluice::net::openssl
