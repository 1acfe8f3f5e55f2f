// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "http/blocking_client.h"
#include "node/run.h"

namespace sluice::cli {
namespace {

std::optional<std::string> environment(const char *name) {
  const char *value = std::getenv(name);  // before any thread exists
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

// As much as an answer to it could be: more is no list of URLs.
std::string read_input() {
  constexpr std::streamsize kMax = 64 * 1024;
  std::string text(kMax, '\0');
  std::cin.read(text.data(), kMax);
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  return text;
}

base::Result<HttpReply> fetch(const HttpRequest &request) {
  http::ClientRequest outgoing;
  outgoing.url = request.url;
  if (request.method == "DELETE") outgoing.method = http::Method::Delete;
  if (request.method == "PUT") {
    outgoing.method = http::Method::Put;
    outgoing.headers.push_back({"Content-Type", "application/json"});
    outgoing.body = request.body;
  }
  if (!request.token.empty()) {
    outgoing.headers.push_back({"Authorization", "Bearer " + request.token});
  }
  auto response = http::request_blocking(outgoing);
  if (!response) return base::fail(response.error());
  return HttpReply{response->status, std::move(response->body)};
}

}  // namespace

int main(int argc, const char *const *argv) {
  std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  Terminal terminal{std::cout, std::cerr, environment, fetch, node::run, read_input};
  int exit_code = dispatch(words, terminal);
  std::cout.flush();
  if (std::cout.fail() && exit_code == kExitOk) {
    std::cerr << "sluice: cannot write to the standard output\n";
    return kExitFailed;
  }
  return exit_code;
}

}  // namespace sluice::cli
