// SPDX-License-Identifier: Apache-2.0
// URL of a loopback peer, and the sockets to it.
#include "support/endpoint.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace sluice::bench {

Endpoint parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  auto scheme_end = url.find("://");
  auto rest =
      scheme_end == std::string_view::npos ? std::string_view{} : url.substr(scheme_end + 3);
  auto slash = std::min(rest.find('/'), rest.size());
  auto colon = rest.substr(0, slash).find(':');
  unsigned port = 0;
  if (colon != std::string_view::npos)
    std::from_chars(rest.data() + colon + 1, rest.data() + slash, port);
  std::string ip(rest.substr(0, std::min(colon, slash)));
  endpoint.address.sin_family = AF_INET;
  endpoint.address.sin_port = htons(static_cast<std::uint16_t>(port));
  bool usable = inet_pton(AF_INET, ip.c_str(), &endpoint.address.sin_addr) == 1 && port > 0 &&
                port < 65536 && ntohl(endpoint.address.sin_addr.s_addr) >> 24 == 127;
  if (!usable) {
    std::fprintf(stderr, "only scheme://127.x.x.x:port/path is allowed, not %.*s\n",
                 static_cast<int>(url.size()), url.data());
    std::exit(2);
  }
  endpoint.scheme = url.substr(0, scheme_end);
  endpoint.host = rest.substr(0, slash);
  endpoint.path = slash < rest.size() ? rest.substr(slash) : "/";
  return endpoint;
}

int connect_blocking(const Endpoint &endpoint) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1;
  timeval patience{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, reinterpret_cast<const sockaddr *>(&endpoint.address), sizeof endpoint.address)) {
    close(fd);
    return -1;
  }
  return fd;
}

bool allow_descriptors(unsigned long count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = count;
  limit.rlim_max = std::max(limit.rlim_max, static_cast<rlim_t>(count));
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace sluice::bench
