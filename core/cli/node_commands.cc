// SPDX-License-Identifier: Apache-2.0
// `sluice run` and `sluice check`: the commands that read a configuration on this machine.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/json.h"
#include "cli/command.h"
#include "config/load.h"
#include "config/print.h"
#include "node/load.h"

namespace sluice::cli {
namespace {

base::Json to_json(const config::LoadResult &loaded) {
  base::Json diagnostics = base::Json::array();
  for (const config::Diagnostic &found : loaded.diagnostics) {
    bool is_error = found.severity == config::Severity::Error;
    diagnostics.push_back({{"file", found.file},
                           {"line", found.line},
                           {"column", found.column},
                           {"severity", is_error ? "error" : "warning"},
                           {"message", found.message}});
  }
  return {{"ok", loaded.config.has_value()},
          {"files", loaded.files},
          {"diagnostics", std::move(diagnostics)}};
}

std::string count(std::size_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

}  // namespace

int run_command(const Arguments &arguments, Terminal &terminal) {
  return terminal.run_node(arguments.value("config").value_or(std::string(kDefaultConfig)));
}

int check_command(const Arguments &arguments, Terminal &terminal) {
  std::string path = arguments.value("config").value_or(std::string(kDefaultConfig));
  config::LoadResult loaded = node::load_blocking(path).config;
  int exit_code = loaded.config ? kExitOk : kExitBadConfig;
  if (arguments.has("json")) {
    terminal.out << base::dump(to_json(loaded), 2) << '\n';
    return exit_code;
  }
  for (const config::Diagnostic &found : loaded.diagnostics) {
    terminal.err << config::format(found) << '\n';
  }
  auto errors = static_cast<std::size_t>(std::ranges::count(
      loaded.diagnostics, config::Severity::Error, &config::Diagnostic::severity));
  if (!loaded.config) {
    terminal.err << path << ": " << count(errors, "mistake") << " found\n";
  } else if (arguments.has("print")) {
    terminal.out << config::print(*loaded.config);
  } else {
    terminal.out << path << ": good (" << count(loaded.files.size(), "file") << " read)\n";
  }
  return exit_code;
}

}  // namespace sluice::cli
