// SPDX-License-Identifier: Apache-2.0
// unit_mux: what it costs to write fMP4 fragments and MPEG-TS packets into memory that is there,
// one video frame with the audio since the last at a time, as it is done once per stream and
// container. Both copy the payload once, which is what memcpy of the same bytes is compared with.
#include "micro/frames.h"
#include "mux/fmp4_writer.h"
#include "mux/ts_writer.h"
#include "support/report.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::seconds kLength{10};  // of the recording

// The bytes that came out. The frames are later each time, as their time has to grow.
template <class Writer>
std::size_t mux_all(Writer &writer, std::vector<media::Frame> &frames, base::MutableBytes memory) {
  std::size_t bytes = 0;
  for (media::Frame &frame : frames) {
    writer.add(frame);
    frame.dts += kLength;
    if (!writer.full()) continue;
    std::size_t size = writer.prepare();
    writer.write(memory.first(size));
    keep(memory.data());
    bytes += size;
  }
  return bytes;
}

template <class Writer>
base::Json measure_variant(std::string_view name, double mbit) {
  media::BufferPool pool;
  std::vector<media::Frame> frames = as_frames(record({.mbit = mbit}, kLength.count()), pool);
  std::vector<std::byte> memory(1 << 20);
  Writer writer;
  writer.configure(tracks_of(SyntheticStream({.mbit = mbit})));
  const std::size_t payload = payload_bytes(frames);
  base::Json result = measure({.name = name,
                               .frames = frames.size(),
                               .bytes = payload,
                               .run = [&] { mux_all(writer, frames, memory); },
                               .copy = [&] { copy_all(frames, memory); }});
  auto written = static_cast<double>(mux_all(writer, frames, memory));
  result["written_per_payload_byte"] = rounded(written / static_cast<double>(payload));
  return result;
}

}  // namespace
}  // namespace sluice::bench

int main() {
  using namespace sluice::bench;
  using sluice::mux::Fmp4Writer, sluice::mux::TsWriter;
  print_line({{"bench", "unit_mux"},
              {"variants",
               {measure_variant<Fmp4Writer>("fMP4, 1 Mbit/s", 1.012),
                measure_variant<Fmp4Writer>("fMP4, 4 Mbit/s", 4),
                measure_variant<TsWriter>("MPEG-TS, 1 Mbit/s", 1.012),
                measure_variant<TsWriter>("MPEG-TS, 4 Mbit/s", 4)}}});
}
