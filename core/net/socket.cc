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

#include "base/check.h"

namespace sluice::net {
namespace {

bool is_not_now(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Socket::Socket(loop::Loop &loop, int fd, const Address &peer, const Address &local)
    : loop_(loop), fd_(fd), peer_(peer), local_(local), poll_(loop, fd, [this](int events) {
        on_ready(events);
      }) {}

Socket::~Socket() {
  loop_.assert_here();
  if (destroyed_ != nullptr) *destroyed_ = true;
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
  msghdr message{};
  message.msg_iov = const_cast<iovec *>(pieces.data());  // sendmsg only reads it
  message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
  while (true) {
    ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (is_not_now(errno)) return 0;
    if (errno != EINTR) return base::fail(base::system_error("cannot write to the connection"));
  }
}

base::Result<std::size_t> Socket::write(base::Bytes bytes) {
  iovec piece{const_cast<std::byte *>(bytes.data()), bytes.size()};
  return write(std::span(&piece, 1));
}

// The three below are wishes: a connection that cannot have them is closed or dead, which the next
// read or write reports.

void Socket::shutdown_write() { ::shutdown(fd_.get(), SHUT_WR); }

void Socket::reset_on_close() {
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
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    state.rtt_us = info.tcpi_rtt;
  }
  return state;
}

void Socket::on_ready(int events) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  if ((events & UV_READABLE) != 0 && want_read_) {
    events_->on_readable();
    if (destroyed) return;
  }
  // Also when the socket has a new owner since: whoever waits for writability has it.
  if ((events & UV_WRITABLE) != 0 && want_write_) {
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
  poll_.watch((want_read_ ? UV_READABLE : 0) | (want_write_ ? UV_WRITABLE : 0));
}

}  // namespace sluice::net
