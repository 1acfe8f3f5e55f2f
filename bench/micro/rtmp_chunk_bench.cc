// SPDX-License-Identifier: Apache-2.0
// rtmp_chunk: what it costs to take an encoder's chunks apart, fed in pieces as a socket delivers
// them. The payload is copied once, which is what memcpy of the same bytes is compared with.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "micro/camera.h"
#include "micro/measure.h"
#include "support/report.h"
#include "wire/rtmp_chunk.h"

namespace sluice::bench {
namespace {

namespace rtmp = wire::rtmp;

constexpr std::size_t kReadSize = 64 * 1024;
constexpr std::size_t kLargestFrame = 1 << 20;

// One memory per chunk stream; counts what came.
class CountingSink final : public rtmp::MessageSink {
 public:
  base::Result<base::MutableBytes> begin_message(const rtmp::MessageHeader &header) override {
    SLUICE_CHECK(header.slot < memory_.size());
    auto &memory = memory_[header.slot];
    if (memory.empty()) memory.resize(kLargestFrame);
    return base::MutableBytes(memory).first(header.length);
  }
  base::Status end_message(const rtmp::MessageHeader &) override {
    messages_++;
    return {};
  }
  void drop_message(const rtmp::MessageHeader &) override {}

  [[nodiscard]] std::size_t messages() const { return messages_; }

 private:
  std::array<std::vector<std::byte>, 4> memory_;
  std::size_t messages_ = 0;
};

std::string as_chunks(const Recording &recording, std::uint32_t chunk_size) {
  rtmp::ChunkWriter writer(rtmp::ChunkWriter::Headers::Delta);
  writer.set_chunk_size(chunk_size);
  std::string wire;
  for (const RecordedMessage &message : recording.messages) {
    rtmp::MessageHeader header;
    header.chunk_stream_id = message.video ? 6 : 4;
    header.type = message.video ? rtmp::MessageType::Video : rtmp::MessageType::Audio;
    header.timestamp = message.timestamp_ms;
    header.stream_id = 1;
    writer.write(header, recording.body(message), wire);
  }
  return wire;
}

void parse_all(std::string_view wire, std::uint32_t chunk_size, std::size_t messages) {
  rtmp::ChunkReader reader;
  CountingSink sink;
  SLUICE_CHECK(reader.set_chunk_size(chunk_size));
  for (std::size_t at = 0; at < wire.size(); at += kReadSize)
    SLUICE_CHECK(reader.feed(base::as_bytes(wire.substr(at, kReadSize)), sink));
  SLUICE_CHECK(sink.messages() == messages);
}

base::Json measure_variant(std::string_view name, double mbit, std::uint32_t chunk_size) {
  Recording recording = record({.mbit = mbit});
  std::string wire = as_chunks(recording, chunk_size);
  std::vector<std::byte> memory(kLargestFrame);
  return measure({.name = name,
                  .frames = recording.messages.size(),
                  .bytes = recording.bytes.size(),
                  .run = [&] { parse_all(wire, chunk_size, recording.messages.size()); },
                  .copy =
                      [&] {
                        for (const RecordedMessage &message : recording.messages) {
                          std::memcpy(memory.data(), recording.body(message).data(), message.size);
                          keep(memory.data());
                        }
                      }});
}

}  // namespace
}  // namespace sluice::bench

int main() {
  using namespace sluice::bench;
  print_line({{"bench", "rtmp_chunk"},
              {"variants",
               {measure_variant("1 Mbit/s, chunks of 128", 1.012, 128),
                measure_variant("1 Mbit/s, chunks of 4096", 1.012, 4096),
                measure_variant("4 Mbit/s, chunks of 4096", 4, 4096),
                measure_variant("4 Mbit/s, chunks of 65536", 4, 65536)}}});
}
