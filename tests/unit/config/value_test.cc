// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::config;

TEST_SUITE("config") {
  TEST_CASE("value: a duration is a whole number with a unit") {
    CHECK(parse_duration("500ms") == 500);
    CHECK(parse_duration("10s") == 10'000);
    CHECK(parse_duration("1m") == 60'000);
    CHECK(parse_duration("2h") == 7'200'000);
    CHECK(parse_duration("0s") == 0);
    for (const char *bad : {"", "s", "-1s", "+1s", "1 s", "1.5s", "1d", "1S", "0x10s", "10s10s"}) {
      CAPTURE(bad);
      CHECK_FALSE(parse_duration(bad).has_value());
    }
  }

  TEST_CASE("value: a size is a whole number with a binary or a decimal unit") {
    CHECK(parse_size("17B") == 17);
    CHECK(parse_size("64KiB") == 65'536);
    CHECK(parse_size("2MiB") == 2'097'152);
    CHECK(parse_size("1GiB") == 1'073'741'824);
    CHECK(parse_size("1kB") == 1'000);
    CHECK(parse_size("1KB") == 1'000);
    CHECK(parse_size("1MB") == 1'000'000);
    CHECK(parse_size("3GB") == 3'000'000'000);
    for (const char *bad : {"", "KiB", "1K", "1M", "1kib", "1.5MiB", "-1B", "1 MiB"}) {
      CAPTURE(bad);
      CHECK_FALSE(parse_size(bad).has_value());
    }
  }

  TEST_CASE("value: a number without its unit is told what to write") {
    CHECK(parse_duration("10").error() == "has no unit; write 10s if that is meant");
    CHECK(parse_size("4096").error() == "has no unit; write 4096B if that is meant");
  }

  TEST_CASE("value: numbers that overflow are refused") {
    CHECK(parse_count("18446744073709551616").error() == "is far too large");
    CHECK(parse_duration("9223372036854775807h").error() == "is far too large");
    CHECK(parse_size("18446744073709551615B").error() == "is far too large");
    CHECK(parse_size("9007199254740992GiB").error() == "is far too large");
  }

  TEST_CASE("value: a count takes no unit and no sign") {
    CHECK(parse_count("0") == 0);
    CHECK(parse_count("64") == 64);
    CHECK_FALSE(parse_count("64s").has_value());
    CHECK_FALSE(parse_count("-1").has_value());
    CHECK_FALSE(parse_count("1e3").has_value());
  }

  TEST_CASE("value: what is written reads back as the same value") {
    for (const std::uint64_t ms : {0ULL, 1ULL, 350ULL, 1'000ULL, 90'000ULL, 3'600'000ULL}) {
      CHECK(parse_duration(write_duration(Millis(static_cast<std::int64_t>(ms)))) == ms);
    }
    for (const std::uint64_t size : {0ULL, 1ULL, 1'000ULL, 1'024ULL, 2'500'000ULL, 3ULL << 30}) {
      CHECK(parse_size(write_size(size)) == size);
    }
    CHECK(write_duration(Millis(90'000)) == "90s");
    CHECK(write_size(64 * kKiB) == "64KiB");
  }

  TEST_CASE("value: what is shown is short and without control characters") {
    CHECK(show("plain") == "\"plain\"");
    CHECK(show("a\"b\\c") == R"("a\"b\\c")");
    CHECK(show("\x1b[31m\n") == R"("\x1b[31m\x0a")");
    CHECK(show(std::string(1000, 'x')) == "\"" + std::string(64, 'x') + "\"...");
    // The cut does not fall inside of a character.
    CHECK(show(std::string(63, 'x') + "é…") == "\"" + std::string(63, 'x') + "\"...");
  }
}
