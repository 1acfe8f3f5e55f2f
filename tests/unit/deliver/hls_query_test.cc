// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_query.h"

#include <doctest/doctest.h>

#include <memory>

using namespace sluice;
using deliver::HlsDemand;
using deliver::HlsDirectives;
using deliver::HlsFile;
using deliver::parse_hls_directives;
using deliver::parse_hls_file;
using stream::Format;

namespace {

// Complete up to 9, which has four parts; number 10 has two so far.
stream::SegmentList present() {
  stream::SegmentList list;
  stream::Segment complete;
  complete.number = 9;
  complete.parts.resize(4);
  list.segments.push_back(std::make_shared<stream::Segment>(complete));
  stream::Segment open;
  open.number = 10;
  open.parts.resize(2);
  list.open = std::make_shared<stream::Segment>(open);
  list.next_number = 10;
  list.part_target = std::chrono::milliseconds(500);  // so that six parts ahead are the limit
  return list;
}

HlsDemand asked(std::uint64_t msn, std::optional<std::uint64_t> part = {}, bool with_parts = true) {
  return judge(HlsDirectives{.msn = msn, .part = part}, present(), with_parts);
}

bool is_refused(std::string_view query) {
  return !parse_hls_directives(*wire::Query::parse(query)).has_value();
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("hls query: every file's name reads back as itself") {
    for (const char *name : {"index.m3u8", "live.m3u8", "ts.m3u8", "init-1a-0.mp4", "1a-7.m4s",
                             "1a-7.ts", "1a-7.0.m4s", "1a-18446744073709551615.12.ts"}) {
      CAPTURE(name);
      auto file = parse_hls_file(name);
      REQUIRE(file.has_value());
      CHECK(to_string(*file) == name);
    }
    auto part = parse_hls_file("1a-7.3.ts");
    REQUIRE(part.has_value());
    CHECK(part->kind == HlsFile::Kind::Part);
    CHECK(part->format == Format::Ts);
    CHECK(part->run == "1a");
    CHECK(part->number == 7);
    CHECK(part->part == 3);
  }

  TEST_CASE("hls query: other names are no files") {
    for (const char *name :
         {"", "index.m3u", "INDEX.m3u8", "init-1a-0.m4s", "init--1.mp4", "1a-07.m4s", "1a-.m4s",
          "1a-7", "1a-7.m4s.m4s", "1a-7.-1.m4s", "1a-7.+1.m4s", "1a-7. 1.m4s", "A-7.m4s", "-7.m4s",
          "1a-18446744073709551616.m4s", "1a-7.1.1.m4s", "../1a-7.m4s",
          "0123456789012345678901234567890123456789-7.m4s"}) {
      CAPTURE(name);
      CHECK_FALSE(parse_hls_file(name).has_value());
    }
  }

  TEST_CASE("hls query: a session is a tilde and 22 characters of base64url") {
    CHECK(deliver::is_hls_session("~ABCDEFGHIJKLMNOPQRSTu_"));
    CHECK(deliver::is_hls_session("~0123456789-_abcdefghiz"));
    for (const char *name : {"", "~", "ABCDEFGHIJKLMNOPQRSTUVW", "~ABCDEFGHIJKLMNOPQRSTU",
                             "~ABCDEFGHIJKLMNOPQRSTUVW", "~ABCDEFGHIJKLMNOPQRSTU="}) {
      CAPTURE(name);
      CHECK_FALSE(deliver::is_hls_session(name));
    }
  }

  TEST_CASE("hls query: directives are read, others passed over") {
    auto read =
        parse_hls_directives(*wire::Query::parse("a=b&_HLS_msn=10&_HLS_part=2&_HLS_skip=v2"));
    REQUIRE(read.has_value());
    CHECK(read->msn == 10);
    CHECK(read->part == 2);
    CHECK(read->skip);
    auto none = parse_hls_directives(*wire::Query::parse("a=b"));
    REQUIRE(none.has_value());
    CHECK_FALSE(none->msn.has_value());
    CHECK_FALSE(none->skip);
  }

  TEST_CASE("hls query: what is no number of 64 bits is refused, and a part without a segment") {
    for (const char *query :
         {"_HLS_msn=-1", "_HLS_msn=", "_HLS_msn=1.0", "_HLS_msn=0x1", "_HLS_msn=1%00",
          "_HLS_msn=18446744073709551616", "_HLS_msn=01", "_HLS_msn=%201", "_HLS_part=1",
          "_HLS_msn=1&_HLS_part=-1", "_HLS_msn=1&_HLS_part=18446744073709551616", "_HLS_skip=NO"}) {
      auto parsed = wire::Query::parse(query);
      if (!parsed) continue;  // refused before
      CAPTURE(query);
      CHECK(is_refused(query));
    }
    CHECK_FALSE(is_refused("_HLS_msn=18446744073709551615&_HLS_part=18446744073709551615"));
  }

  TEST_CASE("hls query: what is listed is there, the next is waited for, the rest never comes") {
    CHECK(asked(0) == HlsDemand::Met);
    CHECK(asked(9) == HlsDemand::Met);
    CHECK(asked(10) == HlsDemand::Soon);
    CHECK(asked(11) == HlsDemand::Soon);
    CHECK(asked(12) == HlsDemand::Never);
    CHECK(asked(UINT64_MAX) == HlsDemand::Never);
  }

  TEST_CASE("hls query: parts are waited for as far as the limit reaches") {
    CHECK(asked(10, 1) == HlsDemand::Met);
    CHECK(asked(10, 2) == HlsDemand::Soon);
    CHECK(asked(10, 8) == HlsDemand::Soon);
    CHECK(asked(10, 9) == HlsDemand::Never);
    CHECK(asked(11, 0) == HlsDemand::Soon);
    CHECK(asked(11, 7) == HlsDemand::Never);
    CHECK(asked(10, UINT64_MAX) == HlsDemand::Never);
  }

  TEST_CASE("hls query: a part behind a segment's last stands for the first of the next") {
    CHECK(asked(9, 3) == HlsDemand::Met);
    CHECK(asked(9, 4) == HlsDemand::Met);
    CHECK(asked(9, 11) == HlsDemand::Never);
    stream::SegmentList list = present();
    list.open = nullptr;
    CHECK(judge(HlsDirectives{.msn = 9, .part = 4}, list, true) == HlsDemand::Soon);
    CHECK(judge(HlsDirectives{.msn = 9, .part = 3}, list, true) == HlsDemand::Met);
  }

  TEST_CASE("hls query: without parts only segments count") {
    CHECK(asked(10, 0, false) == HlsDemand::Soon);
    CHECK(asked(9, 4, false) == HlsDemand::Met);
  }

  TEST_CASE("hls query: shared caches keep the newest list for half its target, others for six") {
    using std::chrono::milliseconds;
    const HlsDirectives newest;
    const HlsDirectives future{.msn = 10};
    CHECK(shared_caching(newest, milliseconds(6'400)) == "max-age=0, s-maxage=3");
    CHECK(shared_caching(newest, milliseconds(300)) == "max-age=0, s-maxage=1");
    CHECK(shared_caching(future, milliseconds(2'040)) == "max-age=12");
    CHECK(shared_caching(future, milliseconds(300)) == "max-age=6");
  }
}
