// SPDX-License-Identifier: Apache-2.0
// A publisher's messages, or a file in FLV, through reader, time line and writer. What is written
// must be read back as the same frames, and no track may ever go back in time.
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_input.h"
#include "media/gop_cache.h"
#include "media/timeline.h"
#include "mux/flv_reader.h"
#include "mux/flv_tag_reader.h"
#include "mux/flv_writer.h"

namespace {

using namespace sluice;

struct Recorder : mux::FlvEvents {
  void on_track(const media::Track &track) override {
    tracks.of(media::kind_of(track.codec)) = track;
  }
  void on_frame(media::Frame &&frame) override { frames.push_back(std::move(frame)); }
  void on_metadata(const media::Metadata &seen) override { metadata = seen; }
  void on_ignored(const char *what) override { SLUICE_CHECK(what != nullptr && *what != '\0'); }

  media::TrackSet tracks;
  media::Metadata metadata;
  std::vector<media::Frame> frames;
};

struct Feed : mux::FlvTagSink {
  explicit Feed(mux::FlvReader &to) : reader(to) {}
  void on_flv_header(bool /*has_audio*/, bool /*has_video*/) override {}
  void on_flv_tag(mux::FlvTag &&tag) override { reader.read(tag); }

  mux::FlvReader &reader;
};

void read_file(media::BufferPool &pool, Recorder &out, base::Bytes input, std::uint8_t seed) {
  mux::FlvReader reader(out);
  Feed feed(reader);
  mux::FlvTagReader cutter(pool, feed, 1 << 20);
  fuzz::Pieces pieces(seed);
  while (!input.empty()) {
    if (!cutter.feed(pieces.next(input))) return;
  }
}

// Messages as a session has them: type, stamp and size before each body.
void read_messages(media::BufferPool &pool, Recorder &out, base::Bytes input) {
  mux::FlvReader reader(out);
  base::ByteReader in(input);
  while (in.ok() && in.left() > 0) {
    mux::FlvTag tag{.type = in.u8(), .stamp_ms = in.u32()};
    const base::Bytes body = in.take(std::min<std::size_t>(in.u16(), in.left()));
    tag.body = {pool.take(body.size()), 0, static_cast<std::uint32_t>(body.size())};
    if (!body.empty()) std::memcpy(tag.body.buffer.memory().data(), body.data(), body.size());
    reader.read(tag);
  }
}

void place(std::vector<media::Frame> &frames) {
  media::TimeLine line;
  std::array<std::optional<media::Ticks>, 2> last;
  for (media::Frame &frame : frames) {
    line.place(frame);
    auto &before = last[static_cast<std::size_t>(frame.kind())];
    SLUICE_CHECK(!before || frame.dts >= *before + media::Ticks(std::chrono::milliseconds(1)));
    before = frame.dts;
  }
}

void write_and_read(media::BufferPool &pool, const Recorder &in, mux::H265InFlv mode) {
  std::string file = mux::flv_prefix(in.tracks, in.metadata, mode, media::Ticks{0});
  for (const media::Frame &frame : in.frames) {
    const std::size_t size = mux::flv_tag_size(frame, mode);
    file.resize(file.size() + size);
    auto *end = reinterpret_cast<std::byte *>(file.data() + file.size());
    mux::write_flv_tag(frame, mode, {end - size, size});
  }
  Recorder out;
  read_file(pool, out, base::as_bytes(file), 255);
  // Only codecs that were announced last are in the prefix; the frames of others are dropped again.
  std::size_t next = 0;
  for (const media::Frame &frame : out.frames) {
    while (next < in.frames.size() &&
           (in.frames[next].codec != frame.codec ||
            in.frames[next].dts.count() / 90 % (1LL << 32) != frame.dts.count() / 90)) {
      ++next;
    }
    SLUICE_CHECK(next < in.frames.size());
    const media::Frame &sent = in.frames[next++];
    SLUICE_CHECK(sent.key == frame.key && sent.composition_offset == frame.composition_offset);
    SLUICE_CHECK(base::as_text(sent.payload.bytes()) == base::as_text(frame.payload.bytes()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  const std::uint8_t how = fuzz::take_byte(input);
  media::BufferPool pool;
  {
    Recorder seen;
    if (how < 128) {
      read_file(pool, seen, input, how);
    } else {
      read_messages(pool, seen, input);
    }
    place(seen.frames);
    media::GopCache cache({.max_bytes = 64 << 10, .max_duration = std::chrono::seconds(10)});
    for (const media::Frame &frame : seen.frames) {
      cache.add(frame);
      SLUICE_CHECK(cache.held_bytes() <= 64 << 10);
    }
    const auto mode = how % 2 == 0 ? mux::H265InFlv::Enhanced : mux::H265InFlv::Legacy;
    write_and_read(pool, seen, mode);
  }
  SLUICE_CHECK(pool.bytes_in_use() == 0);
  return 0;
}
