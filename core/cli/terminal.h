// SPDX-License-Identifier: Apache-2.0
// Terminal: everything that a command sees of the world outside: where it prints, the environment,
// the way to a node's admin API, and the node itself. Tests put doubles here.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::cli {

struct HttpRequest {
  std::string_view method;
  std::string url;
  std::string token;  // sent as a bearer token unless it is empty
  std::string body;   // of PUT
};

struct HttpReply {
  int status = 0;
  std::string body;
};

struct Terminal {
  std::ostream &out;
  std::ostream &err;
  std::function<std::optional<std::string>(const char *name)> environment;
  std::function<base::Result<HttpReply>(const HttpRequest &)> fetch;
  std::function<int(const std::string &config_path)> run_node;
  std::function<std::string()> read_input;  // the standard input, up to its end
};

// Exit codes. 78 is EX_CONFIG of sysexits.h, which systemd names in its status output too.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitBadConfig = 78;

}  // namespace sluice::cli
