// SPDX-License-Identifier: Apache-2.0
#include "net/send_some.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace sluice::net {

base::Result<std::size_t> send_some(int fd, std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec *>(pieces.data());  // sendmsg only reads it
  message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
  while (true) {
    ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) return base::fail(base::system_error("cannot write to the connection"));
  }
}

}  // namespace sluice::net
