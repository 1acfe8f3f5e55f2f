// SPDX-License-Identifier: Apache-2.0
// Receiver reports by the formulas of RFC 3550, appendices A.1, A.3 and A.8.
#include "mux/rtp_statistics.h"

#include <doctest/doctest.h>

using namespace sluice;
using mux::RtpReception;
using mux::RtpStatistics;

namespace {

struct Rig {
  explicit Rig(std::uint32_t rate = 90'000) : statistics(rate) {}

  Rig &push(unsigned sequence, std::uint32_t timestamp = 0, std::int64_t us = 0) {
    statistics.on_packet(
        {.sequence = static_cast<std::uint16_t>(sequence), .timestamp = timestamp, .ssrc = ssrc},
        us);
    return *this;
  }
  Rig &push_all(unsigned from, unsigned to) {
    for (unsigned i = from; i <= to; ++i)
      push(i);
    return *this;
  }

  RtpStatistics statistics;
  std::uint32_t ssrc = 0x1234'5678;
};

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("rtp statistics: nothing came, nothing is lost") {
    Rig rig;
    CHECK_FALSE(rig.statistics.started());
    const RtpReception report = rig.statistics.report(0);
    CHECK(report.fraction_lost == 0);
    CHECK(report.cumulative_lost == 0);
    CHECK(report.last_sender_report == 0);
    CHECK(report.delay_since == 0);
  }

  TEST_CASE("rtp statistics: a fraction is of the time since the last report, the count of all") {
    Rig rig;
    rig.push_all(1, 64).push_all(81, 100);  // 16 of 100
    RtpReception report = rig.statistics.report(0);
    CHECK(report.ssrc == rig.ssrc);
    CHECK(report.highest_sequence == 100);
    CHECK(report.fraction_lost == 16 * 256 / 100);
    CHECK(report.cumulative_lost == 16);
    rig.push_all(101, 199).push(201);  // 1 of 101
    report = rig.statistics.report(0);
    CHECK(report.fraction_lost == 2);
    CHECK(report.cumulative_lost == 17);
    CHECK(rig.statistics.report(0).fraction_lost == 0);
    CHECK(rig.statistics.received() == 184);
  }

  TEST_CASE("rtp statistics: late packets are taken off the loss, duplicates make it negative") {
    Rig rig;
    rig.push_all(1, 4).push(6).push(5);
    CHECK(rig.statistics.report(0).cumulative_lost == 0);
    rig.push(7).push(7).push(7);
    const RtpReception report = rig.statistics.report(0);
    CHECK(report.cumulative_lost == -2);
    CHECK(report.fraction_lost == 0);
    CHECK(report.highest_sequence == 7);
  }

  TEST_CASE("rtp statistics: a fraction of all is 255") {
    Rig rig;
    rig.push(1);
    rig.statistics.report(0);
    rig.push(2'501);
    CHECK(rig.statistics.report(0).fraction_lost == 255);
  }

  TEST_CASE("rtp statistics: wraps are counted above the sequence number") {
    Rig rig;
    rig.push_all(65'530, 65'536 + 5);
    CHECK(rig.statistics.report(0).highest_sequence == 0x1'0005);
    rig.push(65'535);  // late, from before the wrap
    CHECK(rig.statistics.report(0).highest_sequence == 0x1'0005);
    rig.push_all(65'536 + 6, 3 * 65'536 + 1);
    const RtpReception report = rig.statistics.report(0);
    CHECK(report.highest_sequence == 0x3'0001);
    CHECK(report.cumulative_lost == -1);
  }

  TEST_CASE("rtp statistics: a stray is not counted, and the second of a new sequence starts it") {
    Rig rig;
    rig.push_all(1, 10).push(30'000);
    CHECK(rig.statistics.report(0).highest_sequence == 10);
    CHECK(rig.statistics.report(0).cumulative_lost == 0);
    rig.push(40'000).push(40'001).push(40'003);
    const RtpReception report = rig.statistics.report(0);
    CHECK(report.highest_sequence == 40'003);
    CHECK(report.cumulative_lost == 1);
    CHECK(rig.statistics.received() == 2);
  }

  TEST_CASE("rtp statistics: another source starts anew") {
    Rig rig;
    rig.push(1).push(5);
    rig.ssrc = 9;
    rig.push(700);
    const RtpReception report = rig.statistics.report(0);
    CHECK(report.ssrc == 9);
    CHECK(report.cumulative_lost == 0);
    CHECK(report.highest_sequence == 700);
  }

  TEST_CASE("rtp statistics: packets that come evenly have no jitter") {
    Rig rig;
    for (std::uint32_t i = 0; i < 2'000; ++i)
      rig.push(i, i * 3'003, std::int64_t{i} * 100'100 / 3);
    CHECK(rig.statistics.report(0).jitter <= 1);
  }

  TEST_CASE("rtp statistics: jitter goes to the mean difference of the transit times") {
    Rig rig(8'000);
    // Every other packet of 20 ms comes 10 ms late: a difference of 80 each time.
    for (std::uint32_t i = 0; i < 500; ++i)
      rig.push(i, i * 160, std::int64_t{i} * 20'000 + (i % 2) * 10'000);
    const RtpReception report = rig.statistics.report(0);
    CHECK(report.jitter >= 78);
    CHECK(report.jitter <= 80);
  }

  TEST_CASE("rtp statistics: the first difference counts for a sixteenth, as in A.8") {
    Rig rig(8'000);
    rig.push(0, 0, 0).push(1, 160, 40'000);  // 160 late
    CHECK(rig.statistics.report(0).jitter == 10);
    rig.push(2, 320, 60'000);
    CHECK(rig.statistics.report(0).jitter == 9);  // 160 - (160 + 8) / 16
  }

  TEST_CASE("rtp statistics: a wrap of the stamps is no jitter, and neither is a jump") {
    Rig rig;
    std::uint32_t stamp = 0xffff'0000;
    for (std::uint32_t i = 0; i < 100; ++i, stamp += 3'600)
      rig.push(i, stamp, std::int64_t{i} * 40'000);
    CHECK(rig.statistics.report(0).jitter == 0);
    rig.push(100, stamp + 90'000 * 1'000, 4'000'000);
    CHECK(rig.statistics.report(0).jitter == 0);
  }

  TEST_CASE("rtp statistics: a machine that runs for years still tells jitter") {
    Rig rig(96'000);
    const std::int64_t years_us = 20LL * 365 * 86'400 * 1'000'000;
    for (std::uint32_t i = 0; i < 100; ++i)
      rig.push(i, i * 1'920, years_us + std::int64_t{i} * 20'000);
    CHECK(rig.statistics.report(0).jitter <= 1);
  }

  TEST_CASE("rtp statistics: the last sender report is told by its middle, and how long ago") {
    Rig rig;
    // The example of RFC 3550, section 6.4.1: 0xb44d:b705 2000:0000, and 5.25 s.
    rig.statistics.on_sender_report(0xb44d'b705'2000'0000, 1'000'000);
    const RtpReception report = rig.statistics.report(6'250'000);
    CHECK(report.last_sender_report == 0xb705'2000);
    CHECK(report.delay_since == 0x0005'4000);
    CHECK(rig.statistics.report(0).delay_since == 0);
  }

  TEST_CASE("rtp statistics: a sender report before the first packet is not forgotten") {
    Rig rig;
    rig.statistics.on_sender_report(0xb44d'b705'2000'0000, 0);
    rig.push(1);
    CHECK(rig.statistics.report(0).last_sender_report == 0xb705'2000);
    rig.push(30'000).push(30'001);  // the same source, counted anew
    CHECK(rig.statistics.report(0).last_sender_report == 0xb705'2000);
    rig.ssrc = 5;
    rig.push(1);
    CHECK(rig.statistics.report(0).last_sender_report == 0);
  }
}
