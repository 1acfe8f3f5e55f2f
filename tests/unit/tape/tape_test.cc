// SPDX-License-Identifier: Apache-2.0
// The tape and its views: what one writes is what the others read, and memory stays within the
// window.
#include "tape/tape.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace sluice::tape {
namespace {

using media::Ticks;

std::shared_ptr<BlockPool> make_pool() { return std::make_shared<BlockPool>(0); }

std::shared_ptr<Tape> make_tape(const std::shared_ptr<BlockPool> &pool, Tape::Limits limits = {}) {
  auto tape = Tape::create(pool, limits);
  REQUIRE(tape.has_value());
  return *tape;
}

void append(Tape &tape, std::string_view text, Mark mark = {}) {
  auto room = tape.reserve(text.size());
  REQUIRE(room.has_value());
  std::memcpy(room->data(), text.data(), text.size());
  mark.size = static_cast<std::uint32_t>(text.size());
  tape.commit(mark);
}

std::string read(const TapeView &view, std::uint64_t from, std::uint64_t to) {
  std::string text;
  while (from < to) {
    std::array<iovec, 2> pieces;
    std::size_t count = view.gather(from, to, pieces);
    REQUIRE(count > 0);
    for (std::size_t i = 0; i < count; ++i) {
      text.append(static_cast<const char *>(pieces[i].iov_base), pieces[i].iov_len);
      from += pieces[i].iov_len;
    }
  }
  return text;
}

// A frame's text tells its number and fills the given size.
std::string numbered(int number, std::size_t size) {
  std::string text = std::to_string(number) + ":";
  text.resize(size, static_cast<char>('a' + number % 26));
  return text;
}

TEST_SUITE("tape") {
  TEST_CASE("tape: nothing is visible before it is published") {
    auto pool = make_pool();
    auto tape = make_tape(pool);
    TapeView view = tape->make_view();
    append(*tape, "frame", {.key = true});
    view.refresh();
    CHECK(view.head() == 0);
    CHECK_FALSE(view.newest_key().has_value());
    tape->publish();
    view.refresh();
    CHECK(view.head() == 5);
    CHECK(view.newest_key() == 0);
    CHECK(read(view, 0, 5) == "frame");
  }

  TEST_CASE("tape: a view reads over many blocks exactly what was written") {
    auto pool = make_pool();
    auto tape = make_tape(pool);
    TapeView view = tape->make_view();
    std::string written;
    for (int i = 0; i < 60; ++i) {
      std::string frame = numbered(i, 40'000);
      append(*tape, frame, {.key = i == 0});
      written += frame;
    }
    tape->publish();
    view.refresh();
    CHECK(pool->usage().used_blocks > 5);
    CHECK(read(view, 0, view.head()) == written);
  }

  TEST_CASE("tape: a frame never straddles two blocks, and a large one gets a block of its own") {
    auto pool = make_pool();
    auto tape = make_tape(pool);
    for (std::size_t size : {200'000UL, 100'000UL, 3'000'000UL, 10UL}) {
      auto room = tape->reserve(size);
      REQUIRE(room.has_value());
      CHECK(room->size() == size);
      std::memset(room->data(), 'x', size);
      tape->commit({.size = static_cast<std::uint32_t>(size)});
    }
    tape->publish();
    TapeView view = tape->make_view();
    CHECK(read(view, 0, view.head()) == std::string(3'300'010, 'x'));
  }

  TEST_CASE(
      "tape: a boundary is the end of a frame, at or before the limit, and at least one frame") {
    auto pool = make_pool();
    auto tape = make_tape(pool);
    std::vector<std::uint64_t> ends;
    std::uint64_t end = 0;
    for (int i = 0; i < 100; ++i) {
      std::size_t size = 3'000 + static_cast<std::size_t>(i * 7919 % 9'000);
      append(*tape, numbered(i, size));
      ends.push_back(end += size);
    }
    tape->publish();
    TapeView view = tape->make_view();
    std::uint64_t from = 0;
    for (std::uint64_t frame_end : ends) {
      for (std::uint64_t reach : {0UL, 1UL, 2'999UL, 20'000UL, 500'000UL, 5'000'000UL}) {
        std::uint64_t boundary = view.boundary(from, from + reach);
        CHECK(boundary >= frame_end);
        CHECK(std::ranges::binary_search(ends, boundary));
        bool within = boundary <= from + reach;
        CHECK((within || boundary == frame_end));
      }
      from = frame_end;
    }
  }

  TEST_CASE("tape: a reader that starts gets the prefix of the frames it starts at") {
    auto pool = make_pool();
    auto tape = make_tape(pool);
    tape->set_prefix({.init = "one", .changeover = "1"});
    append(*tape, "aaaa", {.key = true});
    tape->set_prefix({.init = "two", .changeover = "2"});
    append(*tape, "config", {.config = true});
    append(*tape, "bbbb", {.key = true});
    tape->publish();
    TapeView view = tape->make_view();
    CHECK(view.prefix_at(0).init == "one");
    CHECK(view.prefix_at(*view.newest_key()).init == "two");
    CHECK(view.prefix_at(0).serial != view.prefix_at(*view.newest_key()).serial);
    CHECK(read(view, 0, view.head()) == "aaaaconfigbbbb");
  }

  TEST_CASE("tape: memory stays within the window however much is written") {
    auto pool = make_pool();
    auto tape = make_tape(pool, {.window_bytes = 1 << 20, .window_time = std::chrono::hours(1)});
    TapeView view = tape->make_view();
    for (int i = 0; i < 500; ++i) {
      append(*tape, numbered(i, 50'000), {.dts = Ticks(i), .key = i % 10 == 0});
      tape->publish();
      view.refresh();
      CHECK(tape->held_bytes() <= (1 << 20) + BlockPool::kBlockBytes);
      CHECK(view.tail() <= view.head());
    }
    CHECK(pool->usage().used_bytes <= (1 << 20) + 2 * BlockPool::kBlockBytes);
    // What is left is still right.
    std::string last = numbered(499, 50'000);
    CHECK(read(view, view.head() - last.size(), view.head()) == last);
  }

  TEST_CASE("tape: frames older than the window's time go, but not the newest key frame") {
    auto pool = make_pool();
    auto tape = make_tape(pool, {.window_time = std::chrono::seconds(2)});
    append(*tape, numbered(0, 1'000), {.dts = Ticks(0), .key = true});
    for (int i = 1; i < 40; ++i) {
      append(*tape, numbered(i, 100'000), {.dts = std::chrono::seconds(i)});
      tape->publish();
    }
    TapeView view = tape->make_view();
    CHECK(view.newest_key() == 0);
    append(*tape, numbered(40, 100'000), {.dts = std::chrono::seconds(40), .key = true});
    tape->publish();
    view.refresh();
    CHECK(view.tail() > 0);
    CHECK(view.newest_key().has_value());
    CHECK(view.dts_at(view.tail()) >= std::chrono::seconds(35));
  }

  TEST_CASE("tape: a key frame that left the window is not offered to a reader") {
    auto pool = make_pool();
    auto tape = make_tape(pool, {.window_bytes = 1 << 20});
    append(*tape, "key", {.key = true});
    for (int i = 0; i < 60; ++i)
      append(*tape, numbered(i, 100'000));
    tape->publish();
    TapeView view = tape->make_view();
    CHECK(view.tail() > 0);
    CHECK_FALSE(view.newest_key().has_value());
  }

  TEST_CASE("tape: a view that is kept after the tape has ended reads to the end") {
    auto pool = make_pool();
    auto tape = make_tape(pool);
    TapeView view = tape->make_view();
    append(*tape, "last words", {.key = true});
    tape->end();
    tape.reset();
    view.refresh();
    CHECK(view.ended());
    CHECK(read(view, 0, view.head()) == "last words");
  }

  TEST_CASE("tape: the time at an offset is that of the frame that covers it") {
    auto pool = make_pool();
    auto tape = make_tape(pool);
    append(*tape, "aaaa", {.dts = Ticks(10), .key = true});
    append(*tape, "bbbb", {.dts = Ticks(20)});
    tape->publish();
    TapeView view = tape->make_view();
    CHECK(view.dts_at(0) == Ticks(10));
    CHECK(view.dts_at(3) == Ticks(10));
    CHECK(view.dts_at(4) == Ticks(20));
    CHECK(view.dts_at(8) == Ticks(20));
  }

  TEST_CASE("block pool: free blocks that nobody needs for a while go back to the system") {
    BlockPool pool(64 << 20);
    std::vector<base::MutableBytes> blocks;
    for (int i = 0; i < 40; ++i) {
      blocks.push_back(pool.take(BlockPool::kBlockBytes));
      std::memset(blocks.back().data(), 'x', blocks.back().size());
    }
    for (base::MutableBytes block : blocks)
      pool.give_back(block);
    pool.trim();  // These were needed since the pool was made.
    CHECK(blocks.front().front() == std::byte{'x'});
    pool.trim();
    // A page that was given back reads as zeros.
    for (base::MutableBytes block : blocks)
      CHECK(block.front() == std::byte{0});
    base::MutableBytes again = pool.take(BlockPool::kBlockBytes);
    CHECK(again.size() == BlockPool::kBlockBytes);
    pool.give_back(again);
  }

  TEST_CASE(
      "block pool: everything that was taken comes back, and large regions leave the process") {
    auto pool = make_pool();
    {
      auto tape = make_tape(pool);
      append(*tape, std::string(2'000'000, 'x'), {.key = true});
      append(*tape, "small");
      CHECK(pool->usage().used_bytes >= 2'000'000);
    }
    CHECK(pool->usage().used_bytes == 0);
    CHECK(pool->usage().used_blocks == 0);
  }
}

}  // namespace
}  // namespace sluice::tape
