// SPDX-License-Identifier: Apache-2.0
#include "tape/range.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>

#include "tape/tape.h"

namespace {

using namespace sluice;

std::shared_ptr<tape::BlockPool> make_pool() { return std::make_shared<tape::BlockPool>(0); }

// A frame whose bytes are all `fill`.
void append(tape::Tape &tape, std::size_t size, char fill) {
  auto room = tape.reserve(size);
  REQUIRE(room);
  std::memset(room->data(), fill, size);
  tape.commit({.size = static_cast<std::uint32_t>(size), .key = true});
}

std::string read(const tape::Range &range, std::uint64_t offset, std::uint64_t length) {
  std::array<iovec, 8> pieces;
  std::string bytes;
  std::size_t count = range.gather(offset, length, pieces);
  for (std::size_t i = 0; i < count; ++i)
    bytes.append(static_cast<const char *>(pieces[i].iov_base), pieces[i].iov_len);
  return bytes;
}

TEST_CASE("a range shows any part of its bytes, also over blocks") {
  auto made = tape::Tape::create(make_pool(), {});
  REQUIRE(made);
  tape::Tape &tape = **made;
  append(tape, 200 << 10, 'a');
  append(tape, 200 << 10, 'b');  // a frame never straddles blocks, so it takes another one
  append(tape, 10, 'c');
  tape.publish();
  auto view = tape.make_view();

  tape::Range range = view.range(0, view.head());
  CHECK(range.pieces() == 2);
  CHECK(range.size() == (400u << 10) + 10);
  CHECK(read(range, 0, range.size()).size() == range.size());
  CHECK(read(range, (200 << 10) - 2, 4) == "aabb");
  CHECK(read(range, range.size() - 11, 100) == "bcccccccccc");
  CHECK(read(range, range.size(), 1).empty());
  CHECK(tape::Range().empty());
}

TEST_CASE("a range keeps its own block, and not those that follow") {
  auto pool = make_pool();
  auto made = tape::Tape::create(pool, {.window_bytes = 256 << 10});
  REQUIRE(made);
  tape::Tape &tape = **made;
  append(tape, 200 << 10, 'a');
  tape.publish();
  tape::Range range;
  {
    auto view = tape.make_view();
    range = view.range(0, view.head());
  }
  for (int i = 0; i < 20; ++i) {
    append(tape, 200 << 10, 'z');
    tape.publish();
  }
  CHECK(pool->usage().used_blocks <= 3);
  CHECK(read(range, 0, 3) == "aaa");
  made->reset();
  CHECK(pool->usage().used_blocks == 1);
  range = {};
  CHECK(pool->usage().used_blocks == 0);
}

}  // namespace
