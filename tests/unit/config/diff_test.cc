// SPDX-License-Identifier: Apache-2.0
#include "config/diff.h"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::config;

TEST_SUITE("config") {
  TEST_CASE("diff: equal configurations do not differ") {
    CHECK(diff(Config{}, Config{}).empty());
    Config named;
    named.streams["a/b"];  // an entry that says nothing changes nothing
    CHECK(diff(Config{}, named).empty());
  }

  TEST_CASE("diff: each change says before, after, and whether a reload applies it") {
    Config before, after;
    after.node.workers = 2;
    after.rtmp.stall_timeout = Millis(60'000);
    after.rtmp.chunk_size_out = 64 * kKiB;
    after.listen.http = {};
    before.streams["a/b"].publish = PublishPolicy::Always;
    after.streams["c/d"].publish = PublishPolicy::SameAddress;
    const std::vector<Change> expected = {{"node.workers", "auto", "2", false},
                                          {"listen.http", "[\"[::]:8080\"]", "[]", false},
                                          {"rtmp.stall_timeout", "15s", "1m", true},
                                          {"rtmp.chunk_size_out", "4KiB", "64KiB", false},
                                          {"streams.a/b.publish", "always", "unset", true},
                                          {"streams.c/d.publish", "unset", "same-address", true}};
    CHECK(diff(before, after) == expected);
  }

  TEST_CASE("diff: a changed secret is seen and not shown") {
    Config before, after;
    before.admin.token = "0123456789abcdef";
    after.admin.token = "fedcba9876543210";
    const std::vector<Change> expected = {{"admin.token", "\"***\"", "\"***\"", false}};
    CHECK(diff(before, after) == expected);
  }
}
