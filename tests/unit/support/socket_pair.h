// SPDX-License-Identifier: Apache-2.0
// SocketPair: a TCP connection over 127.0.0.1 between a net::Socket on a TestLoop and a plain
// descriptor that plays the peer. Also a plain client for a listening address.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/socket.h"
#include "support/test_loop.h"

namespace sluice::test {

// The other end, by plain system calls; non-blocking, so that a test never hangs in it.
class Peer {
 public:
  explicit Peer(net::Fd fd) : fd_(std::move(fd)) {
    ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
  }

  static Peer connect_to(const net::Address &address) {
    net::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    SLUICE_CHECK(::connect(fd.get(), address.get(), address.length()) == 0);
    return Peer(std::move(fd));
  }

  // Bytes taken by the kernel.
  std::size_t write(std::string_view bytes) {
    ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  // Everything that has arrived since the last call. Sets ended() at end-of-stream and reset() at a
  // reset.
  std::string read() {
    std::string out;
    std::array<char, 65536> chunk;
    while (true) {
      ssize_t got = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
      if (got > 0) {
        out.append(chunk.data(), static_cast<std::size_t>(got));
        continue;
      }
      if (got == 0) ended_ = true;
      if (got < 0 && errno == ECONNRESET) reset_ = true;
      return out;
    }
  }

  // Reads until `size` bytes have come, while the loop runs. What came is returned in any case.
  std::string read_exactly(TestLoop &loop, std::size_t size) {
    std::string out;
    [[maybe_unused]] bool complete = loop.run_until([&] {
      out += read();
      return out.size() >= size || ended_ || reset_;
    });
    return out;
  }

  void shutdown_write() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  void close_with_reset() {
    linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    fd_.reset();
  }

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool reset() const { return reset_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] int release() { return fd_.release(); }

 private:
  net::Fd fd_;
  bool ended_ = false;
  bool reset_ = false;
};

struct SocketPair {
  std::unique_ptr<net::Socket> socket;
  Peer peer;
};

inline net::Address local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  SLUICE_CHECK(::getsockname(fd, reinterpret_cast<sockaddr *>(&storage), &size) == 0);
  return net::Address(storage);
}

inline SocketPair connected_pair(TestLoop &loop) {
  net::Address any = *net::Address::parse("127.0.0.1:0");
  net::Fd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SLUICE_CHECK(::bind(listening.get(), any.get(), any.length()) == 0);
  SLUICE_CHECK(::listen(listening.get(), 1) == 0);
  Peer peer = Peer::connect_to(local_address(listening.get()));
  int fd = ::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  SLUICE_CHECK(fd >= 0);
  auto socket =
      std::make_unique<net::Socket>(*loop, fd, local_address(peer.fd()), local_address(fd));
  return {std::move(socket), std::move(peer)};
}

// SocketEvents by functions, for tests.
struct Events : net::SocketEvents {
  std::function<void()> readable = [] {};
  std::function<void()> writable = [] {};
  void on_readable() override { readable(); }
  void on_writable() override { writable(); }
};

}  // namespace sluice::test
