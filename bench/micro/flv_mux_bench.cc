// SPDX-License-Identifier: Apache-2.0
// flv_mux: what it costs to write a frame's FLV tag into memory that is there, as it is done once
// per stream and frame. The payload is copied once, which is what memcpy of the same bytes is
// compared with.
#include "micro/frames.h"
#include "mux/flv_writer.h"
#include "support/report.h"

namespace sluice::bench {
namespace {

void mux_all(const std::vector<media::Frame> &frames, base::MutableBytes memory) {
  constexpr auto kMode = mux::H265InFlv::Enhanced;
  for (const media::Frame &frame : frames) {
    mux::write_flv_tag(frame, kMode, memory.first(mux::flv_tag_size(frame, kMode)));
    keep(memory.data());
  }
}

base::Json measure_variant(std::string_view name, double mbit) {
  media::BufferPool pool;
  std::vector<media::Frame> frames = as_frames(record({.mbit = mbit}), pool);
  std::vector<std::byte> memory(1 << 20);
  return measure({.name = name,
                  .frames = frames.size(),
                  .bytes = payload_bytes(frames),
                  .run = [&] { mux_all(frames, memory); },
                  .copy = [&] { copy_all(frames, memory); }});
}

}  // namespace
}  // namespace sluice::bench

int main() {
  using namespace sluice::bench;
  print_line({{"bench", "flv_mux"},
              {"variants", {measure_variant("1 Mbit/s", 1.012), measure_variant("4 Mbit/s", 4)}}});
}
