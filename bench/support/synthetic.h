// SPDX-License-Identifier: Apache-2.0
// SyntheticStream: the bodies of FLV/RTMP messages of an endless H.264 + AAC stream of a given bit
// rate. Valid parameter sets and NAL framing, stamped frames, filler where slices would be: servers
// relay it like any camera's. The key frame is 5.35 times a P frame, as measured of a camera's
// picture at 1 Mbit/s (23 KB and 4.3 KB).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sluice::bench {

struct Shape {
  double mbit = 1.012;  // of FLV bytes: tag headers and previous-tag sizes counted
  int fps = 25;
  double gop_s = 2;
  bool audio = true;
};

struct SyntheticMessage {
  bool video = false;
  bool key = false;
  std::uint32_t timestamp_ms = 0;
  std::int64_t due_ns = 0;  // since the stream's start
  base::MutableBytes body;  // valid until the next call of next()
};

class SyntheticStream {
 public:
  explicit SyntheticStream(const Shape &shape);

  [[nodiscard]] std::string metadata() const;      // an onMetaData body, without @setDataFrame
  [[nodiscard]] std::string video_config() const;  // AVC sequence header
  [[nodiscard]] std::string audio_config() const;  // AAC sequence header
  [[nodiscard]] double flv_bytes_per_s() const { return bytes_per_s_; }
  [[nodiscard]] int frames_per_gop() const { return frames_per_gop_; }

  // The next message in the order of time. A video message's stamp is still empty; see stamp().
  SyntheticMessage next();
  // Fills in number and time of sending of the video message that next() gave.
  void stamp(const SyntheticMessage &message, std::int64_t now_ns);

 private:
  Shape shape_;
  int frames_per_gop_;
  double bytes_per_s_ = 0;
  std::vector<std::byte> key_body_, delta_body_, audio_body_;
  std::uint64_t video_count_ = 0, audio_count_ = 0;
};

}  // namespace sluice::bench
