// SPDX-License-Identifier: Apache-2.0
// A Terminal without a world: keeps what commands print, answers what the test says.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.h"

namespace sluice::cli {

class FakeTerminal {
 public:
  std::ostringstream out, err;
  std::map<std::string, std::string> environment;
  base::Result<HttpReply> reply = HttpReply{200, "{}"};
  std::vector<std::string> requests;  // "GET http://… token"
  std::string last_body;
  std::string input;
  std::string ran_with;

  int run(std::vector<std::string_view> words) {
    Terminal terminal{
        out,
        err,
        [this](const char *name) {
          auto found = environment.find(name);
          return found == environment.end() ? std::nullopt : std::optional(found->second);
        },
        [this](const HttpRequest &request) {
          requests.push_back(std::string(request.method) + ' ' + request.url + ' ' + request.token);
          last_body = request.body;
          return reply;
        },
        [this](const std::string &path) {
          ran_with = path;
          return 0;
        },
        [this] { return input; }};
    return dispatch(words, terminal);
  }
};

}  // namespace sluice::cli
