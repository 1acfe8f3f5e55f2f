// SPDX-License-Identifier: Apache-2.0
// The command line table: parse, look up, complain.
#include "support/options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace sluice::bench {

Options::Options(std::string_view about, std::vector<Option> table, int argc, char **argv)
    : about_(about), table_(std::move(table)) {
  for (const Option &option : table_)
    values_.emplace(option.name, option.fallback);
  for (int i = 1; i < argc; i++) {
    std::string_view argument = argv[i];
    if (argument == "--help") usage({});
    if (!argument.starts_with("--")) usage(argument);
    auto value = values_.find(argument.substr(2));
    if (value == values_.end()) usage(argument);
    bool is_flag = value->second == "no" || value->second == "yes";
    if (!is_flag && i + 1 == argc) usage(argument);
    value->second = is_flag ? "yes" : argv[++i];
  }
}

const std::string &Options::text(std::string_view name) const {
  auto value = values_.find(name);
  if (value == values_.end()) std::abort();  // a typing error in the bench program itself
  return value->second;
}

double Options::number(std::string_view name, double low, double high) const {
  const std::string &value = text(name);
  double number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  bool whole = error == std::errc() && end == value.data() + value.size();
  if (!whole || !(number >= low && number <= high)) usage(name);
  return number;
}

int Options::integer(std::string_view name, int low, int high) const {
  return static_cast<int>(number(name, low, high));
}

void Options::usage(std::string_view complaint) const {
  FILE *out = complaint.empty() ? stdout : stderr;
  if (!complaint.empty())
    std::fprintf(out, "cannot use this: %.*s\n", static_cast<int>(complaint.size()),
                 complaint.data());
  std::fprintf(out, "%.*s\n", static_cast<int>(about_.size()), about_.data());
  for (const Option &option : table_)
    std::fprintf(out, "  --%-14.*s %.*s (default: %.*s)\n", static_cast<int>(option.name.size()),
                 option.name.data(), static_cast<int>(option.help.size()), option.help.data(),
                 static_cast<int>(option.fallback.size()), option.fallback.data());
  std::exit(complaint.empty() ? 0 : 2);
}

}  // namespace sluice::bench
