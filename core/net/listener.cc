// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace sluice::net {
namespace {

// More waiting connections are accepted at the next iteration, so that a flood of them does not
// hold up the viewers of this loop.
constexpr int kAcceptsPerTurn = 64;
// What is waiting may use up again what was just closed, so it takes a few of these to recover.
constexpr base::Millis kPause{250};

std::atomic<std::uint64_t> g_exhaustions{0};

void enable(int fd, int level, int option) {
  int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

bool is_ipv6_wildcard(const Address &address) {
  if (address.family() != AF_INET6) return false;
  sockaddr_in6 in{};
  std::memcpy(&in, address.get(), sizeof in);
  return IN6_IS_ADDR_UNSPECIFIED(&in.sin6_addr);
}

Address ipv4_wildcard(std::uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  sockaddr_storage storage{};
  std::memcpy(&storage, &in, sizeof in);
  return Address(storage);
}

// The address of one end of a connection, by getsockname or getpeername.
template <class Ask>
Address name_of(int fd, Ask ask) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ask(fd, reinterpret_cast<sockaddr *>(&storage), &size);
  return Address(storage);
}

enum class Port : std::uint8_t { Alone, Shared };

base::Result<Fd> bind_socket(const Address &address, Port port) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::fail(base::system_error("cannot make a socket"));
  // Connections of a node before this one, which wait for their end, do not hold the port. One that
  // listens does, unless both share it.
  enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (port == Port::Shared) enable(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  if (address.family() == AF_INET6) {
    // IPv4 too, whatever the system's default is.
    int only = 0;
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  if (::bind(fd.get(), address.get(), address.length()) != 0) {
    return base::fail(base::system_error("cannot bind the address"));
  }
  return fd;
}

// A host without IPv6 has IPv4 alone for the wildcard.
base::Result<Fd> bind_any_family(const Address &address, Port port) {
  auto fd = bind_socket(address, port);
  if (fd || !is_ipv6_wildcard(address)) return fd;
  bool no_ipv6 = fd.error().sys == EAFNOSUPPORT || fd.error().sys == EADDRNOTAVAIL;
  return no_ipv6 ? bind_socket(ipv4_wildcard(address.port()), port) : std::move(fd);
}

// Errors of one waiting connection, which accept(2) reports in its place: that one is lost, the
// next may be good.
bool is_error_of_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // a firewall's word
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

base::Result<std::unique_ptr<Listener>> Listener::open(loop::Loop &loop, const Address &address,
                                                       OnAccept on_accept) {
  SLUICE_TRY(fd, bind_any_family(address, Port::Shared));
  if (::listen(fd.get(), SOMAXCONN) != 0) return base::fail(base::system_error("cannot listen"));
  Address bound = name_of(fd.get(), ::getsockname);
  return std::unique_ptr<Listener>(new Listener(loop, std::move(fd), bound, std::move(on_accept)));
}

base::Status Listener::probe(const Address &address) {
  SLUICE_TRY_VOID(bind_any_family(address, Port::Alone));
  return {};
}

Listener::Listener(loop::Loop &loop, Fd fd, const Address &address, OnAccept on_accept)
    : loop_(loop),
      fd_(std::move(fd)),
      address_(address),
      on_accept_(std::move(on_accept)),
      poll_(loop, fd_.get(), [this](int) { accept_some(); }),
      resume_(loop, [this] { poll_.watch(UV_READABLE); }) {
  poll_.watch(UV_READABLE);
}

Listener::~Listener() {
  loop_.assert_here();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

std::uint64_t Listener::exhaustions() { return g_exhaustions.load(std::memory_order_relaxed); }

void Listener::accept_some() {
  bool destroyed = false;
  destroyed_ = &destroyed;
  // The function lives on the stack, because it may destroy its owner.
  OnAccept on_accept = std::move(on_accept_);
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!accept_one(on_accept)) break;
    if (destroyed) return;
  }
  on_accept_ = std::move(on_accept);
  destroyed_ = nullptr;
}

// False when there is nothing more to accept now.
bool Listener::accept_one(OnAccept &on_accept) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  Fd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr *>(&storage), &size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) {
    int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return false;
    if (is_error_of_connection(error)) return true;
    pause(error);
    return false;
  }
  enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  Address local = name_of(fd.get(), ::getsockname);
  on_accept(std::make_unique<Socket>(loop_, fd.release(), Address(storage), local));
  return true;
}

// Descriptors or memory are used up. The waiting connection stays readable, so that going on
// watching would spin; it waits in the kernel until something was closed.
void Listener::pause(int error) {
  g_exhaustions.fetch_add(1, std::memory_order_relaxed);
  poll_.watch(0);
  resume_.start(kPause);
  static base::log::Limiter limiter;
  if (auto held = limiter.admit()) {
    base::log::warning("accepting paused", {{"listener", address_.to_string()},
                                            {"error", std::strerror(error)},
                                            {"suppressed", *held}});
  }
}

}  // namespace sluice::net
