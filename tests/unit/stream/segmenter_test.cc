// SPDX-License-Identifier: Apache-2.0
// The segmenter on a tape that is made by hand: where it cuts, what the lists say, and what is kept
// when a publisher, the tracks or the tape's window change.
#include "stream/segmenter.h"

#include <doctest/doctest.h>

#include <cstring>
#include <optional>
#include <string>

#include "tape/tape.h"

using namespace sluice;
using base::Millis;
using media::Ticks;
using stream::Segment;
using stream::SegmentList;

namespace {

struct Bench {
  explicit Bench(config::Config c = {})
      : config(std::make_shared<const config::Config>(std::move(c))) {
    begin_tape();
  }

  // A publisher comes.
  void begin_tape(tape::Tape::Limits limits = {.window_time = std::chrono::hours(1)}) {
    auto made = tape::Tape::create(pool, limits);
    REQUIRE(made.has_value());
    tape = *made;
    tape->set_prefix({.init = "init", .changeover = "init"});
    segmenter.emplace(tape->make_view(), log, config);
  }

  void write(const std::string &bytes, tape::Mark mark) {
    auto room = tape->reserve(bytes.size());
    REQUIRE(room.has_value());
    std::memcpy(room->data(), bytes.data(), bytes.size());
    mark.size = static_cast<std::uint32_t>(bytes.size());
    tape->commit(mark);
  }
  // A unit that says when it is.
  void unit(std::int64_t ms, bool key = false, std::size_t size = 0) {
    std::string text = (key ? "<K" : "<") + std::to_string(ms) + ">";
    if (text.size() < size) text.resize(size, '.');
    write(text, {.dts = Millis(ms), .wall_us = 1'000'000 + ms * 1'000, .key = key});
  }
  bool advance() {
    tape->publish();
    return segmenter->advance();
  }
  // Units of 40 ms with a key frame every so often, each published by itself.
  void play(std::int64_t from_ms, std::int64_t to_ms, std::int64_t gop_ms) {
    for (std::int64_t ms = from_ms; ms < to_ms; ms += 40) {
      unit(ms, (ms - from_ms) % gop_ms == 0);
      advance();
    }
  }
  // The tracks change within the publication.
  void change_tracks(std::int64_t ms) {
    tape->set_prefix({.init = "other", .changeover = "other"});
    write("[other]", {.dts = Millis(ms), .config = true});
  }

  [[nodiscard]] std::shared_ptr<const SegmentList> list() const { return log.read(); }

  std::shared_ptr<tape::BlockPool> pool = std::make_shared<tape::BlockPool>(0);
  config::Live config;
  stream::SegmentLog log;
  std::shared_ptr<tape::Tape> tape;
  std::optional<stream::Segmenter> segmenter;
};

std::string bytes_of(const tape::Range &range) {
  std::vector<iovec> pieces(range.pieces());
  std::size_t count = range.gather(0, range.size(), pieces);
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out.append(static_cast<const char *>(pieces[i].iov_base), pieces[i].iov_len);
  return out;
}

std::int64_t ms(Ticks time) { return std::chrono::duration_cast<Millis>(time).count(); }

std::vector<std::int64_t> part_times(const Segment &segment) {
  std::vector<std::int64_t> times;
  for (const auto &part : segment.parts)
    times.push_back(ms(part.duration));
  return times;
}

// Everything that must hold of any list.
void check_sound(const SegmentList &list) {
  std::uint64_t number = list.next_number - list.segments.size();
  auto check = [&](const Segment &segment) {
    CHECK(segment.number == number++);
    REQUIRE(segment.init != nullptr);
    REQUIRE_FALSE(segment.parts.empty());
    Ticks sum{0};
    std::string parts;
    for (const auto &part : segment.parts) {
      CHECK(part.duration > Ticks{0});
      CHECK(part.duration <= list.part_target);
      CHECK_FALSE(part.range.empty());
      sum += part.duration;
      parts += bytes_of(part.range);
    }
    CHECK(segment.duration == sum);
    CHECK(segment.duration <= list.target);
    return parts;
  };
  for (const auto &segment : list.segments)
    CHECK(check(*segment) == bytes_of(segment->range));
  if (list.open) {
    check(*list.open);
    CHECK(list.open->range.empty());
  }
}

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("segmenter: a segment ends at the first key frame when it is long enough") {
    Bench bench;
    bench.play(0, 6'100, 1'000);  // A key frame at 0, 1000, 2000 and so on.
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() == 3);
    CHECK(ms(list->segments[0]->duration) == 2'000);
    CHECK(ms(list->segments[1]->start) == 2'000);
    CHECK(bytes_of(list->segments[1]->range).starts_with("<K2000><2040>"));
    CHECK(bytes_of(list->segments[1]->range).ends_with("<3960>"));
    CHECK(list->segments[1]->wall_us == 3'000'000);
    CHECK(list->segments[1]->init->bytes == "init");
    CHECK(list->segments[0]->init == list->segments[1]->init);
    CHECK_FALSE(list->segments[0]->discontinuity);
    CHECK_FALSE(list->segments[1]->discontinuity);
    CHECK(list->target == std::chrono::seconds(2));
    CHECK(list->next_number == 3);
    CHECK_FALSE(list->ended);
  }

  TEST_CASE("segmenter: a key frame a moment too early ends the segment all the same") {
    Bench bench;
    bench.unit(0, true);
    for (std::int64_t ms = 40; ms < 1980; ms += 40)
      bench.unit(ms);
    bench.unit(1'999, true);
    bench.advance();
    REQUIRE(bench.list()->segments.size() == 1);
    CHECK(bench.list()->segments.front()->duration == Millis(1'999));
  }

  TEST_CASE("segmenter: a part has as many frames as fit, and its exact duration") {
    Bench bench;
    bench.play(0, 2'040, 2'000);
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() == 1);
    CHECK(part_times(*list->segments[0]) ==
          std::vector<std::int64_t>{320, 320, 320, 320, 320, 320, 80});
    CHECK(list->segments[0]->parts[0].independent);
    CHECK_FALSE(list->segments[0]->parts[1].independent);
    CHECK(list->part_target == Millis(320));
    CHECK(bytes_of(list->segments[0]->parts[1].range).starts_with("<320>"));
    CHECK(list->open == nullptr);
  }

  TEST_CASE("segmenter: at any frame rate parts have at least 85 % of the target duration") {
    for (int interval : {20, 33, 40, 50, 66, 80, 100, 125, 160, 200, 333, 500, 1'000}) {
      Bench bench;
      for (int i = 0; i * interval < 10'000; ++i) {
        bench.unit(i * interval, i * interval % 2'000 < interval);
        bench.advance();
      }
      auto list = bench.list();
      check_sound(*list);
      REQUIRE(list->segments.size() >= 2);
      for (const auto &segment : list->segments) {
        for (std::size_t i = 0; i + 1 < segment->parts.size(); ++i)
          CHECK(segment->parts[i].duration * 100 >= list->part_target * 85);
      }
    }
  }

  TEST_CASE("segmenter: the open segment shows its parts as soon as the next frame has come") {
    Bench bench;
    bench.play(0, 320, 2'000);
    CHECK(bench.list()->open == nullptr);
    CHECK(bench.list()->version == 0);
    bench.unit(320);
    CHECK(bench.advance());
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->open != nullptr);
    CHECK(list->open->number == 0);
    CHECK(part_times(*list->open) == std::vector<std::int64_t>{320});
    bench.unit(360);
    CHECK_FALSE(bench.advance());
    CHECK(bench.list() == list);
  }

  TEST_CASE("segmenter: what comes before the first key frame is left out") {
    Bench bench;
    bench.unit(0);
    bench.unit(40);
    bench.play(80, 2'200, 2'000);
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() == 1);
    CHECK(bytes_of(list->segments[0]->range).starts_with("<K80>"));
  }

  TEST_CASE("segmenter: without key frames a segment is cut when it is as long as it may be") {
    Bench bench;
    bench.play(0, 61'000, 1'000'000);
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() == 2);
    CHECK(ms(list->segments[0]->duration) == 30'000);
    CHECK_FALSE(list->segments[1]->parts[0].independent);
    CHECK_FALSE(list->segments[1]->discontinuity);
    CHECK(list->target == std::chrono::seconds(30));
  }

  TEST_CASE("segmenter: the list slides, and its targets follow what is listed") {
    Bench bench;
    bench.play(0, 5'000, 5'000);
    bench.play(5'000, 10'000, 2'000);
    CHECK(bench.list()->target == std::chrono::seconds(5));
    bench.play(10'000, 40'000, 2'000);
    auto list = bench.list();
    check_sound(*list);
    CHECK(list->segments.size() == 6);
    CHECK(list->target == std::chrono::seconds(2));
    CHECK(list->discontinuities == 0);
  }

  TEST_CASE("segmenter: other tracks end the segment and begin one with another init") {
    Bench bench;
    bench.play(0, 3'000, 2'000);
    bench.change_tracks(3'000);
    bench.play(3'000, 5'100, 2'000);
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() == 3);
    CHECK(ms(list->segments[1]->duration) == 1'000);
    CHECK(bytes_of(list->segments[1]->range).ends_with("<2960>"));
    CHECK(bytes_of(list->segments[2]->range).starts_with("<K3000>"));
    CHECK(list->segments[2]->discontinuity);
    CHECK(list->segments[2]->init->bytes == "other");
    CHECK(list->segments[2]->init->number > list->segments[1]->init->number);
    // Once it has left the list it is counted.
    bench.play(5'100, 20'000, 2'000);
    CHECK(bench.list()->discontinuities == 1);
    check_sound(*bench.list());
  }

  TEST_CASE("segmenter: a hole in the media ends the segment, and is in none") {
    for (bool key_after : {true, false}) {
      Bench bench;
      bench.play(0, 1'000, 2'000);
      bench.unit(8'000, key_after);
      bench.advance();
      auto list = bench.list();
      check_sound(*list);
      REQUIRE(list->segments.size() == 1);
      CHECK(ms(list->segments[0]->duration) == 1'000);
      CHECK(bytes_of(list->segments[0]->range).ends_with("<960>"));
      CHECK(list->target == std::chrono::seconds(2));
      CHECK(list->part_target == Millis(320));
      for (std::int64_t ms = 8'040; ms < 8'600; ms += 40)
        bench.unit(ms);
      bench.advance();
      list = bench.list();
      check_sound(*list);
      REQUIRE(list->open != nullptr);
      CHECK(list->open->discontinuity);
      CHECK(ms(list->open->start) == 8'000);
      CHECK(list->open->parts[0].independent == key_after);
      CHECK(list->open->init == list->segments[0]->init);
    }
  }

  TEST_CASE("segmenter: sound that comes late hides no hole, and shortens no last picture") {
    Bench bench;
    bench.play(0, 1'000, 2'000);
    bench.unit(800);
    bench.unit(8'000, true);
    bench.advance();
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() == 1);
    CHECK(ms(list->segments[0]->duration) == 1'000);
    CHECK(list->part_target == Millis(320));
    bench.play(8'040, 9'000, 2'000);
    bench.unit(8'800);
    bench.advance();
    bench.segmenter->end();
    list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() == 2);
    CHECK(ms(list->segments[1]->duration) == 1'000);
  }

  TEST_CASE("segmenter: a camera that is slow, or slower for a moment, has no holes") {
    Bench bench;
    for (std::int64_t ms = 0; ms <= 30'000; ms += 1'500)
      bench.unit(ms, ms % 6'000 == 0);
    bench.unit(34'000);
    bench.unit(36'000, true);
    bench.advance();
    auto list = bench.list();
    check_sound(*list);
    for (const auto &segment : list->segments)
      CHECK_FALSE(segment->discontinuity);
    CHECK(list->segments.back()->duration == std::chrono::seconds(6));
  }

  TEST_CASE("segmenter: the end of the publisher completes what is open") {
    Bench bench;
    bench.play(0, 3'000, 2'000);
    bench.tape->end();
    bench.segmenter->end();
    auto list = bench.list();
    check_sound(*list);
    CHECK(list->ended);
    CHECK(list->open == nullptr);
    REQUIRE(list->segments.size() == 2);
    CHECK(ms(list->segments[1]->duration) == 1'000);
    CHECK(bytes_of(list->segments[1]->range).ends_with("<2960>"));
  }

  TEST_CASE("segmenter: the next publisher goes on behind the segments that are listed") {
    Bench bench;
    bench.play(0, 3'000, 2'000);
    bench.tape->end();
    bench.segmenter->end();
    std::string last = bytes_of(bench.list()->segments[1]->range);
    bench.begin_tape();
    bench.play(10'000, 12'100, 2'000);
    auto list = bench.list();
    check_sound(*list);
    CHECK_FALSE(list->ended);
    REQUIRE(list->segments.size() == 3);
    CHECK(bytes_of(list->segments[1]->range) == last);
    CHECK(list->segments[2]->number == 2);
    CHECK(list->segments[2]->discontinuity);
    CHECK(list->segments[2]->init->number == 1);
  }

  TEST_CASE("segmenter: a publisher of whom no segment was made leaves no trace but its end") {
    Bench bench;
    bench.unit(0);
    bench.advance();
    bench.segmenter->end();
    CHECK(bench.list()->ended);
    CHECK(bench.list()->next_number == 0);
    bench.begin_tape();
    bench.play(0, 2'100, 2'000);
    REQUIRE(bench.list()->segments.size() == 1);
    CHECK_FALSE(bench.list()->segments[0]->discontinuity);
  }

  TEST_CASE("segmenter: released, a log holds no memory and uses no number twice") {
    Bench bench;
    bench.play(0, 2'400, 2'000);
    CHECK(bench.list()->open != nullptr);
    auto version = bench.list()->version;
    bench.segmenter.reset();
    bench.tape.reset();
    CHECK(bench.pool->usage().used_blocks > 0);
    stream::Segmenter::release(bench.log);
    CHECK(bench.pool->usage().used_blocks == 0);
    CHECK(bench.list()->segments.empty());
    CHECK(bench.list()->open == nullptr);
    CHECK(bench.list()->version > version);
    bench.begin_tape();
    bench.play(0, 2'100, 2'000);
    REQUIRE(bench.list()->segments.size() == 1);
    CHECK(bench.list()->segments[0]->number == 2);
    CHECK(bench.list()->segments[0]->discontinuity);
  }

  TEST_CASE("segmenter: memory is bounded, however much a stream sends") {
    config::Config config;
    config.stream.tape_window = 1 << 20;
    Bench bench(config);
    bench.begin_tape({.window_bytes = 1 << 20});
    for (int i = 0; i < 1'000; ++i) {
      bench.unit(i * 40, i % 50 == 0, 50'000);
      bench.advance();
      CHECK(bench.pool->usage().used_bytes <= (5U << 20));
    }
    check_sound(*bench.list());
  }

  TEST_CASE("segmenter: however heavy segments are, two stay listed") {
    config::Config config;
    config.stream.tape_window = 1 << 20;
    Bench bench(config);
    for (std::int64_t ms = 0; ms < 4'000; ms += 40) {
      bench.unit(ms, ms == 0, 100 << 10);
      bench.advance();
      if (bench.list()->next_number >= 2) CHECK(bench.list()->segments.size() >= 2);
    }
    CHECK(bench.list()->next_number > 10);
  }

  TEST_CASE("segmenter: what the tape let go of unread is left out, and the break is marked") {
    Bench bench;
    bench.begin_tape({.window_bytes = 1 << 20, .window_time = std::chrono::hours(1)});
    bench.play(0, 2'400, 2'000);
    for (int i = 0; i < 60; ++i)
      bench.unit(2'400 + i * 40, i % 50 == 0, 100'000);
    bench.advance();
    bench.play(4'800, 9'000, 2'000);
    auto list = bench.list();
    check_sound(*list);
    REQUIRE(list->segments.size() >= 3);
    CHECK(bytes_of(list->segments[1]->range).ends_with("<2280>"));
    CHECK(list->segments[2]->discontinuity);
    CHECK(bytes_of(list->segments[2]->range).starts_with("<K"));
  }

  TEST_CASE("segmenter: times that stand still, go back or jump make no list that is unsound") {
    Bench bench;
    std::uint32_t random = 7;
    std::int64_t now = 0;
    for (int i = 0; i < 5'000; ++i) {
      random = random * 1'664'525 + 1'013'904'223;
      const std::uint32_t dice = random >> 16;
      if (dice % 5 == 0) now -= static_cast<std::int64_t>(dice % 300);
      if (dice % 5 == 1) now += static_cast<std::int64_t>(dice % 40'000);
      if (dice % 5 == 2) now += 40;
      if (dice % 97 == 0) bench.change_tracks(now);
      bench.unit(now, dice % 97 == 0 || dice % 31 == 0);
      if (bench.advance()) check_sound(*bench.list());
    }
    bench.segmenter->end();
    check_sound(*bench.list());
  }

  TEST_CASE("segmenter: however small its parts are, a segment has a bounded number of them") {
    config::Config config;
    config.hls.part = Millis(1);
    Bench bench(config);
    for (int i = 0; i < 5'000; ++i)
      bench.unit(i * 2, i == 0);
    bench.advance();
    check_sound(*bench.list());
    REQUIRE(bench.list()->segments.size() >= 2);
    CHECK(bench.list()->segments[0]->parts.size() <= stream::Segmenter::kMaxParts + 1);
  }

  TEST_CASE("segmenter: the list tells how many bits per second its segments have") {
    Bench bench;
    for (int i = 0; i < 5; ++i) {
      bench.unit(i * 2'000, true, i == 1 ? 50'000 : 25'000);
      bench.advance();
    }
    auto list = bench.list();
    REQUIRE(list->segments.size() == 4);
    CHECK(list->peak_bits_per_second == 200'000);
    CHECK(list->mean_bits_per_second == 125'000);
  }
}
