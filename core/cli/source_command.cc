// SPDX-License-Identifier: Apache-2.0
// `sluice source`: the cameras that a node pulls, and adding and removing them while it runs.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <sstream>

#include "base/json.h"
#include "cli/admin_api.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/node_model.h"
#include "config/check.h"

namespace sluice::cli {
namespace {

using base::Json;
using Operands = std::vector<std::string>;

int misuse(Terminal &terminal, std::string message) {
  return report(terminal, "source", {kExitUsage, std::move(message)});
}

std::string overview(const std::vector<SourceView> &sources) {
  using enum Table::Align;
  Table table({{"NAME"},
               {"STATE"},
               {"BY"},
               {"FROM"},
               {"TRIES", Right},
               {"NEXT TRY", Right},
               {"LAST ERROR"},
               {"URL"}});
  for (const SourceView &source : sources) {
    table.add({source.name, source.state, source.transport, source.origin,
               std::to_string(source.attempts),
               source.next_try_in_s ? format_duration(*source.next_try_in_s) : "",
               source.error_reason, source.url});
  }
  return table.text();
}

int list(AdminApi &api, const Arguments &arguments, Terminal &terminal) {
  auto answer = api.get("/api/v1/sources");
  if (!answer) return report(terminal, "source", answer.error());
  auto sources = decode_sources(*answer);
  if (!sources) {
    return report(terminal, "source",
                  {kExitFailed, api.url() + " does not answer as a Sluice node does"});
  }
  if (arguments.has("json")) {
    terminal.out << indent_json(*answer);
  } else if (sources->empty()) {
    terminal.err << "No sources.\n";
  } else {
    terminal.out << overview(*sources);
  }
  return kExitOk;
}

// What follows a name: URLs, and keys with their values.
Json body_of(std::span<const std::string> words, Terminal &terminal) {
  Json urls = Json::array();
  Json body = Json::object();
  for (const std::string &word : words) {
    std::size_t equals = word.find('=');
    if (word == "-") {
      std::istringstream lines(terminal.read_input());
      for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) line.pop_back();
        if (!line.empty()) urls.push_back(line);
      }
    } else if (equals != std::string::npos && !word.substr(0, equals).contains("://")) {
      body[word.substr(0, equals)] = word.substr(equals + 1);
    } else {
      urls.push_back(word);
    }
  }
  if (!urls.empty()) body["source"] = std::move(urls);
  return body;
}

std::string path_of(const std::string &name) { return "/api/v1/sources/" + name; }

int add(AdminApi &api, const Arguments &arguments, Terminal &terminal) {
  const Operands &words = arguments.operands;
  Json body = body_of(std::span(words).subspan(2), terminal);
  auto answer = api.put(path_of(words[1]), base::dump(body));
  if (!answer) return report(terminal, "source", answer.error());
  if (arguments.has("json")) {
    terminal.out << indent_json(*answer);
  } else {
    terminal.out << "added " << words[1] << '\n';
  }
  return kExitOk;
}

int remove(AdminApi &api, const Arguments &arguments, Terminal &terminal) {
  const std::string &name = arguments.operands[1];
  auto answer = api.remove(path_of(name));
  if (!answer) return report(terminal, "source", answer.error());
  if (arguments.has("json")) {
    terminal.out << indent_json(*answer);
  } else {
    terminal.out << "removed " << name << '\n';
  }
  return kExitOk;
}

struct Action {
  std::string_view name;
  std::size_t min_operands;  // the action's own name is one
  std::size_t max_operands;
  std::string_view usage;
  int (*run)(AdminApi &, const Arguments &, Terminal &);
};
constexpr Action kActions[] = {
    {"list", 1, 1, "list", list},
    {"add", 3, kAnyNumber, "add NAME URL... [KEY=VALUE]...", add},
    {"remove", 2, 2, "remove NAME", remove},
};

}  // namespace

int source_command(const Arguments &arguments, Terminal &terminal) {
  const Operands &words = arguments.operands;
  const auto *action = std::ranges::find(kActions, words[0], &Action::name);
  if (action == std::end(kActions)) {
    return misuse(terminal,
                  fmt::format("{} is not one of list, add and remove", printable(words[0])));
  }
  if (words.size() < action->min_operands || words.size() > action->max_operands) {
    return misuse(terminal, fmt::format("usage: sluice source {}", action->usage));
  }
  // A name that is none must not become another path.
  if (words.size() > 1 && config::check_stream_name(words[1])) {
    return misuse(terminal, fmt::format("{} is not a name such as cams/gate", printable(words[1])));
  }
  auto api = AdminApi::open(arguments, terminal);
  if (!api) return report(terminal, "source", api.error());
  return action->run(*api, arguments, terminal);
}

}  // namespace sluice::cli
