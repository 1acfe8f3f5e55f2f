// SPDX-License-Identifier: Apache-2.0
// Where the bench programs connect to: scheme://127.x.x.x:port/path. Loopback only, by intent:
// nothing here may ever load a machine that is not the own one.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

namespace sluice::bench {

struct Endpoint {
  std::string scheme, host, path;
  sockaddr_in address{};
};

// Ends the program with status 2 when the text is not such a URL.
Endpoint parse_endpoint(std::string_view url);

// A connected, blocking socket with Nagle's delay off and time-outs of 5 s; -1 with errno when it
// fails.
int connect_blocking(const Endpoint &endpoint);

// Lets the process hold as many sockets as it needs; true when they are allowed.
bool allow_descriptors(unsigned long count);

}  // namespace sluice::bench
