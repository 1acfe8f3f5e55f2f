// SPDX-License-Identifier: Apache-2.0
// The committed documents are held against the schema. When one has drifted:
//   build/tests/docgen/config-docgen sample > conf/sluice.yaml
//   build/tests/docgen/config-docgen reference > docs/config.md
#include "config/document.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "config/check.h"
#include "config/schema.h"
#include "diagnostics.h"

using namespace sluice::config;

namespace {

std::string read_source(const std::string &name) {
  std::ifstream file(std::string(SLUICE_SOURCE_ROOT) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_SUITE("config") {
  TEST_CASE("document: conf/sluice.yaml is what the schema says") {
    CHECK_MESSAGE(read_source("conf/sluice.yaml") == sample_yaml(), "conf/sluice.yaml has drifted");
  }

  TEST_CASE("document: docs/config.md is what the schema says") {
    CHECK_MESSAGE(read_source("docs/config.md") == reference_markdown(),
                  "docs/config.md has drifted");
  }

  TEST_CASE("document: the sample as shipped is valid and gives the defaults") {
    const LoadResult result = load_text("conf/sluice.yaml", read_source("conf/sluice.yaml"));
    CHECK(lines_of(result).empty());
    REQUIRE(result.config.has_value());
    CHECK(*result.config == Config{});
  }

  TEST_CASE("document: the sample needs no token, because admin is on loopback") {
    const LoadResult result = load_text("conf/sluice.yaml", sample_yaml());
    REQUIRE(result.config.has_value());
    CHECK(result.config->admin.token.empty());
    REQUIRE_FALSE(result.config->listen.admin.empty());
    for (const std::string &address : result.config->listen.admin)
      CHECK(is_loopback_address(address));
  }

  TEST_CASE("document: the sample's commented example works when it is taken in") {
    std::string text = sample_yaml();
    for (std::size_t at = 0; (at = text.find("\n  #", at)) != std::string::npos; ++at) {
      if (text[at + 4] != ' ' || text[at + 5] == ' ') text.erase(at + 3, 1);
    }
    const LoadResult result = load_text("f", text);
    CHECK(lines_of(result).empty());
    REQUIRE(result.config.has_value());
    CHECK(result.config->publish_policy("uin1/gate") == PublishPolicy::Always);
  }

  TEST_CASE("document: every key is in every document") {
    for (const Field &field : fields()) {
      CAPTURE(field.path);
      if (!field.is_section()) {
        CHECK(sample_yaml().find(" " + std::string(field.key()) + ":") != std::string::npos);
        CHECK(reference_markdown().find("| `" + std::string(field.key()) + "` |") !=
              std::string::npos);
      }
      const std::string heading = field.is_section() ? ".SH " : ".B " + std::string(field.path);
      CHECK(manual_page().find(heading) != std::string::npos);
    }
  }

  TEST_CASE("document: lines of the sample fit on a screen") {
    std::size_t start = 0;
    const std::string text = sample_yaml();
    for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
      CHECK(end - start <= 100);
    }
  }
}
