// SPDX-License-Identifier: Apache-2.0
// RTCP compounds: read whole, cut anywhere, with lengths that lie, and written.
#include "wire/rtcp.h"

#include <doctest/doctest.h>

#include <vector>

#include "wire/hex.h"

namespace sluice::wire::rtcp {
namespace {

using test::hex;

class Recorder : public Events {
 public:
  void on_sender_report(const SenderReport &report) override {
    last_sender = report;
    add("SR " + std::to_string(report.ssrc));
  }
  void on_report_block(std::uint32_t reporter, const ReportBlock &block) override {
    last_block = block;
    add("block " + std::to_string(reporter) + " " + std::to_string(block.ssrc));
  }
  void on_source_name(std::uint32_t ssrc, std::string_view cname) override {
    add("name " + std::to_string(ssrc) + " " + std::string(cname));
  }
  void on_bye(std::uint32_t ssrc, std::string_view reason) override {
    add("bye " + std::to_string(ssrc) + " " + std::string(reason));
  }
  void on_other(std::uint8_t type, base::Bytes body) override {
    add("other " + std::to_string(type) + " " + std::to_string(body.size()));
  }

  SenderReport last_sender;
  ReportBlock last_block;
  std::string log;

 private:
  void add(const std::string &line) { log += (log.empty() ? "" : "; ") + line; }
};

std::string read(const std::string &compound) {
  Recorder recorder;
  bool ok = parse(base::as_bytes(compound), recorder).has_value();
  return recorder.log + (ok ? "" : "!");
}

const std::string kSenderReport =
    hex("80c8 0006 00000005 e1c2d3e4 80000000 00015f90 00000064 00002710");

TEST_SUITE("wire") {
  TEST_CASE("rtcp: a sender's compound") {
    std::string compound =
        hex("81c8 000c 00000005 e1c2d3e4 80000000 00015f90 00000064 00002710"
            "00000006 40 fffffe 00010002 00000007 00000008 00000009"
            "81ca 0003 00000005 01 04 'cam1' 0000"
            "81cb 0003 00000005 04 'done' 000000"
            "80cc 0002 00000005 'name'");
    Recorder recorder;
    REQUIRE(parse(base::as_bytes(compound), recorder).has_value());
    CHECK(recorder.log == "SR 5; block 5 6; name 5 cam1; bye 5 done; other 204 8");
    CHECK(recorder.last_sender.ntp == 0xe1c2d3e480000000);
    CHECK(recorder.last_sender.rtp_timestamp == 90000);
    CHECK(recorder.last_sender.packets == 100);
    CHECK(recorder.last_sender.octets == 10000);
    CHECK(recorder.last_block.fraction_lost == 64);
    CHECK(recorder.last_block.total_lost == -2);
    CHECK(recorder.last_block.highest_sequence == 0x10002);
    CHECK(recorder.last_block.delay_since_last == 9);
  }

  TEST_CASE("rtcp: what devices get wrong is read all the same") {
    // A description that lacks its terminator, one with items that nobody needs, and two chunks.
    CHECK(read(hex("81ca 0002 00000005 01 02 'ab'")) == "name 5 ab");
    CHECK(read(hex("81ca 0003 00000005 01 06 'abcdef'")) == "name 5 abcdef");
    CHECK(read(hex("81ca 0004 00000005 02 03 'abc' 01 01 'n' 00 000000")) == "name 5 n");
    CHECK(read(hex("82ca 0005 00000005 01 01 'a' 00 00000006 01 01 'b' 00 00000000")) ==
          "name 5 a; name 6 b");
    CHECK(read(hex("83ca 0002 00000005 01 01 'a' 00")) == "name 5 a");
    // No report first, an unknown type, blanks behind, padding.
    CHECK(read(hex("81cb 0001 00000005")) == "bye 5 ");
    CHECK(read(hex("80d2 0000")) == "other 210 0");
    CHECK(read(hex("80c9 0001 00000005 0000 00")) == "");
    CHECK(read(hex("a0c9 0002 00000005 00000004")) == "");
    CHECK(read(hex("82cb 0002 00000005 00000006")) == "bye 5 ; bye 6 ");
    CHECK(read(hex("80cb 0000")) == "");
  }

  TEST_CASE("rtcp: every cut of every type is refused or read, never overrun") {
    for (const std::string &whole :
         {hex("81c8 000c 00000005 e1c2d3e4 80000000 00015f90 00000064 00002710"
              "00000006 40 fffffe 00010002 00000007 00000008 00000009"),
          hex("81c9 0007 00000005 00000006 40 000001 00010002 00000007 00000008 00000009"),
          hex("81ca 0003 00000005 01 04 'cam1' 0000"), hex("81cb 0003 00000005 04 'done' 000000"),
          hex("80cc 0002 00000005 'name'"), hex("81cd 0003 00000005 00000006 00000007"),
          hex("80cf 0002 00000005 00000006")}) {
      for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK(read(whole.substr(0, size)).ends_with('!'));
        // The same cut with a length that agrees with it.
        if (size < 4 || size % 4 != 0) continue;
        std::string cut = whole.substr(0, size);
        cut[3] = static_cast<char>(size / 4 - 1);
        (void)read(cut);
      }
    }
  }

  TEST_CASE("rtcp: counts and lengths that lie are malformed, and what came before is told") {
    CHECK(read("") == "!");
    CHECK(read(hex("80c8")) == "!");
    CHECK(read(hex("40c9 0001 00000005")) == "!");
    CHECK(read(hex("80c9 ffff 00000005")) == "!");
    CHECK(read(hex("80c9 0000")) == "!");
    CHECK(read(hex("9fc9 0001 00000005")) == "!");
    CHECK(read(hex("80c8 0001 00000005")) == "!");
    CHECK(read(hex("81cb 0003 00000005 ff 'done' 000000")) == "!");
    CHECK(read(hex("9fcb 0001 00000005")) == "!");
    CHECK(read(hex("81ca 0002 00000005 01 ff 'ab'")) == "!");
    CHECK(read(hex("81ca 0002 00000005 00000001")) == "");
    CHECK(read(hex("a0c9 0001 000000ff")) == "!");
    CHECK(read(hex("a0c9 0000")) == "!");
    CHECK(read(hex("a0c9 0001 00000000")) == "!");
    CHECK(read(kSenderReport + hex("81cb 0009 00000005")) == "SR 5!");
  }

  TEST_CASE("rtcp: a receiver report is read back") {
    ReportBlock block{.ssrc = 7,
                      .fraction_lost = 12,
                      .total_lost = -9'000'000,
                      .highest_sequence = 0x1ffff,
                      .jitter = 3,
                      .last_report = 4,
                      .delay_since_last = 5};
    for (std::size_t length = 0; length < 9; ++length) {
      std::string name(length, 'n');
      std::string bytes = make_receiver_report(5, {&block, 1}, name);
      CHECK(bytes.size() % 4 == 0);
      Recorder recorder;
      REQUIRE(parse(base::as_bytes(bytes), recorder).has_value());
      CHECK(recorder.log == "block 5 7; name 5 " + name);
      CHECK(recorder.last_block.total_lost == -0x800000);
      CHECK(recorder.last_block.jitter == 3);
    }
    std::vector<ReportBlock> many(40, block);
    std::string bytes = make_receiver_report(5, many, std::string(300, 'n'));
    Recorder recorder;
    REQUIRE(parse(base::as_bytes(bytes), recorder).has_value());
    CHECK(recorder.log.ends_with("name 5 " + std::string(255, 'n')));
    CHECK(static_cast<unsigned char>(bytes[0]) == 0x80 + 31);
    CHECK(make_receiver_report(5, {}, "").size() == 8 + 12);
  }

  TEST_CASE("rtcp: a sender report and a goodbye are read back") {
    SenderReport report{.ssrc = 5, .ntp = 77, .rtp_timestamp = 1, .packets = 2, .octets = 3};
    Recorder recorder;
    REQUIRE(parse(base::as_bytes(make_sender_report(report, {}, "c")), recorder).has_value());
    CHECK(recorder.log == "SR 5; name 5 c");
    CHECK(recorder.last_sender.ntp == 77);
    CHECK(recorder.last_sender.octets == 3);
    CHECK(read(make_bye(9)) == "bye 9 ");
  }

  TEST_CASE("rtcp: NTP's time and ours") {
    CHECK(wall_us_of_ntp(std::uint64_t{2'208'988'800} << 32) == 0);
    CHECK(wall_us_of_ntp(std::uint64_t{2'208'988'800} << 32 | 0x80000000U) == 500'000);
    CHECK(ntp_of_wall_us(0) == std::uint64_t{2'208'988'800} << 32);
    // In 2036 the seconds begin again.
    CHECK(wall_us_of_ntp(std::uint64_t{1} << 32) == 2'085'978'497'000'000);
    for (std::int64_t us :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{999'999},
          std::int64_t{1'785'000'000'123'456}, std::int64_t{2'085'978'496'000'000},
          std::int64_t{2'100'000'000'000'001}}) {
      CHECK(wall_us_of_ntp(ntp_of_wall_us(us)) == us);
    }
  }
}

}  // namespace
}  // namespace sluice::wire::rtcp
