// SPDX-License-Identifier: Apache-2.0
#include "media/gop_cache.h"

#include <doctest/doctest.h>

using namespace sluice::media;
using namespace std::chrono_literals;
using Added = GopCache::Added;

namespace {

BufferPool pool;

Frame frame(Codec codec, bool key, std::chrono::milliseconds at, std::uint32_t size = 100) {
  return {.codec = codec, .key = key, .dts = at, .payload = {pool.take(size), 0, size}};
}
Frame video(bool key, std::chrono::milliseconds at, std::uint32_t size = 100) {
  return frame(Codec::H264, key, at, size);
}
Frame audio(std::chrono::milliseconds at) { return frame(Codec::AAC, true, at); }

}  // namespace

TEST_SUITE("media") {
  TEST_CASE("gop cache: holds everything since the newest key frame, in order") {
    GopCache cache;
    CHECK(cache.add(video(true, 0ms)) == Added::Started);
    CHECK(cache.add(audio(5ms)) == Added::Kept);
    CHECK(cache.add(video(false, 40ms)) == Added::Kept);
    CHECK(cache.frames().size() == 3);
    CHECK(cache.bytes() == 300);
    CHECK(cache.duration() == 40ms);
    CHECK(cache.starts_with_key());
    CHECK(cache.add(video(true, 80ms)) == Added::Started);
    CHECK(cache.frames().size() == 1);
    CHECK(cache.bytes() == 100);
    CHECK(cache.frames().front().dts == 80ms);
  }

  TEST_CASE("gop cache: video before the first key frame is not kept") {
    GopCache cache;
    CHECK(cache.add(video(false, 0ms)) == Added::NotKept);
    CHECK(cache.empty());
    CHECK(!cache.starts_with_key());
  }

  TEST_CASE("gop cache: of a stream without video the newest second is kept") {
    GopCache cache;
    for (int i = 0; i < 1000; ++i)
      cache.add(audio(i * 20ms));
    CHECK(cache.duration() == 1s);
    CHECK(cache.frames().size() == 51);
    CHECK(cache.bytes() == 5100);
    CHECK(cache.frames().back().dts == 999 * 20ms);
    CHECK(cache.add(video(true, 20s)) == Added::Started);
    CHECK(cache.frames().size() == 1);
  }

  TEST_CASE(
      "gop cache: a GOP over its bytes is let go until the next key frame, and counted once") {
    GopCache cache({.max_bytes = 100'000, .max_duration = 60s});
    CHECK(cache.add(video(true, 0ms, 60'000)) == Added::Started);
    CHECK(cache.add(video(false, 40ms, 60'000)) == Added::Overflowed);
    CHECK(cache.empty());
    CHECK(cache.held_bytes() == 0);
    CHECK(cache.add(video(false, 80ms)) == Added::NotKept);
    CHECK(cache.overflows() == 1);
    CHECK(cache.add(video(true, 120ms, 1000)) == Added::Started);
    CHECK(cache.starts_with_key());
    CHECK(pool.bytes_in_use() == cache.frames().front().payload.buffer.capacity());
  }

  TEST_CASE("gop cache: a key frame that is over the limit alone is not kept") {
    GopCache cache({.max_bytes = 1000, .max_duration = 60s});
    CHECK(cache.add(video(true, 0ms, 5000)) == Added::Overflowed);
    CHECK(cache.empty());
  }

  TEST_CASE("gop cache: a GOP over its time is let go, audio is kept meanwhile") {
    GopCache cache({.max_bytes = 1 << 20, .max_duration = 2s});
    cache.add(video(true, 0ms));
    CHECK(cache.add(audio(2s)) == Added::Kept);
    CHECK(cache.add(audio(2001ms)) == Added::Overflowed);
    CHECK(cache.add(audio(2020ms)) == Added::Kept);
    CHECK(!cache.starts_with_key());
    CHECK(cache.frames().size() == 1);
  }

  TEST_CASE("gop cache: tiny frames count with the memory that they hold") {
    GopCache cache({.max_bytes = 100'000, .max_duration = 3600s});
    cache.add(video(true, 0ms));
    std::size_t most = 0;
    for (int i = 1; i < 10'000; ++i) {
      cache.add(video(false, i * 1ms, 1));
      most = std::max(most, cache.frames().size());
    }
    CHECK(most < 200);
    CHECK(cache.overflows() == 1);
  }
}
