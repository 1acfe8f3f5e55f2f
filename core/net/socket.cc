// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "net/send_some.h"

namespace sluice::net {
namespace {

bool is_not_now(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// Steps of handshakes in one turn of a loop. One costs up to a millisecond (an RSA signature), so
// that a flood of them leaves the loop's viewers their turn. The others wait in the kernel, and are
// found ready again at the next turn.
constexpr int kHandshakesPerTurn = 8;

bool may_shake_hands(const loop::Loop &loop) {
  struct Turn {
    const loop::Loop *loop = nullptr;
    std::uint64_t number = 0;
    int left = 0;
  };
  thread_local Turn turn;
  if (turn.loop != &loop || turn.number != loop.turn()) {
    turn = {&loop, loop.turn(), kHandshakesPerTurn};
  }
  return turn.left-- > 0;
}

}  // namespace

Socket::Socket(loop::Loop &loop, int fd, const Address &peer, const Address &local)
    : loop_(loop), fd_(fd), peer_(peer), local_(local), poll_(loop, fd, [this](int events) {
        on_ready(events);
      }) {}

Socket::~Socket() {
  loop_.assert_here();
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (self_ != nullptr) *self_ = nullptr;
}

base::Status Socket::start_tls_server(std::shared_ptr<const TlsServerContext> context,
                                      const TlsService &service) {
  loop_.assert_here();
  SLUICE_TRY(engine, TlsEngine::accept(fd_.get(), std::move(context), service));
  tls_ = std::move(engine);
  update_watch();
  return {};
}

base::Status Socket::start_tls_client(std::shared_ptr<const TlsClientContext> context,
                                      const std::string &host) {
  loop_.assert_here();
  SLUICE_TRY(engine, TlsEngine::connect(fd_.get(), std::move(context), host));
  tls_ = std::move(engine);
  tls_->shake_hands();  // the client speaks first
  update_watch();
  return {};
}

std::optional<TlsSummary> Socket::tls() const {
  if (tls_ == nullptr || tls_->state() != TlsEngine::State::Open) return std::nullopt;
  return tls_->summary();
}

void Socket::set_events(SocketEvents *events) {
  loop_.assert_here();
  events_ = events;
  want_read_ = events != nullptr;
  want_write_ = false;
  update_watch();
}

void Socket::watch_readable(bool wanted) {
  want_read_ = wanted;
  update_watch();
}

void Socket::watch_writable(bool wanted) {
  want_write_ = wanted;
  update_watch();
}

base::Result<std::size_t> Socket::read(base::MutableBytes into) {
  SLUICE_DCHECK(!into.empty());
  if (tls_ != nullptr) {
    auto got = tls_->read(into);
    update_watch();  // it may have answered the peer
    return got;
  }
  while (true) {
    ssize_t got = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) {
      return base::fail(base::Domain::Net, base::Code::Closed, "the peer closed the connection");
    }
    if (is_not_now(errno)) return 0;
    if (errno != EINTR) return base::fail(base::system_error("cannot read from the connection"));
  }
}

base::Result<std::size_t> Socket::write(std::span<const iovec> pieces) {
  if (tls_ == nullptr) return send_some(fd_.get(), pieces);
  auto sent = tls_->write(pieces);
  update_watch();  // accepted bytes may wait for the kernel
  return sent;
}

base::Result<std::size_t> Socket::write(base::Bytes bytes) {
  iovec piece{const_cast<std::byte *>(bytes.data()), bytes.size()};
  return write(std::span(&piece, 1));
}

// The three below are wishes: a connection that cannot have them is closed or dead, which the next
// read or write reports.

void Socket::shutdown_write() {
  if (tls_ == nullptr) {
    ::shutdown(fd_.get(), SHUT_WR);
    return;
  }
  tls_->shutdown_write();
  update_watch();
}

void Socket::reset_on_close() {
  if (tls_ != nullptr) tls_->give_up();
  linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void Socket::limit_unsent(std::size_t bytes) {
  int limit = static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &limit, sizeof limit);
}

Socket::KernelState Socket::kernel_state() const {
  KernelState state;
  int queued = 0;
  if (::ioctl(fd_.get(), SIOCOUTQ, &queued) == 0) {
    state.unsent_bytes = static_cast<std::uint32_t>(std::max(queued, 0));
  }
  if (tls_ != nullptr) state.unsent_bytes += static_cast<std::uint32_t>(tls_->unsent());
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    state.rtt_us = info.tcpi_rtt;
  }
  return state;
}

void Socket::on_ready(int events) {
  bool readable = (events & UV_READABLE) != 0;
  bool writable = (events & UV_WRITABLE) != 0;
  if (tls_ != nullptr && !advance_tls(readable, writable)) return;
  tell(readable, writable);
}

void Socket::tell(bool readable, bool writable) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (readable && want_read_) {
    events_->on_readable();
    if (destroyed) return;
  }
  // Also when the socket has a new owner since: whoever waits for writability has it.
  if (writable && want_write_) {
    events_->on_writable();
    if (destroyed) return;
  }
  destroyed_ = nullptr;
  // After an error of the connection the poll has stopped. An owner that has read what came before
  // the reset, and no further, has yet to be told.
  update_watch();
}

void Socket::update_watch() {
  loop_.assert_here();
  if (events_ == nullptr) want_read_ = want_write_ = false;
  if (tls_ != nullptr) return update_tls_watch();
  poll_.watch((want_read_ ? UV_READABLE : 0) | (want_write_ ? UV_WRITABLE : 0));
}

// --- TLS ---

void Socket::update_tls_watch() {
  bool open = tls_->state() == TlsEngine::State::Open;
  bool reads = tls_->wants_read() || (open && want_read_);
  bool writes = tls_->wants_write() || (open && want_write_);
  poll_.watch((reads ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0));
  bool failed = tls_->state() == TlsEngine::State::Failed;
  if ((want_read_ && tls_->has_input()) || (want_write_ && failed)) tell_soon();
}

// The engine's own part of readiness. What is left of it is for the owner; false when nothing is.
bool Socket::advance_tls(bool &readable, bool &writable) {
  if (tls_->state() == TlsEngine::State::Handshaking) {
    if (may_shake_hands(loop_)) tls_->shake_hands();
    bool ended = tls_->state() != TlsEngine::State::Handshaking;
    if (tls_->state() == TlsEngine::State::Failed) report_failed_handshake();
    // Who waited for the one or the other waits no longer.
    readable = writable = ended;
  }
  if (writable) tls_->flush();
  writable = writable && !tls_->wants_write();
  if (readable || writable) return true;
  update_watch();
  return false;
}

// What a server's peer did is of interest here only; the owner of a client is told, and says so.
void Socket::report_failed_handshake() const {
  if (!tls_->is_server() || !tls_->heard()) return;
  static base::log::Limiter limiter;
  auto held = limiter.admit();
  if (!held) return;
  base::log::warning("tls handshake failed", {{"peer", peer_.to_string()},
                                              {"local", local_.to_string()},
                                              {"why", base::describe(tls_->error())},
                                              {"suppressed", *held}});
}

void Socket::tell_soon() {
  if (std::exchange(telling_soon_, true)) return;
  if (self_ == nullptr) self_ = std::make_shared<Socket *>(this);
  loop_.defer([self = self_] {
    if (*self == nullptr) return;
    Socket &socket = **self;
    socket.telling_soon_ = false;
    bool failed = socket.tls_->state() == TlsEngine::State::Failed;
    socket.tell(socket.tls_->has_input(), failed);
  });
}

}  // namespace sluice::net
