// SPDX-License-Identifier: Apache-2.0
#include "media/buffer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

using sluice::media::Buffer;
using sluice::media::BufferPool;
using sluice::media::Slice;

TEST_SUITE("media") {
  TEST_CASE("buffer: every size gets at least that much memory, all of it writable") {
    BufferPool pool;
    for (std::size_t size : {0UL, 1UL, 511UL, 512UL, 513UL, 65535UL, 65536UL, 65537UL, 300'000UL}) {
      CAPTURE(size);
      Buffer buffer = pool.take(size);
      REQUIRE(buffer);
      CHECK(buffer.capacity() >= size);
      CHECK(buffer.memory().size() == buffer.capacity());
      std::ranges::fill(buffer.memory(), std::byte{0x5a});
    }
    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("buffer: memory is in use until the last copy is gone, and is then used again") {
    BufferPool pool;
    Buffer first = pool.take(1000);
    const auto *memory = first.memory().data();
    CHECK(pool.bytes_in_use() == 1024);
    {
      Slice slice{first, 10, 20};
      Buffer copy = first;
      Buffer moved = std::move(copy);
      first = Buffer();
      CHECK(!first);
      CHECK(first.capacity() == 0);
      CHECK(first.memory().empty());
      CHECK(pool.bytes_in_use() == 1024);
      CHECK(slice.bytes().data() == memory + 10);
      CHECK(slice.bytes().size() == 20);
    }
    CHECK(pool.bytes_in_use() == 0);
    CHECK(pool.take(600).memory().data() == memory);
  }

  TEST_CASE("buffer: assigning a buffer to itself keeps it") {
    BufferPool pool;
    Buffer buffer = pool.take(1);
    const Buffer &same = buffer;
    buffer = same;
    CHECK(buffer);
    CHECK(pool.bytes_in_use() == 512);
  }

  TEST_CASE("buffer: buffers may outlive their pool, large and small") {
    auto pool = std::make_unique<BufferPool>();
    Buffer small = pool->take(100);
    Buffer large = pool->take(1 << 20);
    Buffer kept = pool->take(100);
    kept = Buffer();
    pool.reset();
    std::ranges::fill(small.memory(), std::byte{1});
    std::ranges::fill(large.memory(), std::byte{2});
    small = Buffer();
  }

  TEST_CASE("buffer: what is kept for reuse is bounded") {
    BufferPool pool;
    std::vector<Buffer> many;
    for (int i = 0; i < 100; ++i)
      many.push_back(pool.take(65536));
    CHECK(pool.bytes_in_use() == 100 * 65536UL);
    many.clear();
    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("buffer: a size that no machine has gives an empty buffer") {
    BufferPool pool;
    CHECK(!pool.take(SIZE_MAX));
    CHECK(!pool.take(SIZE_MAX / 2));
    CHECK(pool.bytes_in_use() == 0);
  }
}
