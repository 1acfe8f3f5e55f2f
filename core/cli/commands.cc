// SPDX-License-Identifier: Apache-2.0
// The table of commands, dispatch, and the help that is made from the table.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

#include "base/json.h"
#include "cli/admin_api.h"
#include "cli/command.h"
#include "cli/format.h"

namespace sluice::cli {
namespace {

int version_command(const Arguments &arguments, Terminal &terminal) {
  if (arguments.has("json")) {
    terminal.out << base::dump(base::Json{{"name", "sluice"}, {"version", SLUICE_VERSION}}, 2)
                 << '\n';
  } else {
    terminal.out << "sluice " SLUICE_VERSION "\n";
  }
  return kExitOk;
}

int help_command(const Arguments &arguments, Terminal &terminal);

constexpr std::array kRunOptions = {kConfigOption, kHelpOption};
constexpr std::array kCheckOptions = {
    kConfigOption,
    Option{"print", 'p', "", "Print the whole configuration in effect; secrets as ***."},
    kJsonOption, kHelpOption};
constexpr std::array kNodeOptions = {kAdminOption, kConfigOption, kJsonOption, kHelpOption};
constexpr std::array kSessionsOptions = {
    Option{"stream", 's', "NAME", "Only sessions of this stream."},
    Option{"kind", 'k', "KIND", "Only these: publisher, source or viewer."},
    kAdminOption,
    kConfigOption,
    kJsonOption,
    kHelpOption};
constexpr std::array kProbeOptions = {
    Option{"transport", 't', "WAY", "Only this: tcp, udp, multicast or http. Default: auto."},
    Option{"seconds", 's', "N", "Watch media for so long. Default: 10."},
    Option{"verify", 'V', "", "Check the camera's certificate."},
    Option{"bundle", 'b', "FILE", "Write a report for others, without secrets and pictures."},
    kConfigOption,
    kJsonOption,
    kHelpOption};
constexpr std::array kVersionOptions = {kJsonOption, kHelpOption};
constexpr std::array kHelpOptions = {kHelpOption};

constexpr std::array<Command, 10> kCommands = {{
    {"run", "", 0, 0, "Run the node in the foreground.",
     "Logs go to the error stream. SIGHUP reads the configuration again, SIGTERM and SIGINT\n"
     "end the node after its viewers were told; a second one ends it at once. Exits with 0\n"
     "after a clean end and with 78 when the configuration has mistakes.",
     kRunOptions, run_command},
    {"check", "", 0, 0, "Check a configuration and say every mistake in it.",
     "Reads FILE, then conf.d/*.yaml and plugins-enabled/*.yaml beside it, as the node does.\n"
     "Each mistake is one line, file:line:column: error: what. Exits with 78 when there is any.",
     kCheckOptions, check_command},
    {"status", "", 0, 0, "Show a running node at a glance.",
     "Exits with 0 when the node is ready, and with 1 when it is starting, draining or not there.",
     kNodeOptions, status_command},
    {"streams", "[NAME]", 0, 1, "List the streams, or show one in detail.",
     "NAME is <server>/<camera>. IN and OUT are bytes since the stream began.", kNodeOptions,
     streams_command},
    {"sessions", "", 0, 0, "List publishers, sources and viewers.",
     "LAG is how far a viewer is behind the live edge; SKIPS counts its jumps to a newer key "
     "frame.",
     kSessionsOptions, sessions_command},
    {"kick", "ID...", 1, kAnyNumber, "End sessions by their ids.",
     "`sluice sessions` shows the ids. A player or encoder may connect again at once.",
     kNodeOptions, kick_command},
    {"source", "list | add NAME URL... [KEY=VALUE]... | remove NAME", 1, kAnyNumber,
     "List the cameras that are pulled, add one or remove it.",
     "NAME is <server>/<camera>. Of several URLs the next is taken when one fails. KEY is a key "
     "of\n"
     "an entry of `streams` in the configuration, such as on_demand=true or transport=udp. A URL\n"
     "of - reads URLs from the standard input, one a line, so that no password is seen in the "
     "list\n"
     "of processes. What is added is kept by the node; what its configuration has is changed "
     "there.",
     kNodeOptions, source_command},
    {"probe", "URL|NAME", 1, 1, "Look at a camera as the node would read it.",
     "URL is rtsp:// or rtsps://, NAME a stream of the configuration that has a source. Says "
     "which\n"
     "transports work, what the camera sends and what is odd about it. Exits with 0 when media "
     "came.",
     kProbeOptions, probe_command},
    {"version", "", 0, 0, "Show the version.", "", kVersionOptions, version_command},
    {"help", "[COMMAND]", 0, 1, "Show help about a command.", "", kHelpOptions, help_command},
}};

const Command *find_command(std::string_view name) {
  auto found = std::ranges::find(kCommands, name, &Command::name);
  return found == kCommands.end() ? nullptr : &*found;
}

int unknown_command(std::string_view name, Terminal &terminal) {
  std::vector<std::string_view> names;
  for (const Command &command : kCommands)
    names.push_back(command.name);
  auto near = closest(name, names);
  terminal.err << "sluice: unknown command " << printable(name)
               << (near ? fmt::format("; did you mean {}?", *near) : "")
               << "\nTry `sluice --help`.\n";
  return kExitUsage;
}

int help_command(const Arguments &arguments, Terminal &terminal) {
  if (arguments.operands.empty()) {
    terminal.out << general_help();
    return kExitOk;
  }
  const Command *command = find_command(arguments.operands[0]);
  if (command == nullptr) return unknown_command(arguments.operands[0], terminal);
  terminal.out << command_help(*command);
  return kExitOk;
}

std::string option_line(const Option &option) {
  std::string left = option.letter == '\0' ? "    " : fmt::format("-{}, ", option.letter);
  left += fmt::format("--{}", option.name);
  if (!option.argument.empty()) left += fmt::format(" {}", option.argument);
  return fmt::format("  {:<20} {}\n", left, option.help);
}

int misuse(const Command &command, std::string_view mistake, Terminal &terminal) {
  terminal.err << "sluice " << command.name << ": " << printable(mistake) << "\nTry `sluice "
               << command.name << " --help`.\n";
  return kExitUsage;
}

// What a user may type instead of a command's name.
std::string_view resolve_alias(std::string_view word) {
  if (word == "--help" || word == "-h") return "help";
  if (word == "--version" || word == "-V") return "version";
  return word;
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

std::string general_help() {
  std::string out =
      "Usage: sluice COMMAND [OPTION]...\n\n"
      "Sluice is a streaming edge node: encoders publish to it, players watch what they "
      "publish.\n\n"
      "Commands:\n";
  for (const Command &command : kCommands) {
    out += fmt::format("  {:<10} {}\n", command.name, command.summary);
  }
  out +=
      "\n`sluice COMMAND --help` says more about a command.\n\n"
      "Exit codes: 0 done; 1 failed; 2 wrong usage; 78 mistakes in the configuration.\n"
      "Files: /etc/sluice/sluice.yaml, /etc/sluice/conf.d/*.yaml\n";
  return out;
}

std::string command_help(const Command &command) {
  std::string out = fmt::format("Usage: sluice {} [OPTION]...", command.name);
  if (!command.operands.empty()) out += fmt::format(" {}", command.operands);
  out += fmt::format("\n\n{}\n", command.summary);
  if (!command.details.empty()) out += fmt::format("\n{}\n", command.details);
  if (std::ranges::count(command.options, "admin", &Option::name) > 0) {
    out += fmt::format("\n{}\n", kAdminHelp);
  }
  out += "\nOptions:\n";
  for (const Option &option : command.options)
    out += option_line(option);
  return out;
}

int dispatch(std::span<const std::string_view> words, Terminal &terminal) {
  if (words.empty()) {
    terminal.err << general_help();
    return kExitUsage;
  }
  std::string_view name = resolve_alias(words[0]);
  const Command *command = find_command(name);
  if (command == nullptr) return unknown_command(name, terminal);
  auto arguments = parse_arguments(words.subspan(1), command->options);
  if (!arguments) return misuse(*command, arguments.error(), terminal);
  if (arguments->has("help")) {
    terminal.out << command_help(*command);
    return kExitOk;
  }
  if (arguments->operands.size() < command->min_operands) {
    return misuse(*command, fmt::format("{} is missing", command->operands), terminal);
  }
  if (arguments->operands.size() > command->max_operands) {
    return misuse(*command,
                  fmt::format("{} is one too many", arguments->operands[command->max_operands]),
                  terminal);
  }
  return command->run(*arguments, terminal);
}

}  // namespace sluice::cli
