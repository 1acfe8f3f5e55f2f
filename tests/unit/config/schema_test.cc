// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "config/value.h"
#include "diagnostics.h"

using namespace sluice;
using namespace sluice::config;

namespace {

template <class... Types>
bool holds_any(const Slot &slot) {
  return (std::holds_alternative<Types>(slot) || ...);
}

}  // namespace

TEST_SUITE("config") {
  TEST_CASE("schema: every key has one row, below its section's, and says what it is") {
    std::set<std::string_view> paths;
    std::string_view section;
    for (const Field &field : fields()) {
      CAPTURE(field.path);
      CHECK(paths.insert(field.path).second);
      CHECK(field.help.ends_with('.'));
      if (field.is_section()) section = field.path;
      CHECK(field.section() == section);
      if (!field.is_section()) CHECK(find_field(field.section(), field.key()) == &field);
    }
  }

  TEST_CASE("schema: every number has a range that holds its default") {
    Config config;
    for (const Field &field : fields()) {
      if (field.is_section() || field.is_override()) continue;
      const Slot slot = field.slot(config);
      if (!holds_any<std::uint32_t *, std::uint64_t *, Millis *>(slot)) continue;
      CAPTURE(field.path);
      CHECK(field.min < field.max);
      const std::string value = write_value(field, slot);
      const std::string text =
          std::string(field.section()) + ": {" + std::string(field.key()) + ": " + value + "}";
      CHECK(mistake(text) == "");
    }
  }

  TEST_CASE("schema: no two keys share a member") {
    Config config;
    std::set<const void *> members;
    for (const Field &field : fields()) {
      if (field.is_section() || field.is_override()) continue;
      const auto address = [](auto *member) -> const void * { return member; };
      CHECK(members.insert(std::visit(address, field.slot(config))).second);
    }
  }

  TEST_CASE("schema: what a reload cannot change is not marked live") {
    for (const Field &field : fields()) {
      if (field.is_section()) continue;
      const auto section = field.section();
      const bool restarts = section == "node" || section == "listen" || section == "admin" ||
                            section == "watchdog" || field.key() == "chunk_size_out" ||
                            field.key() == "max_chunk_size";
      CAPTURE(field.path);
      CHECK(field.is_live() == !restarts);
    }
  }
}
