// SPDX-License-Identifier: Apache-2.0
#include "net/tls_kernel.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/fd.h"

namespace sluice::net {

// A socket without a peer is refused in any case: by a kernel without TLS because it does not know
// the name, by one with TLS because there is no connection.
bool kernel_has_tls() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return false;
  if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") == 0) return true;
  return errno == ENOTCONN;
}

}  // namespace sluice::net
