// SPDX-License-Identifier: Apache-2.0
#include "net/resolver_channel.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace sluice::net {
namespace {

// The second attempt asks the same server again, because a datagram may be lost.
constexpr int kAttemptsPerServer = 2;

base::Error error_of(int status) {
  using base::Code;
  constexpr auto kNet = base::Domain::Net;
  switch (status) {
    case ARES_ENOTFOUND:
      return {kNet, Code::NotFound, 0, "the name does not exist"};
    case ARES_ENODATA:
      return {kNet, Code::NotFound, 0, "the name has no address"};
    case ARES_ETIMEOUT:
      return {kNet, Code::TimedOut, 0, "the name server does not answer"};
    case ARES_EBADNAME:
      return {kNet, Code::Malformed, 0, "not a name that can be looked up"};
    case ARES_ENOMEM:
      return {base::Domain::System, Code::System, ENOMEM, "cannot look up the name"};
    default:  // among them servers that say SERVFAIL, which c-ares calls a refused connection
      return {kNet, Code::Busy, 0, "no name server can answer now"};
  }
}

std::vector<Address> addresses_of(const ares_addrinfo &found, int family) {
  std::vector<Address> addresses;
  for (const ares_addrinfo_node *node = found.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != family || node->ai_addrlen > sizeof(sockaddr_storage)) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, node->ai_addr, node->ai_addrlen);
    addresses.emplace_back(storage);
  }
  return addresses;
}

// IPv6 and IPv4 in turn, so that a host whose one family is broken is reached by the second try.
std::vector<Address> in_turn(const ares_addrinfo &found, std::uint16_t port, std::size_t limit) {
  std::vector<Address> ipv6 = addresses_of(found, AF_INET6);
  std::vector<Address> ipv4 = addresses_of(found, AF_INET);
  std::vector<Address> mixed;
  for (std::size_t i = 0; i < std::max(ipv6.size(), ipv4.size()); ++i) {
    if (i < ipv6.size()) mixed.push_back(ipv6[i].with_port(port));
    if (i < ipv4.size()) mixed.push_back(ipv4[i].with_port(port));
    if (mixed.size() >= limit) break;
  }
  mixed.resize(std::min(mixed.size(), limit));
  return mixed;
}

std::string joined(const std::vector<std::string> &servers) {
  std::string list;
  for (const std::string &server : servers)
    list += (list.empty() ? "" : ",") + server;
  return list;
}

}  // namespace

Resolver::Channel::Channel(loop::Loop &loop)
    : loop_(loop), timer_(loop, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {}

Resolver::Channel::~Channel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

base::Result<std::unique_ptr<Resolver::Channel>> Resolver::Channel::open(loop::Loop &loop,
                                                                         const Options &options) {
  std::unique_ptr<Channel> channel(new Channel(loop));
  SLUICE_TRY_VOID(channel->set_up(options));
  return channel;
}

base::Status Resolver::Channel::set_up(const Options &options) {
  ares_options wishes{};
  wishes.timeout = static_cast<int>(options.attempt_timeout.count());
  wishes.tries = kAttemptsPerServer;
  wishes.sock_state_cb_data = this;
  wishes.sock_state_cb = [](void *self, ares_socket_t fd, int readable, int writable) noexcept {
    static_cast<Channel *>(self)->watch(fd, readable != 0, writable != 0);
  };
  char lookups[] = "fb";  // /etc/hosts first, then name servers
  wishes.lookups = lookups;
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
  // The system's search list belongs to the system's servers.
  if (!options.servers.empty()) mask |= ARES_OPT_DOMAINS;
#ifdef ARES_OPT_QUERY_CACHE
  mask |= ARES_OPT_QUERY_CACHE;  // with a lifetime of 0: none
#endif
  if (int status = ares_init_options(&channel_, &wishes, mask); status != ARES_SUCCESS) {
    channel_ = nullptr;
    return base::fail(error_of(status));
  }
  if (options.servers.empty()) return {};
  if (ares_set_servers_ports_csv(channel_, joined(options.servers).c_str()) != ARES_SUCCESS) {
    return base::fail(base::Domain::Net, base::Code::Operator,
                      "a name server is an address in numbers with a port");
  }
  return {};
}

void Resolver::Channel::ask(const std::string &host, std::unique_ptr<Request> request) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // sorting would make a socket for each of 500 addresses
  request->channel = this;
  ++under_way_;
  ++request->resolver->under_way_;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_answer, request.release());
  arm();
}

void Resolver::Channel::on_answer(void *raw, int status, int, ares_addrinfo *found) noexcept {
  std::unique_ptr<Request> request(static_cast<Request *>(raw));
  --request->channel->under_way_;
  Resolver &resolver = *request->resolver;
  --resolver.under_way_;
  std::vector<Address> addresses;
  if (status == ARES_SUCCESS && found != nullptr) {
    addresses = in_turn(*found, request->port, resolver.options_.max_addresses);
  }
  if (found != nullptr) ares_freeaddrinfo(found);
  if (!addresses.empty()) return resolver.finish(std::move(request), std::move(addresses));
  int error = status == ARES_SUCCESS ? ARES_ENODATA : status;
  resolver.finish(std::move(request), base::fail(error_of(error)));
}

// c-ares says what it waits for on a socket, and that it waits for nothing before it closes one.
void Resolver::Channel::watch(int fd, bool readable, bool writable) {
  int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
  if (events == 0) {
    watched_.erase(fd);
    return;
  }
  Watched &watched = watched_[fd];
  if (watched.poll == nullptr) {
    watched.poll = std::make_unique<loop::Poll>(loop_, fd, [this, fd](int ready) {
      process((ready & UV_READABLE) != 0 ? fd : ARES_SOCKET_BAD,
              (ready & UV_WRITABLE) != 0 ? fd : ARES_SOCKET_BAD);
      // A refusal by ICMP stops the poll, but c-ares may go on using the socket.
      auto it = watched_.find(fd);
      if (it != watched_.end()) it->second.poll->watch(it->second.events);
    });
  }
  watched.events = events;
  watched.poll->watch(events);
}

void Resolver::Channel::process(int readable, int writable) {
  ares_process_fd(channel_, readable, writable);
  arm();
}

void Resolver::Channel::arm() {
  if (under_way_ == 0) {
    timer_.stop();
    return;
  }
  timeval longest{.tv_sec = 1, .tv_usec = 0};
  timeval room{};
  const timeval *next = ares_timeout(channel_, &longest, &room);
  // Rounded up: too early would find nothing to do, again and again.
  timer_.start(base::Millis(next->tv_sec * 1000 + next->tv_usec / 1000 + 1));
}

}  // namespace sluice::net
