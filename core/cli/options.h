// SPDX-License-Identifier: Apache-2.0
// Command line options: a table per command, from which come both the parser and the help text.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

struct Option {
  std::string_view name;      // without the two dashes
  char letter;                // '\0': no short form
  std::string_view argument;  // what --help calls the value; empty: the option is a flag
  std::string_view help;
};

struct Arguments {
  std::map<std::string, std::string, std::less<>> options;  // last one wins
  std::vector<std::string> operands;

  [[nodiscard]] bool has(std::string_view name) const { return options.contains(name); }
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
};

// Takes --name VALUE, --name=VALUE, -n VALUE, -nVALUE, grouped flags, and "--", which ends options.
// The error is one sentence for the user, without the program's name.
std::expected<Arguments, std::string> parse_arguments(std::span<const std::string_view> words,
                                                      std::span<const Option> options);

// The candidate that the word was most likely meant to be, or nothing when none is near.
std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> candidates);

}  // namespace sluice::cli
