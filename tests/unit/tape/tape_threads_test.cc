// SPDX-License-Identifier: Apache-2.0
// One writer and several readers on threads of their own; run under ThreadSanitizer too.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "tape/tape.h"

namespace sluice::tape {
namespace {

constexpr std::uint32_t kFrames = 20'000;

// A frame is its number, as often as its size allows, so that a reader can tell every byte.
void write_frame(Tape &tape, std::uint32_t number) {
  std::size_t words = 1 + number * 7919 % 500;
  auto room = tape.reserve(words * 4);
  REQUIRE(room.has_value());
  for (std::size_t i = 0; i < words; ++i)
    std::memcpy(room->data() + i * 4, &number, 4);
  tape.commit({.size = static_cast<std::uint32_t>(words * 4),
               .dts = media::Ticks(number),
               .key = number % 50 == 0});
}

struct Reader {
  TapeView view;
  std::uint64_t cursor = 0;
  std::uint32_t last_number = 0;
  std::uint64_t skips = 0;
  bool broken = false;

  void check(const std::byte *bytes, std::size_t size) {
    for (std::size_t i = 0; i + 4 <= size; i += 4) {
      std::uint32_t number = 0;
      std::memcpy(&number, bytes + i, 4);
      broken = broken || number < last_number || number > kFrames;
      last_number = number;
    }
  }

  // False once the tape has ended and everything was read.
  bool step() {
    view.refresh();
    if (cursor < view.tail()) {
      auto key = view.newest_key();
      if (!key) return !view.ended();
      cursor = *key;
      ++skips;
    }
    std::array<iovec, 8> pieces;
    std::size_t count = view.gather(cursor, view.head(), pieces);
    for (std::size_t i = 0; i < count; ++i) {
      check(static_cast<const std::byte *>(pieces[i].iov_base), pieces[i].iov_len);
      cursor += pieces[i].iov_len;
    }
    return !view.ended() || cursor < view.head();
  }
};

TEST_SUITE("tape") {
  TEST_CASE("tape: readers on other threads see whole frames in order while the writer goes on") {
    auto pool = std::make_shared<BlockPool>(1 << 20);
    auto tape = Tape::create(pool, {.window_bytes = 2 << 20});
    REQUIRE(tape.has_value());
    std::vector<Reader> readers;
    for (int i = 0; i < 3; ++i)
      readers.push_back({(*tape)->make_view()});
    std::vector<std::thread> threads;
    for (Reader &reader : readers) {
      threads.emplace_back([&reader] {
        while (reader.step())
          std::this_thread::yield();
      });
    }
    for (std::uint32_t number = 0; number < kFrames; ++number) {
      write_frame(**tape, number);
      if (number % 3 == 0) (*tape)->publish();
    }
    (*tape)->end();
    for (std::thread &thread : threads)
      thread.join();
    for (const Reader &reader : readers) {
      CHECK_FALSE(reader.broken);
      CHECK(reader.last_number == kFrames - 1);
    }
  }
}

}  // namespace
}  // namespace sluice::tape
