// SPDX-License-Identifier: Apache-2.0
// tape: what it costs to append a frame and publish it, and what one flush of one viewer costs in
// user space before the kernel is called: its share of the refresh, and taking the bytes between
// its cursor and the head.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "micro/camera.h"
#include "micro/measure.h"
#include "support/report.h"
#include "tape/tape.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kWindow = 16U << 20;
constexpr std::uint64_t kLeastMemory = 1 << 20;

// Writes the recording again and again, as a stream would that never ends.
class Writer {
 public:
  explicit Writer(const Recording &recording) : recording_(recording) {
    auto pool = std::make_shared<tape::BlockPool>();
    tape_ = tape::Tape::create(std::move(pool), {.window_bytes = kWindow}).value();
    tape_->set_prefix({.init = "init", .changeover = "changeover"});
  }

  void append(const RecordedMessage &message) {
    auto room = tape_->reserve(message.size);
    SLUICE_CHECK(room);
    std::memcpy(room->data(), recording_.body(message).data(), message.size);
    tape_->commit({.size = static_cast<std::uint32_t>(message.size),
                   .dts = base_ + std::chrono::milliseconds(message.timestamp_ms),
                   .key = message.key});
    tape_->publish();
  }
  void wrap() { base_ += std::chrono::seconds(10); }

  [[nodiscard]] const tape::Tape &tape() const { return *tape_; }
  void append_all() {
    for (const RecordedMessage &message : recording_.messages)
      append(message);
    wrap();
  }

 private:
  const Recording &recording_;
  std::shared_ptr<tape::Tape> tape_;
  media::Ticks base_{0};
};

class Flushes {
 public:
  Flushes(const tape::Tape &tape, std::size_t viewers)
      : view_(tape.make_view()), cursors_(viewers, view_.head()) {}

  void flush() {
    view_.refresh();
    for (std::uint64_t &cursor : cursors_) {
      std::array<iovec, 4> pieces;
      std::size_t count = view_.gather(cursor, view_.head(), pieces);
      for (std::size_t i = 0; i < count; i++)
        cursor += pieces[i].iov_len;
      keep(pieces.data());
    }
  }

 private:
  tape::TapeView view_;
  std::vector<std::uint64_t> cursors_;
};

base::Json measure_variant(std::string_view name, double mbit, std::size_t viewers) {
  Recording recording = record({.mbit = mbit});
  Writer writer(recording);
  Flushes flushes(writer.tape(), viewers);
  writer.append_all();
  // memcpy walks through as much memory as the tape does, which keeps some seconds only.
  std::vector<std::byte> memory(std::max(writer.tape().held_bytes(), kLeastMemory));
  std::size_t at = 0, video_frames = 0;
  for (const RecordedMessage &message : recording.messages)
    video_frames += message.video;
  base::Json result =
      measure({.name = name,
               .frames = recording.messages.size(),
               .bytes = recording.bytes.size(),
               .run =
                   [&] {
                     for (const RecordedMessage &message : recording.messages) {
                       writer.append(message);
                       if (message.video) flushes.flush();
                     }
                     writer.wrap();
                   },
               .copy =
                   [&] {
                     for (const RecordedMessage &message : recording.messages) {
                       if (at + message.size > memory.size()) at = 0;
                       std::memcpy(&memory[at], recording.body(message).data(), message.size);
                       at += message.size;
                     }
                     keep(memory.data());
                   }});
  result["viewers"] = viewers;
  if (viewers > 1) {
    auto flushes_per_frame = static_cast<double>(video_frames * viewers) /
                             static_cast<double>(recording.messages.size());
    double ns = result["ns_per_frame"].get<double>();
    result["ns_per_viewer_flush"] = rounded(ns / flushes_per_frame, 10);
  }
  return result;
}

}  // namespace
}  // namespace sluice::bench

int main() {
  using namespace sluice::bench;
  print_line(
      {{"bench", "tape"},
       {"variants",
        {measure_variant("append, 1 Mbit/s", 1.012, 1), measure_variant("append, 4 Mbit/s", 4, 1),
         measure_variant("1000 viewers, 1 Mbit/s", 1.012, 1000)}}});
}
