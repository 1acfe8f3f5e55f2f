// SPDX-License-Identifier: Apache-2.0
#include "config/nearest.h"

#include <doctest/doctest.h>

#include <string>

using namespace sluice::config;

TEST_SUITE("config") {
  TEST_CASE("nearest: the distance counts letters put in, taken out, changed and swapped") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("abc", "abc") == 0);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("abc", "") == 3);
    CHECK(edit_distance("timeout", "timout") == 1);
    CHECK(edit_distance("timeout", "timeoout") == 1);
    CHECK(edit_distance("timeout", "timebut") == 1);
    CHECK(edit_distance("timeout", "tmieout") == 1);
    CHECK(edit_distance("kitten", "sitting") == 3);
  }

  TEST_CASE("nearest: case and dashes are no difference") {
    CHECK(edit_distance("Stall-Timeout", "stall_timeout") == 0);
  }

  TEST_CASE("nearest: only the beginning of a huge word is looked at") {
    CHECK(edit_distance(std::string(1'000'000, 'x'), std::string(1'000'000, 'y')) == 64);
  }

  TEST_CASE("nearest: a neighbour is named by its plain name") {
    CHECK(nearest_key("rtmp", "stall_timeot") == "stall_timeout");
    CHECK(nearest_key("rtmp", "handshake-timeout") == "handshake_timeout");
    CHECK(nearest_key("", "rtpm") == "rtmp");
    CHECK(nearest_key("", "Streams") == "streams");
    CHECK(nearest_key("streams", "publsh") == "publish");
  }

  TEST_CASE("nearest: a key in the wrong place is named with its section") {
    CHECK(nearest_key("http", "stall_timeout") == "rtmp.stall_timeout");
    CHECK(nearest_key("", "state_dir") == "node.state_dir");
    CHECK(nearest_key("", "rtmp.stall_timeout") == "rtmp.stall_timeout");
  }
}
