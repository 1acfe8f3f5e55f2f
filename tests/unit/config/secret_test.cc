// SPDX-License-Identifier: Apache-2.0
#include "config/secret.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "support/temp_folder.h"

using namespace sluice;
using namespace sluice::config;

TEST_SUITE("config") {
  TEST_CASE("secret: plain text stands for itself") {
    CHECK(resolve_secret("hunter2") == "hunter2");
    CHECK(resolve_secret("") == "");
    CHECK(resolve_secret("a@b${c") == "a@b${c");
  }

  TEST_CASE("secret: a file's content comes without the line end") {
    test::TempFolder folder;
    CHECK(resolve_secret("@" + folder.write("a", "hunter2\n")) == "hunter2");
    CHECK(resolve_secret("@" + folder.write("b", "hunter2\r\n")) == "hunter2");
    CHECK(resolve_secret("@" + folder.write("c", " hunter2 ")) == " hunter2 ");
  }

  TEST_CASE("secret: a file that is empty, large, missing or no file is refused") {
    test::TempFolder folder;
    CHECK(resolve_secret("@" + folder.write("a", "\n")).error() == "names a file that is empty");
    CHECK(resolve_secret("@" + folder.write("b", std::string(5000, 'x'))).error() ==
          "names a file that is larger than 4KiB");
    CHECK(resolve_secret("@" + folder.path("none")).error() ==
          "names a file that cannot be read: No such file or directory");
    CHECK(resolve_secret("@/dev/zero").error() == "names a file that is not a regular file");
    CHECK(
        resolve_secret("@relative").error().starts_with("must name its file by an absolute path"));
  }

  TEST_CASE("secret: a pipe that nobody writes to does not block") {
    test::TempFolder folder;
    REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    CHECK(resolve_secret("@" + folder.path("pipe")).error() ==
          "names a file that is not a regular file");
  }

  TEST_CASE("secret: the environment's variables") {
    ::setenv("SLUICE_TEST_SECRET", "hunter2", 1);
    CHECK(resolve_secret("${SLUICE_TEST_SECRET}") == "hunter2");
    ::unsetenv("SLUICE_TEST_SECRET");
    CHECK(resolve_secret("${SLUICE_TEST_SECRET}").error() ==
          "names the variable SLUICE_TEST_SECRET, which is not set");
    CHECK_FALSE(resolve_secret("${}").has_value());
    CHECK_FALSE(resolve_secret("${a b}").has_value());
  }
}
