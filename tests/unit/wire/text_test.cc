// SPDX-License-Identifier: Apache-2.0
// The small walks over text that the grammars of RTSP and SDP are made of.
#include "wire/text.h"

#include <doctest/doctest.h>

namespace sluice::wire {
namespace {

TEST_SUITE("wire") {
  TEST_CASE("text: letters are compared without case") {
    CHECK(equal_ignoring_case("CSeq", "cSEQ"));
    CHECK_FALSE(equal_ignoring_case("CSeq", "CSe"));
    CHECK_FALSE(equal_ignoring_case("[", "{"));
    CHECK(starts_with_ignoring_case("RTSP://h", "rtsp://"));
    CHECK_FALSE(starts_with_ignoring_case("rts", "rtsp"));
    CHECK(to_lower("AbC-1") == "abc-1");
  }

  TEST_CASE("text: parts are taken off the front") {
    std::string_view text = "a=b=c";
    CHECK(take_until(text, '=') == "a");
    CHECK(take_until(text, '=') == "b");
    CHECK(take_until(text, '=') == "c");
    CHECK(take_until(text, '=').empty());
    text = R"(x="1;\";2";y)";
    CHECK(take_until_unquoted(text, ';') == R"(x="1;\";2")");
    CHECK(take_until_unquoted(text, ';') == "y");
    CHECK(text.empty());
    text = R"(never "ends; here\)";
    CHECK(take_until_unquoted(text, ';') == R"(never "ends; here\)");
    text = "one \t two";
    CHECK(take_word(text) == "one");
    CHECK(take_word(text) == "two");
    CHECK(take_word(text).empty());
    CHECK(trim(" \t a b\t") == "a b");
    CHECK(trim(" ").empty());
    CHECK(unquote("\"a\"") == "a");
    CHECK(unquote("\"") == "\"");
  }

  TEST_CASE("text: numbers are digits only, and bounded") {
    CHECK(parse_decimal("65535", 65535) == 65535);
    CHECK(parse_hex32("DEADbeef") == 0xdeadbeef);
    for (std::string_view bad :
         {"", "65536", "-1", "+1", " 1", "1 ", "1.0", "0x1", "99999999999999999999999999"}) {
      CHECK_MESSAGE(!parse_decimal(bad, 65535).has_value(), bad);
    }
    for (std::string_view bad : {"", "123456789", "-1", "0x1", "g", "1 "}) {
      CHECK_MESSAGE(!parse_hex32(bad).has_value(), bad);
    }
  }
}

}  // namespace
}  // namespace sluice::wire
