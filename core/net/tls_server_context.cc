// SPDX-License-Identifier: Apache-2.0
#include "net/tls_server_context.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "net/tls_openssl.h"

namespace sluice::net {
namespace {

using openssl::fail;

// Authenticated ciphers with forward secrecy only. 128 bits first: nobody breaks them, and a node
// that encrypts for thousands of viewers saves a fifth of the work. A client without AES in
// hardware says so by its own order, and gets ChaCha20.
constexpr const char *kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char *kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char *kGroups = "X25519:P-256:P-384";

const TlsServerContext &context_of(SSL *ssl) {
  return *static_cast<const TlsServerContext *>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

const TlsService &service_of(SSL *ssl) {
  return *static_cast<const TlsService *>(SSL_get_app_data(ssl));
}

const unsigned char *unsigned_of(base::Bytes bytes) {
  return reinterpret_cast<const unsigned char *>(bytes.data());
}

// RFC 6066 section 3: a list with one host name in it. Empty when there is none.
std::string host_asked_for(SSL *ssl) {
  const unsigned char *data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
  base::ByteReader reader({reinterpret_cast<const std::byte *>(data), size});
  reader.skip(2);
  if (reader.u8() != TLSEXT_NAMETYPE_host_name) return {};
  std::string name(base::as_text(reader.take(reader.u16())));
  if (!reader.ok()) return {};
  for (char &c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (name.ends_with('.')) name.pop_back();
  return name;
}

// A client that names protocols and none that is spoken here is told so: it may have been led here
// from elsewhere.
int choose_protocol(SSL *ssl, base::Bytes offered, const unsigned char **out,
                    unsigned char *out_size) {
  std::string_view spoken = service_of(ssl).alpn;
  if (spoken.empty()) return SSL_TLSEXT_ERR_NOACK;
  unsigned char *chosen = nullptr;
  int found = SSL_select_next_proto(&chosen, out_size, unsigned_of(base::as_bytes(spoken)),
                                    static_cast<unsigned>(spoken.size()), unsigned_of(offered),
                                    static_cast<unsigned>(offered.size()));
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// What a ticket is sealed with.
struct TicketCrypto {
  unsigned char *name;
  unsigned char *iv;
  EVP_CIPHER_CTX *cipher;
  EVP_MAC_CTX *mac;
};

bool set_keys(const TicketCrypto &crypto, const TlsTickets::Key &key, bool sealing) {
  auto *mac_key = const_cast<std::byte *>(key.mac.data());  // only read
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(crypto.mac, parameters) != 1) return false;
  return EVP_CipherInit_ex2(crypto.cipher, EVP_aes_256_cbc(), unsigned_of(key.cipher), crypto.iv,
                            sealing ? 1 : 0, nullptr) == 1;
}

// What OpenSSL wants to hear of its callback: 1 for good, 2 for good but to be replaced, 0 for an
// unknown key, -1 for a failure.
int seal_ticket(TlsTickets &tickets, const TicketCrypto &crypto) {
  TlsTickets::Key key = tickets.current(base::mono_now());
  std::memcpy(crypto.name, key.name.data(), key.name.size());
  if (RAND_bytes(crypto.iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  return set_keys(crypto, key, true) ? 1 : -1;
}

int open_ticket(TlsTickets &tickets, const TicketCrypto &crypto) {
  base::Bytes name(reinterpret_cast<const std::byte *>(crypto.name), sizeof TlsTickets::Key::name);
  auto found = tickets.find(name, base::mono_now());
  if (!found) return 0;
  if (!set_keys(crypto, found->key, false)) return -1;
  return found->is_current ? 1 : 2;
}

void set_callbacks(SSL_CTX *context) {
  auto on_client_hello = [](SSL *ssl, int *, void *) noexcept -> int {
    context_of(ssl).choose_certificate(ssl);
    return SSL_CLIENT_HELLO_SUCCESS;
  };
  auto on_protocols = [](SSL *ssl, const unsigned char **out, unsigned char *out_size,
                         const unsigned char *offered, unsigned size, void *) noexcept -> int {
    return choose_protocol(ssl, {reinterpret_cast<const std::byte *>(offered), size}, out,
                           out_size);
  };
  auto on_ticket = [](SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int sealing) noexcept -> int {
    TicketCrypto crypto{name, iv, cipher, mac};
    TlsTickets &tickets = context_of(ssl).tickets();
    return sealing != 0 ? seal_ticket(tickets, crypto) : open_ticket(tickets, crypto);
  };
  SSL_CTX_set_client_hello_cb(context, on_client_hello, nullptr);
  SSL_CTX_set_alpn_select_cb(context, on_protocols, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

void set_policy(SSL_CTX *context, const TlsServerOptions &options) {
  bool only_13 = options.min_version == TlsVersion::Tls13;
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_min_proto_version(context, only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   (options.kernel ? SSL_OP_ENABLE_KTLS : 0));
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  // Sessions are the client's to carry: no memory here, no lock, and good on every loop.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, std::chrono::seconds(TlsTickets::kLifetime).count());
}

}  // namespace

base::Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::make(
    TlsServerOptions options) {
  if (options.certificates.empty()) return fail(base::Code::Operator, "TLS needs a certificate");
  SLUICE_CHECK(options.tickets != nullptr);
  std::shared_ptr<TlsServerContext> context(new TlsServerContext(options));
  // The default: the first certificate, and one of the other kind for the same name.
  const auto &first_names = context->infos_.front().names;
  auto of_default =
      first_names.empty() ? std::vector<std::size_t>{0} : context->answering(first_names.front());
  if (std::ranges::find(of_default, 0U) == of_default.end())
    of_default.insert(of_default.begin(), 0);
  SLUICE_TRY_VOID(context->add_choice(options, std::move(of_default)));
  for (const TlsCertificateInfo &info : context->infos_) {
    for (const std::string &name : info.names) {
      if (context->by_name_.contains(name)) continue;
      SLUICE_TRY(choice, context->add_choice(options, context->answering(name)));
      context->by_name_.emplace(name, choice);
    }
  }
  return context;
}

TlsServerContext::TlsServerContext(const TlsServerOptions &options)
    : tickets_(options.tickets), metrics_(options.metrics), kernel_(options.kernel) {
  for (const TlsCertificate &certificate : options.certificates)
    infos_.push_back(certificate.info());
}

TlsServerContext::~TlsServerContext() {
  for (const Choice &choice : choices_)
    SSL_CTX_free(choice.context);
}

// The first certificate of each kind of key that has the name itself, and one for its parent's
// star where there is none.
std::vector<std::size_t> TlsServerContext::answering(std::string_view name) const {
  std::vector<std::size_t> chosen;
  auto add_all = [&](std::string_view wanted) {
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      auto same_kind = [&](std::size_t j) { return infos_[j].kind == infos_[i].kind; };
      bool has_name = std::ranges::find(infos_[i].names, wanted) != infos_[i].names.end();
      if (has_name && std::ranges::none_of(chosen, same_kind)) chosen.push_back(i);
    }
  };
  add_all(name);
  std::size_t dot = name.find('.');
  if (dot != std::string_view::npos) add_all("*" + std::string(name.substr(dot)));
  return chosen;
}

base::Result<std::size_t> TlsServerContext::add_choice(const TlsServerOptions &options,
                                                       std::vector<std::size_t> certificates) {
  std::ranges::sort(certificates);
  auto same = std::ranges::find(choices_, certificates, &Choice::certificates);
  if (same != choices_.end()) return static_cast<std::size_t>(same - choices_.begin());
  Choice choice;
  choice.certificates = std::move(certificates);
  for (std::size_t index : choice.certificates)
    choice.identity.append(base::as_text(options.certificates[index].fingerprint()));
  SLUICE_TRY(context, make_context(options, choice));
  choice.context = context;
  choices_.push_back(std::move(choice));
  return choices_.size() - 1;
}

base::Result<ssl_ctx_st *> TlsServerContext::make_context(const TlsServerOptions &options,
                                                          const Choice &choice) {
  openssl::ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(base::Code::Busy, openssl::take_reason("no memory for TLS"));
  set_policy(context.get(), options);
  bool good = SSL_CTX_set_cipher_list(context.get(), kCiphers12) == 1 &&
              SSL_CTX_set_ciphersuites(context.get(), kCiphers13) == 1 &&
              SSL_CTX_set1_groups_list(context.get(), kGroups) == 1;
  for (std::size_t index : choice.certificates)
    good = good && options.certificates[index].install(context.get());
  if (!good) return fail(base::Code::Operator, openssl::take_reason("TLS cannot be set up"));
  SSL_CTX_set_app_data(context.get(), this);
  set_callbacks(context.get());
  return context.release();
}

const TlsServerContext::Choice &TlsServerContext::choice_for(std::string_view name) const {
  auto found = by_name_.find(std::string(name));
  std::size_t dot = name.find('.');
  if (found == by_name_.end() && dot != std::string_view::npos) {
    found = by_name_.find("*" + std::string(name.substr(dot)));
  }
  return choices_[found == by_name_.end() ? 0 : found->second];
}

ssl_st *TlsServerContext::new_connection(const TlsService &service) const {
  SSL *ssl = SSL_new(choices_.front().context);
  if (ssl != nullptr) SSL_set_app_data(ssl, const_cast<TlsService *>(&service));
  return ssl;
}

// Before the client's session is looked at. A session belongs to the service and to the very
// certificates that proved the node's identity when it began; under any other pair it is not
// resumed, and a full handshake shows the right certificate. So a replaced certificate ends its
// sessions too.
void TlsServerContext::choose_certificate(ssl_st *connection) const {
  const Choice &choice = choice_for(host_asked_for(connection));
  SSL_set_SSL_CTX(connection, choice.context);
  std::string scope = service_of(connection).name + '\0' + choice.identity;
  std::array<unsigned char, 32> digest{};
  static_assert(digest.size() <= SSL_MAX_SID_CTX_LENGTH);
  EVP_Digest(scope.data(), scope.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  SSL_set_session_id_context(connection, digest.data(), digest.size());
}

}  // namespace sluice::net
