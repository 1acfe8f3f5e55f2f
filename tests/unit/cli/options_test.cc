// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <doctest/doctest.h>

#include <array>

namespace sluice::cli {
namespace {

constexpr std::array<Option, 3> kOptions = {{
    {"config", 'c', "FILE", ""},
    {"json", 'j', "", ""},
    {"print", 'p', "", ""},
}};

auto parse(std::vector<std::string_view> words) { return parse_arguments(words, kOptions); }

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("options: a value comes after an equals sign, a blank or the letter itself") {
    for (auto words : std::vector<std::vector<std::string_view>>{
             {"--config=a.yaml"}, {"--config", "a.yaml"}, {"-c", "a.yaml"}, {"-ca.yaml"}}) {
      auto found = parse(words);
      REQUIRE(found);
      CHECK(found->value("config") == "a.yaml");
      CHECK_FALSE(found->has("json"));
      CHECK(found->operands.empty());
    }
  }

  TEST_CASE("options: letters of flags may be grouped, and the last may take a value") {
    auto found = parse({"-jpc", "x"});
    REQUIRE(found);
    CHECK(found->has("json"));
    CHECK(found->has("print"));
    CHECK(found->value("config") == "x");
  }

  TEST_CASE("options: operands mix with options, and two dashes end the options") {
    auto found = parse({"a", "--json", "-", "--", "--config", "-j"});
    REQUIRE(found);
    CHECK(found->operands == std::vector<std::string>{"a", "-", "--config", "-j"});
    CHECK_FALSE(found->has("config"));
  }

  TEST_CASE("options: the last of two values wins") {
    CHECK(parse({"-c", "a", "--config=b"})->value("config") == "b");
  }

  TEST_CASE("options: mistakes are named, with the option that was probably meant") {
    CHECK(parse({"--jsn"}).error() == "unknown option --jsn; did you mean --json?");
    CHECK(parse({"--whatever"}).error() == "unknown option --whatever");
    CHECK(parse({"-x"}).error() == "unknown option -x");
    CHECK(parse({"--json=1"}).error() == "option --json takes no value");
    CHECK(parse({"--config"}).error() == "option --config needs a value: --config FILE");
    CHECK(parse({"-c"}).error() == "option --config needs a value: --config FILE");
    CHECK(parse({"--config="}).error() == "option --config has an empty value");
  }

  TEST_CASE("closest: a word is matched only to something near it") {
    constexpr std::array<std::string_view, 3> kWords = {"streams", "status", "sessions"};
    CHECK(closest("stream", kWords) == "streams");
    CHECK(closest("sesions", kWords) == "sessions");
    CHECK_FALSE(closest("frobnicate", kWords));
    CHECK_FALSE(closest("", kWords));
    CHECK_FALSE(closest(std::string(100000, 's'), kWords));
  }
}

}  // namespace sluice::cli
