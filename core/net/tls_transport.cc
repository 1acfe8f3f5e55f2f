// SPDX-License-Identifier: Apache-2.0
#include "net/tls_transport.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/tls_openssl.h"

namespace sluice::net {

bio_st *TlsTransport::make_bio() {
  static BIO_METHOD *const method = [] {
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice socket");
    BIO_meth_set_read(made, on_read);
    BIO_meth_set_write(made, on_write);
    BIO_meth_set_ctrl(made, on_control);
    return made;
  }();
  BIO *bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

int TlsTransport::on_read(BIO *bio, char *into, int size) noexcept {
  auto &self = *static_cast<TlsTransport *>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  ssize_t got = -1;
  errno = EAGAIN;
  while (self.allowance_ > 0) {
    got = ::recv(self.fd_, into, static_cast<std::size_t>(size), 0);
    if (got >= 0 || errno != EINTR) break;
  }
  if (got > 0) {
    self.allowance_ -= std::min(self.allowance_, static_cast<std::size_t>(got));
    self.received_ += static_cast<std::size_t>(got);
    return static_cast<int>(got);
  }
  if (got == 0) {
    self.at_end_ = true;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    BIO_set_retry_read(bio);
  } else {
    self.error_ = errno;
  }
  return static_cast<int>(got);
}

int TlsTransport::on_write(BIO *bio, const char *bytes, int size) noexcept {
  auto &self = *static_cast<TlsTransport *>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.records_ == nullptr || size <= 0) return -1;
  self.records_->append(bytes, static_cast<std::size_t>(size));
  return size;
}

long TlsTransport::on_control(BIO *bio, int command, long, void *) noexcept {
  switch (command) {
    case BIO_CTRL_EOF:
      return static_cast<TlsTransport *>(BIO_get_data(bio))->at_end_ ? 1 : 0;
    case BIO_CTRL_FLUSH:
      return 1;
    default:
      return 0;
  }
}

}  // namespace sluice::net
