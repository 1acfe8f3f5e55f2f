// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/nearest.h"

namespace sluice::cli {
namespace {

using Mistake = std::unexpected<std::string>;

class Parser {
 public:
  Parser(std::span<const std::string_view> words, std::span<const Option> options)
      : words_(words), options_(options) {}

  std::expected<Arguments, std::string> parse() {
    while (next_ < words_.size()) {
      std::string_view word = words_[next_++];
      if (word == "--") {
        while (next_ < words_.size())
          found_.operands.emplace_back(words_[next_++]);
      } else if (word.starts_with("--")) {
        take_long(word.substr(2));
      } else if (word.size() > 1 && word[0] == '-') {
        take_letters(word.substr(1));
      } else {
        found_.operands.emplace_back(word);
      }
      if (!mistake_.empty()) return Mistake(mistake_);
    }
    return std::move(found_);
  }

 private:
  void take_long(std::string_view word) {
    auto equals = word.find('=');
    std::string_view name = word.substr(0, equals);
    auto option = std::ranges::find(options_, name, &Option::name);
    if (option == options_.end()) return unknown(name);
    if (equals == std::string_view::npos) return take_value(*option);
    if (option->argument.empty()) {
      mistake_ = fmt::format("option --{} takes no value", name);
      return;
    }
    store(*option, word.substr(equals + 1));
  }

  void take_letters(std::string_view letters) {
    while (!letters.empty() && mistake_.empty()) {
      auto option = std::ranges::find(options_, letters[0], &Option::letter);
      if (letters[0] == '\0' || option == options_.end()) {
        mistake_ = fmt::format("unknown option -{}", letters.substr(0, 1));
        return;
      }
      letters.remove_prefix(1);
      if (option->argument.empty()) {
        store(*option, "");
      } else if (letters.empty()) {
        take_value(*option);
      } else {
        store(*option, letters);
        return;
      }
    }
  }

  void take_value(const Option &option) {
    if (option.argument.empty()) return store(option, "");
    if (next_ == words_.size()) {
      mistake_ = fmt::format("option --{} needs a value: --{} {}", option.name, option.name,
                             option.argument);
      return;
    }
    store(option, words_[next_++]);
  }

  void store(const Option &option, std::string_view value) {
    if (!option.argument.empty() && value.empty()) {
      mistake_ = fmt::format("option --{} has an empty value", option.name);
      return;
    }
    found_.options.insert_or_assign(std::string(option.name), std::string(value));
  }

  void unknown(std::string_view name) {
    std::vector<std::string_view> names;
    for (const Option &option : options_)
      names.push_back(option.name);
    mistake_ = fmt::format("unknown option --{}", name);
    if (auto near = closest(name, names)) mistake_ += fmt::format("; did you mean --{}?", *near);
  }

  std::span<const std::string_view> words_;
  std::span<const Option> options_;
  std::size_t next_ = 0;
  Arguments found_;
  std::string mistake_;
};

}  // namespace

std::optional<std::string> Arguments::value(std::string_view name) const {
  auto found = options.find(name);
  if (found == options.end()) return std::nullopt;
  return found->second;
}

std::expected<Arguments, std::string> parse_arguments(std::span<const std::string_view> words,
                                                      std::span<const Option> options) {
  return Parser(words, options).parse();
}

std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestWord = 64;
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    std::size_t distance = config::edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace sluice::cli
