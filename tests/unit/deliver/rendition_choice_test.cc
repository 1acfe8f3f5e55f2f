// SPDX-License-Identifier: Apache-2.0
#include "deliver/rendition_choice.h"

#include <doctest/doctest.h>

using sluice::deliver::RenditionChoice;

namespace {

const std::vector<std::string> kNames{"zoo/lion", "zoo/lion_sub", "zoo/lion_tiny"};

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("rendition choice: one after the other, until there is none") {
    auto choice = RenditionChoice::parse(kNames, {});
    REQUIRE(choice.has_value());
    CHECK(choice->name() == "zoo/lion");
    CHECK(choice->reason().empty());
    CHECK(choice->pass_over("it is away"));
    CHECK(choice->name() == "zoo/lion_sub");
    CHECK(choice->reason() == "it is away");
    CHECK(choice->pass_over("it is odd"));
    CHECK_FALSE(choice->pass_over("it is the last"));
    CHECK(choice->name() == "zoo/lion_tiny");
    CHECK(choice->reason() == "it is odd");
  }

  TEST_CASE("rendition choice: a client that names one gets that or nothing") {
    for (auto [wish, name] : {std::pair{"main", "zoo/lion"},
                              {"0", "zoo/lion"},
                              {"sub", "zoo/lion_sub"},
                              {"1", "zoo/lion_sub"},
                              {"2", "zoo/lion_tiny"}}) {
      auto choice = RenditionChoice::parse(kNames, wish);
      REQUIRE(choice.has_value());
      CHECK(choice->name() == name);
      CHECK_FALSE(choice->pass_over("anything"));
    }
    for (const char *wish : {"3", "", "-1", "Sub", "sub ", "18446744073709551616"})
      CHECK_FALSE(RenditionChoice::parse(kNames, wish).has_value());
    CHECK_FALSE(RenditionChoice::parse({"zoo/lion"}, "sub").has_value());
  }
}
