// SPDX-License-Identifier: Apache-2.0
// Frames that carry a serial number, and FLV taken apart into what it carries, so that a test can
// say exactly which frames a reader got.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "media/buffer.h"
#include "media/frame.h"
#include "media/track_set.h"
#include "mux/flv_tag_reader.h"
#include "support/records.h"

namespace sluice::test {

inline media::Track h264_track(std::string_view record = kAvc1080) {
  return {.codec = media::Codec::H264, .config = unhex(record), .width = 1920, .height = 1080};
}

inline media::Track aac_track(std::string_view config = "1210") {
  return {
      .codec = media::Codec::AAC, .config = unhex(config), .sample_rate = 44'100, .channels = 2};
}

// The payload says the serial in its first four bytes, and repeats the lowest one to its end.
inline media::Frame numbered_frame(media::BufferPool &pool, media::Frame frame,
                                   std::uint32_t serial, std::size_t size) {
  media::Buffer buffer = pool.take(size);
  REQUIRE(bool(buffer));
  auto memory = buffer.memory().first(size);
  std::ranges::fill(memory, static_cast<std::byte>(serial));
  base::put_u32(memory.data(), serial);
  frame.payload = {std::move(buffer), 0, static_cast<std::uint32_t>(size)};
  return frame;
}

struct FlvItem {
  // M metadata, C video configuration, c audio configuration, K key frame, V other video, A audio
  char what = '?';
  std::uint32_t stamp_ms = 0;
  std::uint32_t serial = 0;
  bool intact = true;  // the payload is what numbered_frame() wrote
};

class FlvItems : public mux::FlvTagSink {
 public:
  FlvItems() = default;
  FlvItems(std::initializer_list<std::string_view> parts) {
    for (std::string_view part : parts)
      feed(part);
  }

  void feed(std::string_view bytes) { REQUIRE(reader_.feed(base::as_bytes(bytes)).has_value()); }

  void on_flv_header(bool, bool) override { ++headers; }
  void on_flv_tag(mux::FlvTag &&tag) override {
    base::ByteReader body(tag.body.bytes());
    FlvItem item{.stamp_ms = tag.stamp_ms};
    if (tag.type == 18) {
      item.what = 'M';
    } else {
      bool video = tag.type == 9;
      std::uint8_t first = body.u8();
      bool config = body.u8() == 0;
      if (video) body.skip(3);
      item.what = video ? (config ? 'C' : first >> 4 == 1 ? 'K' : 'V') : (config ? 'c' : 'A');
      if (!config) check_payload(body, item);
    }
    all.push_back(item);
  }

  // "MCcKVA": the kinds in their order.
  [[nodiscard]] std::string kinds() const {
    std::string text;
    for (const FlvItem &item : all)
      text.push_back(item.what);
    return text;
  }
  [[nodiscard]] std::vector<std::uint32_t> serials() const {
    std::vector<std::uint32_t> out;
    for (const FlvItem &item : all) {
      if (item.what == 'K' || item.what == 'V' || item.what == 'A') out.push_back(item.serial);
    }
    return out;
  }
  [[nodiscard]] bool intact() const {
    return std::ranges::all_of(all, [](const FlvItem &item) { return item.intact; });
  }
  [[nodiscard]] bool at_boundary() const { return reader_.at_boundary(); }
  [[nodiscard]] std::uint64_t size_mismatches() const { return reader_.size_mismatches(); }

  std::vector<FlvItem> all;
  int headers = 0;

 private:
  static void check_payload(base::ByteReader &body, FlvItem &item) {
    item.serial = body.u32();
    auto filling = static_cast<std::byte>(item.serial);
    auto rest = body.rest();
    item.intact = body.ok() && std::ranges::all_of(rest, [&](std::byte b) { return b == filling; });
  }

  media::BufferPool pool_;
  mux::FlvTagReader reader_{pool_, *this};
};

// Consecutive numbers from first to last.
inline std::vector<std::uint32_t> sequence(std::uint32_t first, std::uint32_t last) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = first; i <= last; ++i)
    out.push_back(i);
  return out;
}

}  // namespace sluice::test
