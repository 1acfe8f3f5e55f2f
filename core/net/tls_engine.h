// SPDX-License-Identifier: Apache-2.0
// TlsEngine: TLS on one connected, non-blocking socket, for net::Socket, which drives it. It moves
// bytes between the socket and its owner and never waits; it does not watch the socket itself, but
// says what it waits for. Lives on the socket's loop.
//
// Bytes that were accepted are sent, whatever the owner offers next: what the kernel does not take
// at once is kept sealed here, one batch at the most, and until it has gone nothing more is
// accepted.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "net/tls_client_context.h"
#include "net/tls_pieces.h"
#include "net/tls_server_context.h"
#include "net/tls_transport.h"

struct ssl_st;

namespace sluice::net {

// What was agreed, for listings and logs.
struct TlsSummary {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string protocol;  // by ALPN, such as "h2"; empty when none was agreed on
  bool resumed = false;
  bool kernel = false;  // the kernel encrypts what is sent
};

class TlsEngine {
 public:
  enum class State : std::uint8_t { Handshaking, Open, Failed };

  // fd is borrowed. host: whom the client asks for, a name or an address; for SNI and for the check
  // of the certificate. Errors: Busy without memory, Operator for a host that cannot be one.
  static base::Result<std::unique_ptr<TlsEngine>> accept(
      int fd, std::shared_ptr<const TlsServerContext> context, const TlsService &service);
  static base::Result<std::unique_ptr<TlsEngine>> connect(
      int fd, std::shared_ptr<const TlsClientContext> context, const std::string &host);
  ~TlsEngine();  // says goodbye when that costs no waiting
  TlsEngine(const TlsEngine &) = delete;
  TlsEngine &operator=(const TlsEngine &) = delete;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_server() const { return server_ != nullptr; }
  // Why it is Failed.
  [[nodiscard]] const base::Error &error() const { return error_; }
  // Whether the peer has sent anything. One that has not was no TLS client gone wrong.
  [[nodiscard]] bool heard() const { return transport_.received() > 0; }

  // One step of the handshake, when the socket was found ready.
  void shake_hands();
  // Sends what was accepted before and not taken by the kernel.
  void flush();
  // Says the end of the stream after what was accepted.
  void shutdown_write();
  void give_up() { silent_ = true; }  // no goodbye: the connection is to be reset

  // As those of the socket. 0 during the handshake.
  base::Result<std::size_t> read(base::MutableBytes into);
  base::Result<std::size_t> write(std::span<const iovec> pieces);

  // What the engine itself waits for.
  [[nodiscard]] bool wants_read() const { return state_ == State::Handshaking && !blocked_; }
  [[nodiscard]] bool wants_write() const {
    return state_ != State::Failed && (blocked_ || !pending_.empty());
  }
  // A read would give bytes or an error without any from the socket, which is not going to say so.
  [[nodiscard]] bool has_input() const { return has_input_ || state_ == State::Failed; }
  [[nodiscard]] std::size_t unsent() const { return pending_.size(); }

  [[nodiscard]] TlsSummary summary() const;

 private:
  class Sealing;

  TlsEngine(int fd, std::shared_ptr<const TlsServerContext> server,
            std::shared_ptr<const TlsClientContext> client, TlsService service);
  base::Status attach(ssl_st *connection);
  base::Status ask_for(const std::string &host);
  void finish_handshake();
  void fail_handshake(int reason);
  void fail(base::Error error);
  [[nodiscard]] base::Error explain(int reason) const;
  std::size_t read_records(base::MutableBytes into);
  std::size_t seal(TlsPieces &pieces, std::size_t limit);
  void send_sealed(base::Bytes sealed);

  const int fd_;
  const std::shared_ptr<const TlsServerContext> server_;  // one of the two
  const std::shared_ptr<const TlsClientContext> client_;
  const TlsService service_;
  TlsTransport transport_;
  ssl_st *ssl_ = nullptr;  // owned
  State state_ = State::Handshaking;
  base::Error error_;

  std::string pending_;         // sealed, accepted, not taken by the kernel
  bool blocked_ = false;        // the handshake waits for the kernel to take its own records
  bool eager_ = true;           // the kernel took all of the last batch
  bool kernel_writes_ = false;  // and seals
  bool end_wanted_ = false;
  bool silent_ = false;
  bool has_input_ = false;
  bool at_end_ = false;  // of the peer's stream
};

}  // namespace sluice::net
