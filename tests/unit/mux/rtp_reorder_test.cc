// SPDX-License-Identifier: Apache-2.0
// Packets that come in any order, twice, late or never.
#include "mux/rtp_reorder.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using mux::RtpReorder;

namespace {

struct Rig : mux::RtpReorderSink {
  explicit Rig(RtpReorder::Limits limits = {.packets = 8, .wait_us = 100'000})
      : reorder(limits, pool, *this) {}

  Rig &push(unsigned sequence, std::int64_t ms = 0) {
    payload = std::to_string(sequence & 0xffff);
    reorder.push({.sequence = static_cast<std::uint16_t>(sequence),
                  .timestamp = sequence * 10,
                  .payload = base::as_bytes(payload)},
                 {.mono_us = ms * 1'000});
    return *this;
  }

  void on_packet(const wire::rtp::Packet &packet, const mux::RtpArrival &arrival,
                 bool after_loss) override {
    CHECK(base::as_text(packet.payload) == std::to_string(packet.sequence));
    uncopied = packet.payload.data() == base::as_bytes(payload).data();
    arrived_us = arrival.mono_us;
    if (!log.empty()) log += ' ';
    if (after_loss) log += '!';
    log += std::to_string(packet.sequence);
  }

  media::BufferPool pool;
  RtpReorder reorder;
  std::string payload;
  std::string log;  // sequence numbers; with ! where something is missing before
  bool uncopied = false;
  std::int64_t arrived_us = 0;
};

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("rtp reorder: what comes in order passes through, uncopied") {
    Rig rig;
    for (unsigned i = 100; i < 103; ++i) {
      rig.push(i);
      CHECK(rig.uncopied);
    }
    CHECK(rig.log == "100 101 102");
    CHECK(rig.reorder.copied_bytes() == 0);
    CHECK(rig.reorder.deadline_us() == -1);
    CHECK(rig.pool.bytes_in_use() == 0);
  }

  TEST_CASE("rtp reorder: what comes early waits for what is before it") {
    Rig rig;
    rig.push(1).push(4, 1).push(3, 2).push(2, 3);
    CHECK(rig.log == "1 2 3 4");
    CHECK(rig.arrived_us == 1'000);  // its own arrival
    CHECK(rig.reorder.reordered() == 2);
    CHECK(rig.reorder.copied_bytes() == 2);
    CHECK(rig.reorder.lost() == 0);
    CHECK(rig.pool.bytes_in_use() == 0);
    CHECK(rig.push(5).log == "1 2 3 4 5");
  }

  TEST_CASE("rtp reorder: the first packet is where the sequence begins") {
    Rig rig;
    rig.push(7).push(6).push(8);
    CHECK(rig.log == "7 8");
    CHECK(rig.reorder.late() == 1);
  }

  TEST_CASE("rtp reorder: after a time a gap is a loss, and is told") {
    Rig rig;
    rig.push(1, 0).push(3, 10).push(4, 50).push(6, 60);
    CHECK(rig.reorder.deadline_us() == 110'000);
    rig.reorder.expire(109'999);
    CHECK(rig.log == "1");
    rig.reorder.expire(110'000);
    CHECK(rig.log == "1 !3 4");
    CHECK(rig.reorder.lost() == 1);
    CHECK(rig.reorder.deadline_us() == 160'000);
    rig.reorder.expire(500'000);
    CHECK(rig.log == "1 !3 4 !6");
    CHECK(rig.reorder.deadline_us() == -1);
    CHECK(rig.push(2).log == "1 !3 4 !6");
    CHECK(rig.reorder.late() == 1);
  }

  TEST_CASE("rtp reorder: no more packets wait than the window holds") {
    Rig rig;
    rig.push(1);
    for (unsigned i = 3; i <= 9; ++i)
      rig.push(i);
    CHECK(rig.log == "1");
    rig.push(10);
    CHECK(rig.log == "1 !3 4 5 6 7 8 9 10");
    CHECK(rig.reorder.lost() == 1);
    CHECK(rig.pool.bytes_in_use() == 0);
  }

  TEST_CASE("rtp reorder: a packet far ahead pushes out what cannot wait any longer") {
    Rig rig;
    rig.push(1).push(3).push(500);
    CHECK(rig.log == "1 !3");
    rig.reorder.flush();
    CHECK(rig.log == "1 !3 !500");
    CHECK(rig.reorder.lost() == 1 + 496);
  }

  TEST_CASE("rtp reorder: what was pushed out does not shorten the wait of the others") {
    Rig rig({.packets = 4, .wait_us = 100'000});
    rig.push(0).push(2, 0).push(4, 50).push(6, 90);
    CHECK(rig.log == "0 !2");
    CHECK(rig.reorder.deadline_us() == 150'000);
  }

  TEST_CASE("rtp reorder: duplicates are dropped, of those that wait too") {
    Rig rig;
    rig.push(1).push(1).push(3).push(3).push(2).push(2).push(3);
    CHECK(rig.log == "1 2 3");
    CHECK(rig.reorder.late() == 4);
    CHECK(rig.reorder.lost() == 0);
  }

  TEST_CASE("rtp reorder: the sequence goes on across 2^16") {
    Rig rig;
    rig.push(65'534).push(65'536).push(65'535).push(65'538).push(65'537);
    CHECK(rig.log == "65534 65535 0 1 2");
    CHECK(rig.reorder.reordered() == 2);
    CHECK(rig.reorder.restarts() == 0);
  }

  TEST_CASE("rtp reorder: a sequence that starts anew is followed at its second packet") {
    Rig rig;
    rig.push(1).push(3).push(30'000);
    CHECK(rig.log == "1");
    CHECK(rig.reorder.late() == 1);
    rig.push(30'001);
    CHECK(rig.log == "1 !3 !30001");
    CHECK(rig.reorder.restarts() == 1);
    CHECK(rig.push(30'002).log == "1 !3 !30001 30002");
    CHECK(rig.reorder.lost() == 1);
  }

  TEST_CASE("rtp reorder: strays one by one change nothing") {
    Rig rig;
    rig.push(1).push(30'000).push(2).push(30'001).push(40'000).push(20'000).push(3);
    CHECK(rig.log == "1 2 3");
    CHECK(rig.reorder.restarts() == 0);
    CHECK(rig.reorder.late() == 4);
  }

  TEST_CASE("rtp reorder: without a window nothing waits, and a gap is a loss at once") {
    Rig rig({.packets = 0});
    rig.push(1).push(2).push(5).push(6);
    CHECK(rig.log == "1 2 !5 6");
    CHECK(rig.uncopied);
    CHECK(rig.reorder.lost() == 2);
    CHECK(rig.reorder.deadline_us() == -1);
    rig.push(6).push(7);  // twice
    CHECK(rig.log == "1 2 !5 6 7");
    rig.push(3).push(4).push(5);  // a camera that starts anew a little before
    CHECK(rig.log == "1 2 !5 6 7 !4 5");
    CHECK(rig.pool.bytes_in_use() == 0);
  }

  TEST_CASE("rtp reorder: a restart forgets what waits and takes any packet as the first") {
    Rig rig;
    rig.push(1).push(3);
    CHECK(rig.pool.bytes_in_use() > 0);
    rig.reorder.restart();
    CHECK(rig.pool.bytes_in_use() == 0);
    CHECK(rig.reorder.deadline_us() == -1);
    CHECK(rig.push(900).push(901).log == "1 900 901");
    CHECK(rig.reorder.lost() == 0);
  }

  TEST_CASE("rtp reorder: its end gives the memory back") {
    media::BufferPool pool;
    Rig sink;
    {
      RtpReorder reorder({.packets = 64}, pool, sink);
      const std::string text = "0";
      for (unsigned i : {0U, 2U, 4U, 6U}) {
        sink.payload = std::to_string(i);
        reorder.push(
            {.sequence = static_cast<std::uint16_t>(i), .payload = base::as_bytes(sink.payload)},
            {});
      }
      CHECK(pool.bytes_in_use() > 0);
    }
    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("rtp reorder: whatever comes, what goes out is in order") {
    for (std::size_t packets : {0U, 1U, 2U, 16U, 5'000U}) {
      struct InOrder : mux::RtpReorderSink {
        void on_packet(const wire::rtp::Packet &packet, const mux::RtpArrival &,
                       bool after_loss) override {
          const auto step = static_cast<std::uint16_t>(packet.sequence - last);
          if (any && !after_loss) CHECK(step == 1);
          last = packet.sequence;
          any = true;
          ++count;
        }
        std::uint16_t last = 0;
        bool any = false;
        unsigned count = 0;
      } sink;
      media::BufferPool pool;
      RtpReorder reorder({.packets = packets, .wait_us = 20'000}, pool, sink);
      std::uint32_t random = 1;
      std::uint16_t sequence = 60'000;
      for (int i = 0; i < 20'000; ++i) {
        random = random * 1'664'525 + 1'013'904'223;
        const unsigned dice = random >> 24;
        if (dice < 4) sequence = static_cast<std::uint16_t>(random >> 8);
        const unsigned back = dice < 64 ? random >> 20 & 15 : 0;
        const std::int64_t now_us = std::int64_t{i} * 1'000;
        reorder.push({.sequence = static_cast<std::uint16_t>(sequence - back)},
                     {.mono_us = now_us});
        if (back == 0) ++sequence;
        if (reorder.deadline_us() >= 0 && reorder.deadline_us() <= now_us) reorder.expire(now_us);
        const bool bounded = reorder.deadline_us() == -1 || reorder.deadline_us() > now_us;
        REQUIRE(bounded);
      }
      CHECK(sink.count > 5'000);
      reorder.flush();
      CHECK(pool.bytes_in_use() == 0);
    }
  }
}
