// SPDX-License-Identifier: Apache-2.0
#include "mux/flv_tag_reader.h"

#include <doctest/doctest.h>

#include "support/flv_rig.h"

using namespace sluice;
using test::unhex;

namespace {

const std::string kFile = unhex("464c5601 05 00000009 00000000") +
                          unhex("08 000003 000017 01 000000 af0121 0000000e") +
                          unhex("12 000000 000000 00 000000 0000000b") +
                          unhex("09 000002 ffffff ff 000000 1702 0000000d");

struct Rig {
  explicit Rig(std::uint32_t max_body = mux::FlvTagReader::kMaxBody)
      : reader(pool, seen, max_body) {}
  base::Status feed(std::string_view bytes) { return reader.feed(base::as_bytes(bytes)); }

  media::BufferPool pool;
  test::TagRecorder seen;
  mux::FlvTagReader reader;
};

void check_tags(const Rig &rig) {
  CHECK(rig.seen.headers == 1);
  CHECK(rig.seen.audio);
  CHECK(rig.seen.video);
  REQUIRE(rig.seen.tags.size() == 3);
  CHECK(rig.seen.tags[0].type == 8);
  CHECK(rig.seen.tags[0].stamp_ms == 0x0100'0017);
  CHECK(test::text_of(rig.seen.tags[0].body) == unhex("af0121"));
  CHECK(rig.seen.tags[1].type == 18);
  CHECK(rig.seen.tags[1].body.size == 0);
  CHECK(rig.seen.tags[2].stamp_ms == 0xffff'ffff);
  CHECK(rig.reader.at_boundary());
  CHECK(rig.reader.size_mismatches() == 0);
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("flv tag reader: tags come out whole, in one feed and byte by byte") {
    Rig whole;
    CHECK(whole.feed(kFile));
    check_tags(whole);
    Rig bytes;
    for (char c : kFile)
      CHECK(bytes.feed({&c, 1}));
    check_tags(bytes);
  }

  TEST_CASE("flv tag reader: every cut in two gives the same tags") {
    for (std::size_t n = 0; n <= kFile.size(); ++n) {
      Rig rig;
      CHECK(rig.feed(kFile.substr(0, n)));
      CHECK(rig.feed(kFile.substr(n)));
      check_tags(rig);
    }
  }

  TEST_CASE("flv tag reader: an end inside of a tag is seen") {
    Rig rig;
    CHECK(rig.feed(kFile.substr(0, kFile.size() - 1)));
    CHECK(!rig.reader.at_boundary());
    CHECK(rig.seen.tags.size() == 2);
  }

  TEST_CASE("flv tag reader: a longer file header is skipped, an impossible one refused") {
    Rig rig;
    CHECK(rig.feed(unhex("464c5601 05 0000000c aabbcc 00000000") + kFile.substr(13)));
    check_tags(rig);
    for (const char *head : {"464c5601 05 00000008", "464c5601 05 7fffffff", "464c5801 05 00000009",
                             "000000000000000000"}) {
      Rig bad;
      const base::Status status = bad.feed(unhex(head));
      REQUIRE(!status);
      CHECK(status.error().code == base::Code::Malformed);
    }
  }

  TEST_CASE("flv tag reader: wrong sizes behind tags are counted and tolerated") {
    Rig rig;
    std::string file = kFile;
    file[13 + 11 + 3] = 1;
    CHECK(rig.feed(file));
    CHECK(rig.seen.tags.size() == 3);
    CHECK(rig.reader.size_mismatches() == 1);
  }

  TEST_CASE("flv tag reader: tags over the limit and encrypted ones end it for good") {
    Rig large(2);
    const base::Status status = large.feed(kFile);
    REQUIRE(!status);
    CHECK(status.error().code == base::Code::TooLarge);
    CHECK(!large.feed(kFile));
    CHECK(large.seen.tags.empty());
    Rig encrypted;
    CHECK(!encrypted.feed(kFile.substr(0, 13) + unhex("28 000003 000017 01 000000")));
  }
}
