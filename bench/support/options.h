// SPDX-License-Identifier: Apache-2.0
// Command line of the bench programs: `--name value` and `--flag`, from one table that also is the
// help text. A mistake ends the program with status 2, because a benchmark that guesses measures
// the wrong thing.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

struct Option {
  std::string_view name;      // without the dashes
  std::string_view fallback;  // "no" makes it a flag, which takes no value
  std::string_view help;
};

class Options {
 public:
  Options(std::string_view about, std::vector<Option> table, int argc, char **argv);

  [[nodiscard]] const std::string &text(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return text(name) == "yes"; }
  // Ends the program when the value is not a number from low to high.
  [[nodiscard]] double number(std::string_view name, double low, double high) const;
  [[nodiscard]] int integer(std::string_view name, int low, int high) const;

 private:
  [[noreturn]] void usage(std::string_view complaint) const;

  std::string_view about_;
  std::vector<Option> table_;
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace sluice::bench
