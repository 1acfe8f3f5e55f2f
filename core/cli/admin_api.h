// SPDX-License-Identifier: Apache-2.0
// The way to a node's admin API: finds its address and token, asks, and turns what can go wrong
// into one sentence that says what to do about it.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "cli/terminal.h"

namespace sluice::cli {

inline constexpr Option kHelpOption{"help", 'h', "", "Show this help and exit."};
inline constexpr Option kJsonOption{"json", 'j', "", "Print JSON instead of a table."};
inline constexpr Option kConfigOption{"config", 'c', "FILE",
                                      "Configuration file (default /etc/sluice/sluice.yaml)."};
inline constexpr Option kAdminOption{
    "admin", 'a', "URL", "Address of the node's admin listener, such as http://127.0.0.1:9090."};

// Help shows this with every command that takes --admin.
inline constexpr std::string_view kAdminHelp =
    "The node is found by --admin, or else by listen.admin of the configuration file. The\n"
    "token is taken from the environment variable SLUICE_ADMIN_TOKEN, or else from\n"
    "admin.token of the configuration file. With --admin and without --config no file is\n"
    "read, so that a token never goes to a node that it was not made for.";

struct Failure {
  int exit_code = kExitFailed;
  std::string message;  // one or more lines without the last newline; peers' bytes made printable
};

class AdminApi {
 public:
  // Takes the address and the token from the arguments, the environment and the configuration.
  static std::expected<AdminApi, Failure> open(const Arguments &arguments, Terminal &terminal);

  // The body of an answer with status 200.
  std::expected<std::string, Failure> get(std::string_view path);
  std::expected<std::string, Failure> remove(std::string_view path);
  std::expected<std::string, Failure> put(std::string_view path, std::string body);

  [[nodiscard]] const std::string &url() const { return url_; }

 private:
  AdminApi(Terminal &terminal, std::string url, std::string token)
      : terminal_(&terminal), url_(std::move(url)), token_(std::move(token)) {}

  std::expected<std::string, Failure> ask(std::string_view method, std::string_view path,
                                          std::string body = {});

  Terminal *terminal_;  // borrowed
  std::string url_;     // without a slash at its end
  std::string token_;
};

// Prints "sluice COMMAND: message" to the error stream and returns the failure's exit code.
int report(Terminal &terminal, std::string_view command, const Failure &failure);

// The URL to reach a listener that the configuration names: a wildcard becomes loopback.
std::string url_of_listener(std::string_view address);

}  // namespace sluice::cli
