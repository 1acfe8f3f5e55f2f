// SPDX-License-Identifier: Apache-2.0
// Hostile and broken files: each ends in clean errors, quickly and within bounded memory.
#include "config/yaml_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "diagnostics.h"

using namespace sluice;
using namespace sluice::config;

namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i)
    all += text;
  return all;
}

bool says(const std::vector<std::string> &lines, std::string_view words) {
  return std::ranges::any_of(lines, [&](const auto &line) { return line.contains(words); });
}

}  // namespace

TEST_SUITE("config") {
  TEST_CASE("yaml: nesting of a hundred thousand levels is refused, however it is spelt") {
    for (const char *open : {"[", "{a: ", "{", "- ", "? ", "[? ", "{? ", "[{a: "}) {
      CAPTURE(open);
      CHECK(says(mistakes(repeat(open, 100'000)), "values are nested too deeply"));
    }
    CHECK(says(mistakes(repeat("[", 100'000) + repeat("]", 100'000)), "nested too deeply"));
    CHECK(says(mistakes("a: " + repeat("[", 100'000)), "nested too deeply"));
    std::string steps;
    for (std::size_t depth = 0; depth < 1'400; ++depth)
      steps += repeat(" ", depth) + "a:\n";
    CHECK(says(mistakes(steps), "f:33:33: error: values are nested too deeply"));
  }

  TEST_CASE("yaml: aliases that multiply are refused without being followed") {
    std::string laughs = "a: &a [lol, lol, lol]\n";
    for (char c = 'b'; c <= 'z'; ++c) {
      const std::string name(1, c), before(1, static_cast<char>(c - 1));
      laughs += name + ": &" + name + " [" + repeat("*" + before + ",", 9) + "]\n";
    }
    const auto lines = mistakes(laughs);
    CHECK(says(lines, "f:1:4: error: anchors are not supported"));
    CHECK(says(lines, "f:2:8: error: aliases are not supported"));
    CHECK(says(mistakes("node: &n {id: x}\nlog: {<<: *n}\n"), "f:2:11: error: aliases"));
    CHECK(says(mistakes("a: *nothing\n"), "f:1:4: error: this is not valid YAML"));
    CHECK(says(mistakes("&a node: {}\n"), "anchors are not supported"));
    CHECK(says(mistakes("? *a\n: b\n"), "not valid YAML"));
  }

  TEST_CASE("yaml: a file above the limit is refused before it is parsed") {
    CHECK(mistake(std::string(kMaxFileSize + 1, '#')) == "f: error: is larger than 1MiB");
    CHECK(mistakes(std::string(kMaxFileSize, '#')).empty());
  }

  TEST_CASE("yaml: the number of values is bounded") {
    CHECK(says(mistakes("a: [" + repeat("1,", 101'000) + "]"), "there are too many values"));
    CHECK(says(mistakes("a: [" + repeat("[],", 101'000) + "]"), "there are too many values"));
    std::string keys = "a:\n";
    for (int i = 0; i < 51'000; ++i)
      keys += "  k" + std::to_string(i) + ":\n";
    CHECK(says(mistakes(keys), "there are too many values"));
  }

  TEST_CASE("yaml: a list of mistakes ends somewhere") {
    std::string text;
    for (int i = 0; i < 20'000; ++i)
      text += "key" + std::to_string(i) + ": 1\n";
    const auto lines = mistakes(text);
    CHECK(lines.size() == 1'000);
    CHECK(says(lines, "f: error: there are too many mistakes to list them all"));
  }

  TEST_CASE("yaml: text must be UTF-8 without control characters") {
    CHECK(mistake("# caf\xe9 \xe9\nlog: {}\n") == "f:1:6: error: this is not UTF-8 text");
    CHECK(mistake("# \xc0\xaf") == "f:1:3: error: this is not UTF-8 text");      // overlong
    CHECK(mistake("# \xed\xa0\x80") == "f:1:3: error: this is not UTF-8 text");  // a surrogate
    CHECK(mistake("# \xf4\x90\x80\x80") == "f:1:3: error: this is not UTF-8 text");
    CHECK(mistake("# \xe2\x82") == "f:1:3: error: this is not UTF-8 text");  // cut
    CHECK(mistake("#\n# \x1b[0m") == "f:2:3: error: there is a control character here");
    CHECK(mistake(std::string_view("l\0o\0g\0", 6)) == "f: error: this is not a text file");
    CHECK(mistake("\xff\xfel\0").starts_with("f:1:1: error: this is not UTF-8 text"));
    CHECK(mistakes("\xef\xbb\xbflog: {level: info}\r\n# 语言 é 🎥\r\n").empty());
  }

  TEST_CASE("yaml: the rest of a file is checked after a byte that does not belong") {
    CHECK(mistakes("# caf\xe9\nlogg: {}\n").size() == 2);
  }

  TEST_CASE("yaml: one document, plain keys, no tags") {
    CHECK(mistake("log: {}\n---\nnode: {}\n") == "f:2:1: error: there must be only one document");
    CHECK(mistake("--- # start\nlog: {}\n...\n").empty());
    CHECK(says(mistakes("node: {id: !!binary aGVsbG8=}\n"), "tags are not supported"));
    CHECK(says(mistakes("node: !map {}\n"), "tags are not supported"));
    CHECK(says(mistakes("? [a]\n: b\n"), "f:1:3: error: a key must be plain text"));
    CHECK(says(mistakes("? {a: b}\n: {c: d}\n"), "f:1:3: error: a key must be plain text"));
    CHECK(says(mistakes("~: b\n"), "a key must not be empty"));
  }

  TEST_CASE("yaml: a second key of the same name is named at its place") {
    CHECK(mistake("log:\n  level: info\n  level: debug\n") ==
          "f:3:3: error: the key \"level\" is here a second time");
    CHECK(mistake("log: {}\nnode: {}\nlog: {}\n") ==
          "f:3:1: error: the key \"log\" is here a second time");
  }

  TEST_CASE("yaml: checking goes on at the next section after text that is not YAML") {
    const auto lines = mistakes(
        "rtmp:\n"
        "  stall_timeout: \"10s\n"
        "http:\n"
        "  idle_timeout: 10\n"
        "log:\n"
        "\tlevel: info\n"
        "deliver:\n"
        "  skip_afer: 3s\n");
    CHECK(
        says(lines, "f:2:18: error: this is not valid YAML: the quote is not closed on its line"));
    CHECK(lines.size() == 4);
    CHECK(says(lines, "f:4:17: error: http.idle_timeout \"10\" has no unit"));
    CHECK(says(lines, "lines must be indented with spaces, not tabs"));
    CHECK(says(lines, "f:8:3: error: unknown key \"skip_afer\" in deliver"));
  }

  TEST_CASE("yaml: quoted text ends on its line") {
    CHECK(mistake("node: {id: \"a\nb\"}\n").starts_with("f:1:12: error: this is not valid YAML"));
    CHECK(mistake("node: {id: 'a''\n'}\n").starts_with("f:1:12: error: this is not valid YAML"));
    CHECK(mistake("node: {\"id\n\": a}\n").contains("error: this is not valid YAML"));
    CHECK(mistake("node:\n  id: \"a\n").starts_with("f:2:7: error: this is not valid YAML"));
    CHECK(mistake("node: {id: \"a\\\"\n\"}").starts_with("f:1:12: error: this is not valid YAML"));
    CHECK(mistake("node: {id: ''}\nhttp: {cors_origin: '*'}\n").empty());
    CHECK(mistake("http: {cors_origin: '*'''}\n").starts_with("f:1:21: error: http.cors_origin"));
  }

  TEST_CASE("yaml: every prefix of a good file ends in a config or in errors") {
    const std::string good =
        "# a\nnode: {id: \"x\\x41\", workers: 3}\nlisten:\n  http: [ '127.0.0.1:1' ]\n"
        "admin:\n  token: |\n    0123456789abcdef\nstreams:\n  ? \"a/b\"\n  : publish: always\n";
    for (std::size_t size = 0; size <= good.size(); ++size) {
      const LoadResult result = load_text("f", std::string_view(good).substr(0, size));
      CHECK(result.config.has_value() == result.diagnostics.empty());
    }
  }

  TEST_CASE("yaml: a tree knows each value's place") {
    Report report;
    report.open("f");
    const YamlDocument document = parse_yaml("a:\n  b: [x, 'y z']\n  c: {d: ~}\n", report);
    CHECK_FALSE(report.has_errors());
    REQUIRE(document.root.entries.size() == 1);
    const YamlNode &a = document.root.entries[0].value;
    REQUIRE(a.entries.size() == 2);
    const YamlNode &list = a.entries[0].value;
    REQUIRE(list.items.size() == 2);
    CHECK(list.items[1].text == "y z");
    CHECK(list.items[1].position == Position{2, 10});
    CHECK(a.entries[1].position == Position{3, 3});
    CHECK(a.entries[1].value.entries[0].value.kind == YamlNode::Kind::Null);
  }
}
