// SPDX-License-Identifier: Apache-2.0
#include "net/tls_engine.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "net/send_some.h"
#include "net/tls_metrics.h"
#include "net/tls_openssl.h"

namespace sluice::net {
namespace {

// What is sealed and handed to the kernel in one call. A peer whose kernel buffer was full the last
// time gets one record only, which is then all that is kept for it here.
constexpr std::size_t kBatchBytes = 64 * 1024;
constexpr std::size_t kRecordBytes = 16 * 1024;
// What is taken from the socket in one read beyond what the owner has room for. It bounds the work
// that records without a payload can make.
constexpr std::size_t kExtraInput = 32 * 1024;
// A batch, and the answers to key updates of a peer that does not read them.
constexpr std::size_t kMaxPending = 256 * 1024;

constexpr std::string_view kPlainHttpAnswer =
    "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    "This port speaks HTTPS.\n";

// Of the calling thread, which is one loop's. Nothing stays in them between two calls.
std::string &sealed_scratch() {
  thread_local std::string scratch;
  return scratch;
}
base::MutableBytes plain_scratch() {
  thread_local std::array<std::byte, kRecordBytes> scratch;
  return scratch;
}

bool is_literal_address(const std::string &host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

// While it lives OpenSSL's records are gathered; its end sends them.
class TlsEngine::Sealing {
 public:
  explicit Sealing(TlsEngine &engine) : engine_(engine) {
    sealed_scratch().clear();
    engine_.transport_.gather_into(&sealed_scratch());
    ERR_clear_error();
  }
  ~Sealing() {
    engine_.transport_.gather_into(nullptr);
    engine_.send_sealed(base::as_bytes(sealed_scratch()));
  }
  Sealing(const Sealing &) = delete;
  Sealing &operator=(const Sealing &) = delete;

 private:
  TlsEngine &engine_;
};

base::Result<std::unique_ptr<TlsEngine>> TlsEngine::accept(
    int fd, std::shared_ptr<const TlsServerContext> context, const TlsService &service) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine(fd, std::move(context), nullptr, service));
  SLUICE_TRY_VOID(engine->attach(engine->server_->new_connection(engine->service_)));
  SSL_set_accept_state(engine->ssl_);
  return engine;
}

base::Result<std::unique_ptr<TlsEngine>> TlsEngine::connect(
    int fd, std::shared_ptr<const TlsClientContext> context, const std::string &host) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine(fd, nullptr, std::move(context), {}));
  SLUICE_TRY_VOID(engine->attach(SSL_new(engine->client_->get())));
  SLUICE_TRY_VOID(engine->ask_for(host));
  SSL_set_connect_state(engine->ssl_);
  return engine;
}

TlsEngine::TlsEngine(int fd, std::shared_ptr<const TlsServerContext> server,
                     std::shared_ptr<const TlsClientContext> client, TlsService service)
    : fd_(fd),
      server_(std::move(server)),
      client_(std::move(client)),
      service_(std::move(service)),
      transport_(fd) {}

TlsEngine::~TlsEngine() {
  if (state_ == State::Handshaking && server_ != nullptr && server_->metrics() != nullptr) {
    server_->metrics()->abandoned.add();
  }
  if (state_ == State::Open && !silent_ && !end_wanted_ && pending_.empty()) {
    Sealing sealing(*this);
    SSL_shutdown(ssl_);
  }
  SSL_free(ssl_);
}

base::Status TlsEngine::attach(ssl_st *connection) {
  ssl_ = connection;
  BIO *bio = connection == nullptr ? nullptr : transport_.make_bio();
  if (bio == nullptr) return openssl::fail(base::Code::Busy, "no memory for a TLS connection");
  SSL_set_bio(ssl_, bio, bio);
  if (server_ == nullptr || !server_->kernel()) return {};
  // Only a socket of OpenSSL's own can be given to the kernel. It is only written to: the kernel's
  // receiving side would save nothing here.
  BIO *writer = BIO_new_socket(fd_, BIO_NOCLOSE);
  if (writer == nullptr) return openssl::fail(base::Code::Busy, "no memory for a TLS connection");
  SSL_set0_wbio(ssl_, writer);
  return {};
}

// RFC 6066 section 3: an address is no server name.
base::Status TlsEngine::ask_for(const std::string &host) {
  bool literal = is_literal_address(host);
  bool good = literal || SSL_set_tlsext_host_name(ssl_, host.c_str()) == 1;
  if (good && client_->checks_name()) {
    good = literal ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str()) == 1
                   : SSL_set1_host(ssl_, host.c_str()) == 1;
  }
  if (good) return {};
  ERR_clear_error();
  return openssl::fail(base::Code::Operator, "the host cannot be named in TLS");
}

void TlsEngine::shake_hands() {
  if (state_ != State::Handshaking) return;
  int result = 0;
  int reason = SSL_ERROR_NONE;
  {
    Sealing sealing(*this);
    transport_.allow(kExtraInput);
    result = SSL_do_handshake(ssl_);
    if (result != 1) reason = SSL_get_error(ssl_, result);
    if (result == 1) finish_handshake();
  }
  blocked_ = reason == SSL_ERROR_WANT_WRITE;
  if (result == 1 || blocked_ || reason == SSL_ERROR_WANT_READ) return;
  fail_handshake(reason);
}

void TlsEngine::finish_handshake() {
  state_ = State::Open;
  has_input_ = SSL_has_pending(ssl_) == 1;
  if (server_ == nullptr) return;
  if (server_->kernel()) {
    kernel_writes_ = BIO_get_ktls_send(SSL_get_wbio(ssl_));
    // The kernel does not have this cipher, or no TLS at all.
    if (!kernel_writes_) SSL_set0_wbio(ssl_, transport_.make_bio());
  }
  TlsMetrics *metrics = server_->metrics();
  if (metrics == nullptr) return;
  (SSL_session_reused(ssl_) == 1 ? metrics->resumed : metrics->full).add();
  if (kernel_writes_) metrics->kernel.add();
}

void TlsEngine::fail_handshake(int reason) {
  bool plain_http = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
  fail(explain(reason));
  ERR_clear_error();
  if (server_ == nullptr) return;
  // Whoever typed http for https is told so; it costs a line.
  if (plain_http && service_.http) {
    [[maybe_unused]] auto sent =
        ::send(fd_, kPlainHttpAnswer.data(), kPlainHttpAnswer.size(), MSG_NOSIGNAL);
  }
  if (server_->metrics() == nullptr) return;
  bool gone = error_.code == base::Code::Closed || error_.code == base::Code::System;
  (gone ? server_->metrics()->abandoned : server_->metrics()->failed).add();
}

// The first error is the cause.
void TlsEngine::fail(base::Error error) {
  if (state_ == State::Failed) return;
  state_ = State::Failed;
  error_ = error;
  pending_ = {};
}

base::Error TlsEngine::explain(int reason) const {
  using base::Code;
  auto error = [](Code code, const char *what) {
    return base::Error{base::Domain::Net, code, 0, what};
  };
  if (transport_.error() != 0) {
    return {base::Domain::System, Code::System, transport_.error(),
            "cannot read from the connection"};
  }
  if (transport_.at_end()) return error(Code::Closed, "the peer closed the connection");
  long verified = SSL_get_verify_result(ssl_);
  if (client_ != nullptr && client_->checks_name() && verified != X509_V_OK) {
    return error(Code::Refused, X509_verify_cert_error_string(verified));
  }
  const char *what = reason == SSL_ERROR_SSL ? openssl::take_reason("TLS failed") : "TLS failed";
  return error(Code::Malformed, what);
}

void TlsEngine::flush() {
  if (state_ == State::Failed || pending_.empty()) return;
  iovec piece{pending_.data(), pending_.size()};
  auto sent = send_some(fd_, std::span(&piece, 1));
  if (!sent) return fail(sent.error());
  pending_.erase(0, *sent);
  if (!pending_.empty()) return;
  pending_ = {};
  if (end_wanted_) ::shutdown(fd_, SHUT_WR);
}

void TlsEngine::shutdown_write() {
  if (std::exchange(end_wanted_, true)) return;
  if (state_ == State::Open) {
    Sealing sealing(*this);
    SSL_shutdown(ssl_);
  }
  if (pending_.empty()) ::shutdown(fd_, SHUT_WR);
}

base::Result<std::size_t> TlsEngine::read(base::MutableBytes into) {
  if (state_ == State::Handshaking) return 0;
  std::size_t total = 0;
  if (state_ == State::Open && !at_end_) {
    Sealing sealing(*this);
    transport_.allow(into.size() + kExtraInput);
    total = read_records(into);
  }
  if (total > 0) return total;
  if (state_ == State::Failed) return base::fail(error_);
  if (at_end_) return openssl::fail(base::Code::Closed, "the peer closed the connection");
  return 0;
}

std::size_t TlsEngine::read_records(base::MutableBytes into) {
  std::size_t total = 0;
  bool dry = false;
  while (total < into.size()) {
    std::size_t got = 0;
    if (SSL_read_ex(ssl_, into.data() + total, into.size() - total, &got) == 1) {
      total += got;
      continue;
    }
    int reason = SSL_get_error(ssl_, 0);
    dry = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
    at_end_ = reason == SSL_ERROR_ZERO_RETURN;
    if (!dry && !at_end_) fail(explain(reason));
    break;
  }
  // Bytes of a record that is not complete yet do not count: the socket will say when the rest is
  // there.
  has_input_ = at_end_ || (!dry && SSL_has_pending(ssl_) == 1);
  return total;
}

base::Result<std::size_t> TlsEngine::write(std::span<const iovec> pieces) {
  if (state_ == State::Handshaking) return 0;
  flush();
  if (state_ == State::Failed) return base::fail(error_);
  if (!pending_.empty()) return 0;
  if (kernel_writes_) return send_some(fd_, pieces);
  TlsPieces left(pieces);
  std::size_t accepted = 0;
  while (!left.empty() && pending_.empty()) {
    {
      Sealing sealing(*this);
      accepted += seal(left, eager_ ? kBatchBytes : kRecordBytes);
    }
    if (state_ == State::Failed) return base::fail(error_);
    eager_ = pending_.empty();
  }
  return accepted;
}

std::size_t TlsEngine::seal(TlsPieces &pieces, std::size_t limit) {
  std::size_t taken = 0;
  while (taken < limit && !pieces.empty()) {
    base::Bytes run = pieces.take(limit - taken, plain_scratch());
    std::size_t written = 0;
    if (SSL_write_ex(ssl_, run.data(), run.size(), &written) != 1) {
      fail(explain(SSL_get_error(ssl_, 0)));
      break;
    }
    taken += run.size();
  }
  return taken;
}

void TlsEngine::send_sealed(base::Bytes sealed) {
  if (sealed.empty()) return;
  if (pending_.empty()) {
    iovec piece{const_cast<std::byte *>(sealed.data()), sealed.size()};
    auto sent = send_some(fd_, std::span(&piece, 1));
    if (!sent) return fail(sent.error());
    sealed = sealed.subspan(*sent);
  }
  pending_.append(base::as_text(sealed));
  if (pending_.size() > kMaxPending) {
    fail({base::Domain::Net, base::Code::TooLarge, 0, "the peer does not read what it is sent"});
  }
}

TlsSummary TlsEngine::summary() const {
  TlsSummary summary;
  summary.version = SSL_get_version(ssl_);
  summary.cipher = SSL_get_cipher_name(ssl_);
  const unsigned char *protocol = nullptr;
  unsigned protocol_size = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &protocol_size);
  summary.protocol.assign(reinterpret_cast<const char *>(protocol), protocol_size);
  summary.resumed = SSL_session_reused(ssl_) == 1;
  summary.kernel = kernel_writes_;
  return summary;
}

}  // namespace sluice::net
