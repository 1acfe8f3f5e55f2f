// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_SUITE("cli") {
  TEST_CASE("printable: an escape sequence from a peer does not reach the terminal") {
    CHECK(printable("OBS\x1b[2J\x07\r\n\x7f") == "OBS?[2J????");
    CHECK(printable("\xc2\x9b"
                    "2J") == "??2J");  // CSI as one C1 character
  }

  TEST_CASE("printable: well-formed UTF-8 stays, anything else does not") {
    CHECK(printable("K\xc3\xa4se \xe2\x82\xac \xf0\x9f\x8e\xa5") ==
          "K\xc3\xa4se \xe2\x82\xac \xf0\x9f\x8e\xa5");
    CHECK(printable("\xff\xc3") == "??");
    CHECK(printable("\xc0\xaf") == "??");            // overlong
    CHECK(printable("\xed\xa0\x80") == "???");       // surrogate
    CHECK(printable("\xf4\x90\x80\x80") == "????");  // above U+10FFFF
    CHECK(printable("\xe2\x82") == "??");            // cut off
  }

  TEST_CASE("amounts: bytes and durations are short and never more than four digits") {
    CHECK(format_bytes(0) == "0 B");
    CHECK(format_bytes(1023) == "1023 B");
    CHECK(format_bytes(1024) == "1.0 KiB");
    CHECK(format_bytes(1024 * 1000) == "1.0 MiB");
    CHECK(format_bytes(5'368'709'120) == "5.0 GiB");
    CHECK(format_duration(0) == "0s");
    CHECK(format_duration(200) == "3m 20s");
    CHECK(format_duration(7500) == "2h 05m");
    CHECK(format_duration(1'047'600) == "12d 3h");
  }

  TEST_CASE("table: columns are aligned by characters and lines have no blanks at their end") {
    Table table({{"NAME"}, {"N", Table::Align::Right}, {"PEER"}});
    table.add({"k\xc3\xa4se", "5", ""});
    table.add({"b", "120", "x"});
    CHECK(table.text() ==
          "NAME    N  PEER\n"
          "k\xc3\xa4se    5  -\n"
          "b     120  x\n");
  }
}

}  // namespace sluice::cli
