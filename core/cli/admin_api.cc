// SPDX-License-Identifier: Apache-2.0
#include "cli/admin_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/node_model.h"
#include "config/load.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:9090";

std::unexpected<Failure> failed(std::string message, int exit_code = kExitFailed) {
  return std::unexpected<Failure>(Failure{exit_code, std::move(message)});
}

// Takes "host:port" too, because people type that.
std::expected<std::string, Failure> normal_url(std::string_view given) {
  std::string url(given);
  if (!url.contains("://")) url.insert(0, "http://");
  while (url.ends_with('/'))
    url.pop_back();
  bool is_web = url.starts_with("http://") || url.starts_with("https://");
  std::size_t host = url.find("://") + 3;
  if (!is_web || host >= url.size() || url.find_first_of("/?# @", host) != std::string::npos) {
    return failed(fmt::format("--admin {}: not an address; write it as http://127.0.0.1:9090",
                              printable(given)),
                  kExitUsage);
  }
  return url;
}

std::string explain(const base::Error &error, const std::string &url) {
  std::string reason = error.sys != 0 ? base::describe(error) : std::string(error.what);
  std::string text = fmt::format("cannot reach the node at {}: {}", url, reason);
  if (error.code == base::Code::Malformed) {
    return fmt::format("no node answers at {}: {}; is this the admin listener?", url, reason);
  }
  if (error.code == base::Code::TimedOut || error.code == base::Code::TooLarge) return text;
  return text + "; is it running? (another address: --admin URL)";
}

struct ConfigAccess {
  std::string url;
  std::string token;
};

// A default configuration that is not there is no mistake: a node may still run on this machine.
std::expected<ConfigAccess, Failure> access_from_config(const Arguments &arguments) {
  std::string path = arguments.value("config").value_or(std::string(kDefaultConfig));
  std::error_code ignored;
  if (!arguments.has("config") && !std::filesystem::exists(path, ignored)) {
    return ConfigAccess{std::string(kDefaultUrl), ""};
  }
  config::LoadResult loaded = config::load(path);
  if (!loaded.config) {
    std::string first = "cannot be read";
    for (const config::Diagnostic &diagnostic : loaded.diagnostics) {
      if (diagnostic.severity != config::Severity::Error) continue;
      first = config::format(diagnostic);
      break;
    }
    return failed(fmt::format("cannot learn the node's address from {}:\n  {}\n"
                              "Name the node with --admin URL, or see `sluice check`.",
                              path, printable(first)),
                  kExitBadConfig);
  }
  if (loaded.config->listen.admin.empty()) {
    return failed(fmt::format("listen.admin is empty in {}, so the node has no admin API", path));
  }
  return ConfigAccess{url_of_listener(loaded.config->listen.admin.front()),
                      loaded.config->admin.token};
}

}  // namespace

std::string url_of_listener(std::string_view address) {
  constexpr std::string_view kAnyV6 = "[::]:";
  constexpr std::string_view kAnyV4 = "0.0.0.0:";
  if (address.starts_with(kAnyV6)) {
    return fmt::format("http://[::1]:{}", address.substr(kAnyV6.size()));
  }
  if (address.starts_with(kAnyV4)) {
    return fmt::format("http://127.0.0.1:{}", address.substr(kAnyV4.size()));
  }
  return fmt::format("http://{}", address);
}

std::expected<AdminApi, Failure> AdminApi::open(const Arguments &arguments, Terminal &terminal) {
  ConfigAccess access;
  auto given = arguments.value("admin");
  if (!given || arguments.has("config")) {
    auto from_config = access_from_config(arguments);
    if (!from_config) return std::unexpected(from_config.error());
    access = std::move(*from_config);
  }
  if (given) {
    auto url = normal_url(*given);
    if (!url) return std::unexpected(url.error());
    access.url = std::move(*url);
  }
  if (auto token = terminal.environment("SLUICE_ADMIN_TOKEN"); token && !token->empty()) {
    access.token = std::move(*token);
  }
  return AdminApi(terminal, std::move(access.url), std::move(access.token));
}

std::expected<std::string, Failure> AdminApi::get(std::string_view path) {
  return ask("GET", path);
}

std::expected<std::string, Failure> AdminApi::remove(std::string_view path) {
  return ask("DELETE", path);
}

std::expected<std::string, Failure> AdminApi::put(std::string_view path, std::string body) {
  return ask("PUT", path, std::move(body));
}

std::expected<std::string, Failure> AdminApi::ask(std::string_view method, std::string_view path,
                                                  std::string body) {
  HttpRequest request{method, url_ + std::string(path), token_, std::move(body)};
  auto reply = terminal_->fetch(request);
  if (!reply) return failed(explain(reply.error(), url_));
  if (reply->status == 200) return std::move(reply->body);
  if (reply->status == 401 || reply->status == 403) {
    return failed(fmt::format(
        "the node at {} {}", url_,
        token_.empty() ? "asks for a token; set SLUICE_ADMIN_TOKEN to the node's admin.token"
                       : "refuses this token; it is not the node's admin.token"));
  }
  std::string words = printable(decode_error_message(reply->body));
  return failed(fmt::format("the node at {} answers {}{}{}", url_, reply->status,
                            words.empty() ? "" : ": ", words));
}

int report(Terminal &terminal, std::string_view command, const Failure &failure) {
  terminal.err << "sluice " << command << ": " << failure.message << '\n';
  return failure.exit_code;
}

}  // namespace sluice::cli
