// SPDX-License-Identifier: Apache-2.0
// What the tests of FLV share: bodies from text, and a recorder of what a reader says.
#pragma once

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/buffer.h"
#include "mux/flv_reader.h"
#include "mux/flv_tag_reader.h"
#include "mux/flv_writer.h"
#include "support/records.h"

namespace sluice::test {

inline media::Slice slice_of(media::BufferPool &pool, std::string_view bytes) {
  media::Buffer buffer = pool.take(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer.memory().data(), bytes.data(), bytes.size());
  return {std::move(buffer), 0, static_cast<std::uint32_t>(bytes.size())};
}

inline std::string text_of(const media::Slice &slice) {
  return std::string(base::as_text(slice.bytes()));
}

struct FlvRecorder : mux::FlvEvents {
  void on_track(const media::Track &track) override { tracks.push_back(track); }
  void on_frame(media::Frame &&frame) override { frames.push_back(std::move(frame)); }
  void on_metadata(const media::Metadata &seen) override { metadata.push_back(seen); }
  void on_ignored(const char *what) override { ignored.emplace_back(what); }

  std::vector<media::Track> tracks;
  std::vector<media::Frame> frames;
  std::vector<media::Metadata> metadata;
  std::vector<std::string> ignored;
};

// A reader with its pool; bodies are given in hexadecimal or as they are.
struct ReaderRig {
  void raw(mux::FlvType type, std::string_view body, std::uint32_t stamp_ms = 0) {
    reader.read({static_cast<std::uint8_t>(type), stamp_ms, slice_of(pool, body)});
  }
  void video(std::string_view hex, std::uint32_t stamp_ms = 0) {
    raw(mux::FlvType::Video, unhex(hex), stamp_ms);
  }
  void audio(std::string_view hex, std::uint32_t stamp_ms = 0) {
    raw(mux::FlvType::Audio, unhex(hex), stamp_ms);
  }

  media::BufferPool pool;
  FlvRecorder seen;
  mux::FlvReader reader{seen};
};

struct TagRecorder : mux::FlvTagSink {
  void on_flv_header(bool has_audio, bool has_video) override {
    ++headers;
    audio = has_audio;
    video = has_video;
  }
  void on_flv_tag(mux::FlvTag &&tag) override { tags.push_back(std::move(tag)); }

  int headers = 0;
  bool audio = false;
  bool video = false;
  std::vector<mux::FlvTag> tags;
};

inline std::string tag_of(const media::Frame &frame,
                          mux::H265InFlv mode = mux::H265InFlv::Enhanced) {
  std::string out(mux::flv_tag_size(frame, mode), '\xee');
  mux::write_flv_tag(frame, mode, {reinterpret_cast<std::byte *>(out.data()), out.size()});
  return out;
}

inline std::string read_file(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace sluice::test
