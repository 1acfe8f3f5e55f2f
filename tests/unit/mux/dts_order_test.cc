// SPDX-License-Identifier: Apache-2.0
#include "mux/dts_order.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/clock.h"

namespace sluice::mux {
namespace {

media::Track track_with(int reorder_frames, double frame_rate = 25) {
  media::Track track{.codec = media::Codec::H264};
  track.reorder_frames = reorder_frames;
  track.frame_rate = frame_rate;
  return track;
}

media::Frame at_ms(std::int64_t ms, media::Codec codec = media::Codec::H264) {
  return {.codec = codec, .dts = base::Millis(ms)};
}

// Decoding times in milliseconds of pictures that come with these times of presentation.
std::vector<std::int64_t> order(DtsOrder &dts_order, std::vector<std::int64_t> presented) {
  std::vector<std::int64_t> decoded;
  for (std::int64_t ms : presented) {
    media::Frame frame = at_ms(ms);
    dts_order.place(frame);
    CHECK((frame.dts + frame.composition_offset) == base::Millis(ms));
    decoded.push_back(std::chrono::duration_cast<base::Millis>(frame.dts).count());
  }
  return decoded;
}

TEST_SUITE_BEGIN("mux");

TEST_CASE("dts order: without reordering pictures are decoded when they are shown") {
  DtsOrder dts_order;
  dts_order.set_track(track_with(0));
  CHECK(order(dts_order, {10'000, 10'040, 10'080}) ==
        std::vector<std::int64_t>{10'000, 10'040, 10'080});
}

TEST_CASE("dts order: a stated depth gives even times from the first picture on") {
  DtsOrder dts_order;
  dts_order.set_track(track_with(1));
  // I P B B P B B, two B between P, which refer to nothing: a depth of one.
  CHECK(order(dts_order, {10'000, 10'120, 10'040, 10'080, 10'240, 10'160, 10'200}) ==
        std::vector<std::int64_t>{9'960, 10'000, 10'040, 10'080, 10'120, 10'160, 10'200});
}

TEST_CASE("dts order: a depth that nobody states is learnt, and no time goes back") {
  DtsOrder dts_order;
  dts_order.set_track(track_with(-1));
  auto decoded =
      order(dts_order, {10'000, 10'120, 10'040, 10'080, 10'240, 10'160, 10'200, 10'360, 10'280});
  CHECK(dts_order.depth() == 1);
  for (std::size_t i = 1; i < decoded.size(); ++i)
    CHECK(decoded[i] > decoded[i - 1]);
  CHECK(decoded.back() <= 10'280);
}

TEST_CASE("dts order: a clock that steps begins a new order") {
  DtsOrder dts_order;
  dts_order.set_track(track_with(1));
  order(dts_order, {10'000, 10'080, 10'040});
  CHECK(order(dts_order, {90'000, 90'080, 90'040}).front() == 89'960);
}

TEST_CASE("dts order: a frame rate that is nonsense does not reach back to before the session") {
  DtsOrder dts_order;
  dts_order.set_track(track_with(static_cast<int>(DtsOrder::kMaxDepth), 0.001));
  CHECK(order(dts_order, {10'000}).front() > 0);
}

TEST_CASE("dts order: sound is left as it is") {
  DtsOrder dts_order;
  media::Frame frame = at_ms(10'001, media::Codec::AAC);
  dts_order.place(frame);
  CHECK(frame.dts == base::Millis(10'001));
  CHECK(frame.composition_offset.count() == 0);
}

TEST_SUITE_END();

}  // namespace
}  // namespace sluice::mux
