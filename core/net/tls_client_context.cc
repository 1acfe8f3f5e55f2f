// SPDX-License-Identifier: Apache-2.0
#include "net/tls_client_context.h"

#include "net/tls_openssl.h"

namespace sluice::net {
namespace {

using openssl::fail;

base::Status load_trust(SSL_CTX *context, const TlsClientOptions &options) {
  bool loaded = true;
  if (options.trust == TlsTrust::System) loaded = SSL_CTX_set_default_verify_paths(context) == 1;
  if (options.trust == TlsTrust::File) {
    loaded = SSL_CTX_load_verify_file(context, options.ca_file.c_str()) == 1;
    // A camera's own certificate is no authority, but the operator's word for it is enough.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  }
  if (loaded) return {};
  return fail(base::Code::Operator,
              openssl::take_reason("the file of certificate authorities cannot be read"));
}

// What OpenSSL itself forbids at level 2 is what cameras of ten years ago have: keys of 1024 bits,
// SHA-1, TLS 1.0. Who does not ask for proof of the other side gets the connection.
void allow_old_peers(SSL_CTX *context) {
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
}

}  // namespace

base::Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::make_blocking(
    const TlsClientOptions &options) {
  openssl::ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(base::Code::Busy, openssl::take_reason("no memory for TLS"));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), 0);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  bool believes_all = options.trust == TlsTrust::Anyone;
  if (believes_all) allow_old_peers(context.get());
  SSL_CTX_set_verify(context.get(), believes_all ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  SLUICE_TRY_VOID(load_trust(context.get(), options));
  return std::shared_ptr<const TlsClientContext>(
      new TlsClientContext(context.release(), options.trust));
}

TlsClientContext::~TlsClientContext() { SSL_CTX_free(context_); }

}  // namespace sluice::net
