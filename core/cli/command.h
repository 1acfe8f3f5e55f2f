// SPDX-License-Identifier: Apache-2.0
// Command: one row of the table of what the program can do; dispatch and help are made from it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "cli/terminal.h"

namespace sluice::cli {

struct Command {
  std::string_view name;
  std::string_view operands;  // for the usage line: "[NAME]"
  std::size_t min_operands;
  std::size_t max_operands;
  std::string_view summary;  // one line, for the list of commands
  std::string_view details;  // paragraphs for the command's own --help
  std::span<const Option> options;
  int (*run)(const Arguments &, Terminal &);
};

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);
inline constexpr std::string_view kDefaultConfig = "/etc/sluice/sluice.yaml";

// All commands, in the order in which help lists them.
std::span<const Command> commands();

// Runs the command that the words name (without the program's own name); the result is the exit
// code.
int dispatch(std::span<const std::string_view> words, Terminal &terminal);

std::string general_help();
std::string command_help(const Command &command);

// One function per command, a file per family: node_commands, status_command, streams_command,
// session_commands, source_command, probe_command, commands (version, help).
int run_command(const Arguments &arguments, Terminal &terminal);
int check_command(const Arguments &arguments, Terminal &terminal);
int status_command(const Arguments &arguments, Terminal &terminal);
int streams_command(const Arguments &arguments, Terminal &terminal);
int sessions_command(const Arguments &arguments, Terminal &terminal);
int kick_command(const Arguments &arguments, Terminal &terminal);
int source_command(const Arguments &arguments, Terminal &terminal);
int probe_command(const Arguments &arguments, Terminal &terminal);

}  // namespace sluice::cli
