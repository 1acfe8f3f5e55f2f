// SPDX-License-Identifier: Apache-2.0
// Socket: a connected, non-blocking stream socket on one loop, plain or under TLS. Reads and writes
// are direct system calls; writability is asked for only after a write was refused. A Socket can be
// handed from one owner to the next (an HTTP connection becomes a viewer) by moving the unique_ptr
// and setting new events.
//
// Under TLS everything below means what it means without. During the handshake, which goes on by
// itself, nothing is readable or writable; when it fails, the owner is told that the socket is
// readable, or writable if that is all it asked for, and the next read or write gives the error.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "loop/poll.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/tls_engine.h"

namespace sluice::net {

// Told by the socket, on its loop. Each may destroy the socket.
class SocketEvents {
 public:
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;

 protected:
  ~SocketEvents() = default;
};

class Socket {
 public:
  // Takes ownership of fd, which must be non-blocking.
  Socket(loop::Loop &loop, int fd, const Address &peer, const Address &local);
  ~Socket();
  Socket(const Socket &) = delete;
  Socket &operator=(const Socket &) = delete;

  // Begins TLS, before any bytes have moved. Own contexts: tls_server_context.h and
  // tls_client_context.h. host: whom the client means to reach, a name or a literal address without
  // brackets. Errors: the socket is of no more use.
  base::Status start_tls_server(std::shared_ptr<const TlsServerContext> context,
                                const TlsService &service);
  base::Status start_tls_client(std::shared_ptr<const TlsClientContext> context,
                                const std::string &host);
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  // None without TLS, and before the handshake is done.
  [[nodiscard]] std::optional<TlsSummary> tls() const;

  // Nobody is told anything before this. nullptr stops. Reading is watched, writing is not.
  void set_events(SocketEvents *events);

  // Back-pressure: with false the peer's bytes stay in the kernel.
  void watch_readable(bool wanted);
  // on_writable is called once the kernel takes bytes again, until switched off.
  void watch_writable(bool wanted);

  // Bytes moved; 0 means "not now". The end of the peer's stream is Code::Closed, an error of the
  // connection is Code::System. Under TLS a peer that breaks it is Code::Malformed, one whose
  // certificate is not believed Code::Refused.
  base::Result<std::size_t> read(base::MutableBytes into);
  base::Result<std::size_t> write(std::span<const iovec> pieces);
  base::Result<std::size_t> write(base::Bytes bytes);

  // Says end-of-stream to the peer after what was written.
  void shutdown_write();
  // The close that follows will reset the connection instead of delivering what the kernel still
  // holds.
  void reset_on_close();
  // TCP_NOTSENT_LOWAT: the kernel refuses more once this much is waiting, so that a slow viewer's
  // backlog stays on the tape, where it costs nothing.
  void limit_unsent(std::size_t bytes);

  [[nodiscard]] loop::Loop &loop() const { return loop_; }
  [[nodiscard]] const Address &peer() const { return peer_; }
  [[nodiscard]] const Address &local() const { return local_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

  // What the kernel still holds for the peer, and its round-trip time: for the line that ends a
  // session.
  struct KernelState {
    std::uint32_t unsent_bytes = 0;
    std::uint32_t rtt_us = 0;
  };
  [[nodiscard]] KernelState kernel_state() const;

 private:
  void on_ready(int events);
  void tell(bool readable, bool writable);
  void update_watch();
  void update_tls_watch();
  bool advance_tls(bool &readable, bool &writable);
  void report_failed_handshake() const;
  void tell_soon();

  loop::Loop &loop_;
  Fd fd_;  // closed after poll_ is gone
  Address peer_;
  Address local_;
  SocketEvents *events_ = nullptr;
  bool want_read_ = false;
  bool want_write_ = false;
  bool *destroyed_ = nullptr;  // on the stack of tell while it runs
  std::unique_ptr<TlsEngine> tls_;
  // Under TLS: what waits in the engine is told by a task of the loop, which finds null inside when
  // the socket is gone.
  std::shared_ptr<Socket *> self_;
  bool telling_soon_ = false;
  loop::Poll poll_;
};

}  // namespace sluice::net
