// SPDX-License-Identifier: Apache-2.0
// flv_mux: what it costs to write a frame's FLV tag into memory that is there, as it is done once
// per stream and frame. The payload is copied once, which is what memcpy of the same bytes is
// compared with.
#include <cstring>

#include "micro/camera.h"
#include "micro/measure.h"
#include "mux/flv_writer.h"
#include "support/report.h"
#include "support/stamp.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kAudioBodyHead = 2;  // sound format, AAC packet type

std::vector<media::Frame> as_frames(const Recording &recording, media::BufferPool &pool) {
  std::vector<media::Frame> frames;
  for (const RecordedMessage &message : recording.messages) {
    base::Bytes payload =
        recording.body(message).subspan(message.video ? kVideoBodyHead : kAudioBodyHead);
    media::Frame frame;
    frame.codec = message.video ? media::Codec::H264 : media::Codec::AAC;
    frame.key = message.key || !message.video;
    frame.dts = std::chrono::milliseconds(message.timestamp_ms);
    frame.payload = {pool.take(payload.size()), 0, static_cast<std::uint32_t>(payload.size())};
    std::memcpy(frame.payload.buffer.memory().data(), payload.data(), payload.size());
    frames.push_back(std::move(frame));
  }
  return frames;
}

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
  std::size_t bytes = 0;
  for (const media::Frame &frame : frames)
    bytes += frame.payload.size;
  return measure({.name = name,
                  .frames = frames.size(),
                  .bytes = bytes,
                  .run = [&] { mux_all(frames, memory); },
                  .copy =
                      [&] {
                        for (const media::Frame &frame : frames) {
                          base::Bytes payload = frame.payload.bytes();
                          std::memcpy(memory.data(), payload.data(), payload.size());
                          keep(memory.data());
                        }
                      }});
}

}  // namespace
}  // namespace sluice::bench

int main() {
  using namespace sluice::bench;
  print_line({{"bench", "flv_mux"},
              {"variants", {measure_variant("1 Mbit/s", 1.012), measure_variant("4 Mbit/s", 4)}}});
}
