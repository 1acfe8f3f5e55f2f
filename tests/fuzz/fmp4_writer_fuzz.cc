// SPDX-License-Identifier: Apache-2.0
// Any tracks and frames through the fMP4 writer, plain and in its dialects. Its boxes must nest
// exactly, fragments must be of the size that was told, every sample must be found again where the
// fragment says, and audio must never overlap. What a dialect has around them are whole WebSocket
// messages.
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "fuzz_input.h"
#include "media/describe.h"
#include "mux/fmp4_writer.h"
#include "wire/websocket.h"

namespace {

using namespace sluice;
using media::Codec;

bool is_container(std::string_view type) {
  for (const char *name :
       {"moov", "trak", "mdia", "minf", "stbl", "dinf", "mvex", "moof", "traf"}) {
    if (type == name) return true;
  }
  return false;
}

// What one fragment says of one track.
struct Run {
  std::uint32_t track = 0;
  std::uint64_t time = 0;
  std::uint64_t end = 0;
  std::uint32_t offset = 0;
  std::vector<std::uint32_t> sizes;
};

struct Fragment {
  std::vector<Run> runs;
  std::size_t mdat = 0;  // where its samples begin
  std::uint32_t usual = 0;
};

void read_tfhd(base::ByteReader &in, Fragment &out) {
  const std::uint32_t flags = in.u32();
  Run run{.track = in.u32()};
  out.usual = (flags & 0x08) != 0 ? in.u32() : 0;
  if ((flags & 0x10) != 0) in.u32();
  if ((flags & 0x20) != 0) in.u32();
  out.runs.push_back(run);
}

void read_trun(base::ByteReader &in, Fragment &out) {
  Run &run = out.runs.back();
  const std::uint32_t flags = in.u32();
  const std::uint32_t count = in.u32();
  SLUICE_CHECK(count > 0 && count <= mux::Fmp4Writer::kMaxAudioFrames);
  run.offset = in.u32();
  run.end = run.time;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t duration = (flags & 0x100) != 0 ? in.u32() : out.usual;
    SLUICE_CHECK(duration > 0);
    run.end += duration;
    run.sizes.push_back(in.u32());
    if ((flags & 0x800) != 0) in.u32();
  }
}

void walk(base::Bytes bytes, std::size_t position, Fragment &out) {
  base::ByteReader in(bytes);
  while (in.left() > 0) {
    const std::uint32_t size = in.u32();
    const std::string_view type = base::as_text(in.take(4));
    SLUICE_CHECK(in.ok() && size >= 8);
    const std::size_t body_at = position + in.position();
    const base::Bytes body = in.take(size - 8);
    SLUICE_CHECK(in.ok());
    base::ByteReader fields(body);
    if (is_container(type)) {
      walk(body, body_at, out);
    } else if (type == "stsd") {
      SLUICE_CHECK(fields.u32() == 0 && fields.u32() == 1);
      Fragment none;
      walk(fields.rest(), 0, none);
    } else if (type == "tfhd") {
      read_tfhd(fields, out);
    } else if (type == "tfdt") {
      SLUICE_CHECK(fields.u32() == 0x0100'0000);
      out.runs.back().time = fields.u64();
    } else if (type == "trun") {
      read_trun(fields, out);
    } else if (type == "mdat") {
      out.mdat = body_at;
    }
    const bool read_whole = type == "tfhd" || type == "tfdt" || type == "trun";
    SLUICE_CHECK(fields.ok() && (!read_whole || fields.left() == 0));
  }
}

// Whole messages, which fill the bytes exactly.
class Messages final : public wire::websocket::FrameSink {
 public:
  explicit Messages(const std::string &bytes) {
    wire::websocket::FrameReader reader(wire::websocket::FrameReader::Role::Client,
                                        {.max_message_bytes = std::uint64_t{1} << 32});
    SLUICE_CHECK(reader.feed(base::as_bytes(bytes), *this).has_value());
    std::string rest;
    wire::websocket::append_frame(rest, wire::websocket::Opcode::Ping, {});
    SLUICE_CHECK(reader.feed(base::as_bytes(rest), *this).has_value() && pinged_);
  }
  std::vector<std::string> fragments;
  std::size_t texts = 0;

 private:
  void on_message(wire::websocket::Opcode opcode, base::Bytes payload) override {
    const std::string_view text = base::as_text(payload);
    if (opcode == wire::websocket::Opcode::Binary) {
      fragments.emplace_back(text);
      return;
    }
    SLUICE_CHECK(base::Json::parse(text, nullptr, false).is_object());
    ++texts;
  }
  void on_ping(base::Bytes) override { pinged_ = true; }
  void on_pong(base::Bytes) override { SLUICE_CHECK(false); }
  void on_close(std::uint16_t, std::string_view) override { SLUICE_CHECK(false); }

  bool pinged_ = false;
};

// As the first byte says, beside the kinds of tracks.
const mux::Fmp4Dialect *dialect_of(base::Bytes input) {
  if (input.empty()) return nullptr;
  switch (std::to_integer<unsigned>(input[0]) >> 2 & 3) {
    case 1:
      return &mux::kFlussonicDialect;
    case 2:
      return &mux::kIvideonDialect;
    default:
      return nullptr;
  }
}

class Driver {
 public:
  explicit Driver(base::Bytes input) : in_(input), dialect_(dialect_of(input)), writer_(dialect_) {}

  void run() {
    configure();
    while (in_.ok() && in_.left() > 0) {
      const unsigned action = in_.u8();
      if (action < 4) {
        configure();
      } else if (action < 12) {
        writer_.drop();
        payloads_.clear();
        video_.reset();
      } else if (action < 40) {
        close();
      } else {
        add(action);
      }
    }
    close();
  }

 private:
  media::Track track(std::initializer_list<Codec> codecs) {
    const Codec codec = codecs.begin()[in_.u8() % codecs.size()];
    const base::Bytes config = in_.take(std::min<std::size_t>(in_.u8(), in_.left()));
    media::Track track = media::describe(codec, config);
    const unsigned lies = in_.u8();
    if ((lies & 1) != 0) track.width = in_.u32();
    if ((lies & 2) != 0) track.height = in_.u32();
    if ((lies & 4) != 0) track.sample_rate = in_.u32();
    if ((lies & 8) != 0) track.channels = in_.u32();
    if ((lies & 16) != 0) track.frame_rate = in_.f64();
    return track;
  }

  void configure() {
    media::TrackSet tracks;
    const unsigned kinds = in_.u8();
    if ((kinds & 1) != 0) tracks.video = track({Codec::H264, Codec::H265, Codec::AV1, Codec::VP9});
    if ((kinds & 2) != 0) tracks.audio = track({Codec::AAC, Codec::Opus, Codec::MP3, Codec::PCMA});
    tracks = mux::fmp4_tracks(tracks);
    SLUICE_CHECK(!mux::fmp4_mime(tracks).empty());
    if (tracks.audio != tracks_.audio) audio_end_ = 0;
    tracks_ = tracks;
    writer_.configure(tracks);
    SLUICE_CHECK(writer_.empty());
    payloads_.clear();
    video_.reset();
    check_init(writer_.init());
  }

  void check_init(const std::string &init) const {
    if (dialect_ != nullptr) {
      const Messages messages(init);
      SLUICE_CHECK(messages.fragments.empty());
      return;
    }
    Fragment none;
    walk(base::as_bytes(init), 0, none);
    SLUICE_CHECK(none.runs.empty());
  }

  // Mostly of a track that there is, of a moderate size and a time near the last one.
  void add(unsigned action) {
    const bool video = (action & 1) != 0;
    const auto &known = tracks_.of(video ? media::Kind::Video : media::Kind::Audio);
    media::Frame frame;
    frame.codec = (action & 2) == 0 && known ? known->codec : video ? Codec::H264 : Codec::Opus;
    frame.key = (action & 4) != 0;
    const bool wild = (action & 0xf8) == 0xf8;
    dts_ = wild ? static_cast<std::int64_t>(in_.u64())
                : static_cast<std::int64_t>(static_cast<std::uint64_t>(dts_) +
                                            std::uint64_t{in_.u8()} * 90);
    frame.dts = media::Ticks(dts_);
    frame.composition_offset =
        media::Ticks(wild ? static_cast<std::int64_t>(in_.u64()) : 90 * (action >> 5));
    std::size_t size = in_.u8();
    if (wild) size = in_.u16() * std::size_t{2};
    const base::Bytes head = in_.take(std::min<std::size_t>({size, in_.left(), 3}));
    frame.payload = {pool_.take(size), 0, static_cast<std::uint32_t>(size)};
    const base::MutableBytes memory = frame.payload.buffer.memory().first(size);
    std::memset(memory.data(), static_cast<int>(++filler_), memory.size());
    if (!head.empty()) std::memcpy(memory.data(), head.data(), head.size());
    put(frame);
  }

  void put(const media::Frame &frame) {
    if (writer_.full()) close();
    const auto &known = tracks_.of(frame.kind());
    writer_.add(frame);
    if (!known || known->codec != frame.codec || frame.payload.size == 0) return;
    if (frame.kind() == media::Kind::Video) {
      video_ = frame;
    } else {
      payloads_.push_back(frame.payload);
    }
    SLUICE_CHECK(!writer_.empty());
    if (video_) SLUICE_CHECK(writer_.full() && writer_.dts() == video_->dts);
    SLUICE_CHECK(writer_.key() == (video_ ? video_->key : !tracks_.video.has_value()));
  }

  void close() {
    SLUICE_CHECK(writer_.empty() == (payloads_.empty() && !video_));
    if (writer_.empty()) return;
    const std::size_t size = writer_.prepare();
    SLUICE_CHECK(size == writer_.prepare());
    std::string bytes(size, '\0');
    writer_.write({reinterpret_cast<std::byte *>(bytes.data()), bytes.size()});
    SLUICE_CHECK(writer_.empty());
    if (dialect_ == nullptr) {
      check(bytes);
    } else {
      const Messages messages(bytes);
      SLUICE_CHECK(messages.fragments.size() == 1 && messages.texts <= 1);
      check(messages.fragments[0]);
    }
    payloads_.clear();
    video_.reset();
  }

  void check(const std::string &bytes) {
    Fragment fragment;
    walk(base::as_bytes(bytes), 0, fragment);
    std::size_t position = fragment.mdat;
    std::size_t runs = 0;
    if (video_) check_run(fragment.runs.at(runs++), {&video_->payload, 1}, bytes, position);
    if (!payloads_.empty()) {
      const Run &run = fragment.runs.at(runs++);
      SLUICE_CHECK(run.track == mux::kFmp4AudioTrack);
      check_run(run, payloads_, bytes, position);
      SLUICE_CHECK(run.time >= audio_end_);
      audio_end_ = run.end;
    }
    SLUICE_CHECK(runs == fragment.runs.size() && position == bytes.size());
  }

  static void check_run(const Run &run, std::span<const media::Slice> samples,
                        const std::string &bytes, std::size_t &position) {
    SLUICE_CHECK(run.offset == position && run.sizes.size() == samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      SLUICE_CHECK(run.sizes[i] == samples[i].size);
      SLUICE_CHECK(
          std::memcmp(bytes.data() + position, samples[i].bytes().data(), samples[i].size) == 0);
      position += samples[i].size;
    }
  }

  base::ByteReader in_;
  const mux::Fmp4Dialect *dialect_;
  media::BufferPool pool_;
  mux::Fmp4Writer writer_;
  media::TrackSet tracks_;
  std::optional<media::Frame> video_;
  std::vector<media::Slice> payloads_;  // of the audio in the fragment under way
  std::uint64_t audio_end_ = 0;
  std::int64_t dts_ = 0;
  unsigned filler_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  Driver(fuzz::input_bytes(data, size)).run();
  return 0;
}
