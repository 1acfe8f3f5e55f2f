// SPDX-License-Identifier: Apache-2.0
// Hostile tracks and frames through the writer of MPEG-TS. What comes out must be whole packets
// with unbroken continuity, PES of the length that they state, clocks that are not ahead, and the
// payloads that went in.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_input.h"
#include "media/describe.h"
#include "mux/ts_writer.h"

namespace {

using namespace sluice;
using media::Codec;
using media::Kind;

constexpr std::uint64_t kTimeMask = (1ULL << 33) - 1;

struct Pes {
  bool clock = false;  // has a PCR
  std::uint64_t pcr = 0;
  std::string bytes;
};

// A unit taken apart.
class Demuxer {
 public:
  std::array<std::vector<Pes>, 2> read(base::Bytes unit, bool key) {
    SLUICE_CHECK(unit.size() % mux::kTsPacketSize == 0);
    out_ = {};
    tables_ = 0;
    for (std::size_t at = 0; at < unit.size(); at += mux::kTsPacketSize)
      on_packet(unit.subspan(at, mux::kTsPacketSize), at / mux::kTsPacketSize);
    SLUICE_CHECK(tables_ == 0 || tables_ == 2);
    SLUICE_CHECK(!key || tables_ == 2);
    return std::move(out_);
  }

 private:
  void on_packet(base::Bytes packet, std::size_t number) {
    base::ByteReader in(packet);
    SLUICE_CHECK(in.u8() == 0x47);
    const std::uint32_t head = in.u16();
    const std::uint32_t pid = head & 0x1fffU;
    const std::uint32_t control = in.u8();
    SLUICE_CHECK((control & 0xd0U) == 0x10U);
    const auto before = counters_.find(pid);
    SLUICE_CHECK(before == counters_.end() || (before->second + 1) % 16 == (control & 15U));
    counters_[pid] = control & 15U;
    Pes pes;
    if ((control & 0x20U) != 0) read_adaptation(in.take(in.u8()), pes);
    SLUICE_CHECK(in.ok() && in.left() > 0);
    if (pid == mux::kTsPatPid || pid == mux::kTsPmtPid) {
      SLUICE_CHECK(number == tables_ && pid == (number == 0 ? mux::kTsPatPid : mux::kTsPmtPid));
      ++tables_;
      check_section(in.rest());
      return;
    }
    SLUICE_CHECK(pid >= mux::kTsFirstPid && pid < mux::kTsFirstPid + mux::kTsPids);
    auto &all = out_[is_video(pid) ? 0 : 1];
    if ((head & 0x4000U) != 0) {
      all.push_back(std::move(pes));
    } else {
      SLUICE_CHECK(!pes.clock);
    }
    SLUICE_CHECK(!all.empty());
    all.back().bytes += base::as_text(in.rest());
  }

  static bool is_video(std::uint32_t pid) {
    return pid == mux::ts_pid(Codec::H264) || pid == mux::ts_pid(Codec::H265);
  }

  static void read_adaptation(base::Bytes field, Pes &pes) {
    base::ByteReader in(field);
    if (field.empty()) return;
    pes.clock = (in.u8() & 0x10U) != 0;
    if (pes.clock) {
      pes.pcr = std::uint64_t{in.u32()} << 1;
      pes.pcr |= in.u16() >> 15;
    }
    SLUICE_CHECK(in.ok());
    SLUICE_CHECK(std::ranges::all_of(in.rest(), [](std::byte b) { return b == std::byte{0xff}; }));
  }

  static void check_section(base::Bytes payload) {
    base::ByteReader in(payload.subspan(1));
    const base::Bytes section = in.rest();
    in.u8();
    const std::size_t size = 3 + (in.u16() & 0xfffU);
    SLUICE_CHECK(size <= section.size() && mux::ts_crc32(section.first(size)) == 0);
  }

  std::map<std::uint32_t, std::uint32_t> counters_;
  std::array<std::vector<Pes>, 2> out_;
  std::size_t tables_ = 0;
};

std::uint64_t read_time(base::ByteReader &in) {
  const std::uint64_t high = in.u8() >> 1 & 7U;
  const std::uint64_t middle = in.u16() >> 1;
  return high << 30 | middle << 15 | in.u16() >> 1;
}

// Takes a PES apart; returns its payload.
base::Bytes payload_of(const Pes &pes, bool bounded) {
  base::ByteReader in(base::as_bytes(pes.bytes));
  SLUICE_CHECK(in.u24() == 1);
  in.u8();
  const std::size_t length = in.u16();
  SLUICE_CHECK(length == (bounded ? in.left() : 0));
  in.u8();
  const bool both = in.u8() == 0xc0;
  SLUICE_CHECK(in.u8() == (both ? 10 : 5));
  const std::uint64_t pts = read_time(in);
  const std::uint64_t dts = both ? read_time(in) : pts;
  // Modulo the wrap: it lies in the past.
  SLUICE_CHECK(!pes.clock || ((dts - pes.pcr) & kTimeMask) < 1ULL << 32);
  SLUICE_CHECK(in.ok());
  return in.rest();
}

// With what the writer may add in front: a delimiter and parameter sets.
void check_video(base::Bytes written, const media::Frame &frame, std::size_t length_size) {
  std::string expected;
  base::ByteReader in(frame.payload.bytes());
  for (std::size_t count = 0; count < mux::TsWriter::kMaxNalUnits;) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < length_size; ++i)
      size = size << 8 | in.u8();
    const base::Bytes nal = in.take(size);
    if (!in.ok()) break;
    if (nal.empty()) continue;
    const unsigned first = std::to_integer<unsigned>(nal[0]);
    if (frame.codec == Codec::H264 ? (first & 31U) == 9 : (first >> 1 & 63U) == 35) continue;
    expected += std::string("\0\0\0\1", 4);
    expected += base::as_text(nal);
    ++count;
  }
  const std::size_t delimiter = frame.codec == Codec::H264 ? 6 : 7;
  SLUICE_CHECK(base::as_text(written).substr(delimiter).ends_with(expected));
  SLUICE_CHECK(frame.key || written.size() == delimiter + expected.size());
}

class Session {
 public:
  explicit Session(base::Bytes input) : in_(input) {}

  void run() {
    configure();
    dts_ = static_cast<std::int64_t>(in_.u64() >> 4);
    while (in_.ok() && in_.left() > 0) {
      const std::uint8_t what = in_.u8();
      if (what % 8 == 7) {
        configure();
      } else if (what % 8 == 6) {
        if (what < 128) {
          flush();
        } else {
          drop();
        }
      } else {
        add(what % 8 < 3 ? Kind::Video : Kind::Audio, what);
      }
      if (writer_.full()) flush();
    }
    flush();
  }

 private:
  media::Track read_track(Codec codec, std::string_view usual) {
    const std::size_t size = in_.u16();
    // 0: one that is right.
    const base::Bytes own = in_.take(std::min(size, in_.left()));
    media::Track track = media::describe(codec, own.empty() ? base::as_bytes(usual) : own);
    if (codec == Codec::Opus) track.channels = 2;
    return track;
  }

  void configure() {
    static constexpr std::string_view kAvc(
        "\x01\x42\xc0\x0b\xff\xe1\0\x16\x67\x42\xc0\x0b\xd9\x02\x8d\xf9\x30\x11\0\0\x03\0\x01\0\0"
        "\x03\0\x32\x0f\x14\x2a\x48\x01\0\x05\x68\xcb\x83\xcb\x20",
        41);
    media::TrackSet tracks;
    const std::uint8_t which = in_.u8();
    constexpr std::array kVideo = {Codec::H264, Codec::H265, Codec::AV1};
    constexpr std::array kAudio = {Codec::AAC, Codec::MP3, Codec::Opus, Codec::PCMA};
    if (which % 4 < 3) tracks.video = read_track(kVideo[which % 4], kAvc);
    if (which / 4 % 8 < 4) tracks.audio = read_track(kAudio[which / 4 % 8], "\x12\x08");
    tracks_ = mux::ts_tracks(tracks);
    drop();
    writer_.configure(tracks_);
  }

  std::size_t length_size() const {
    const std::size_t at = tracks_.video->codec == Codec::H264 ? 4 : 21;
    return (static_cast<unsigned char>(tracks_.video->config[at]) & 3U) + 1;
  }

  void add(Kind kind, std::uint8_t what) {
    dts_ += in_.u16();
    const auto composition = static_cast<std::int32_t>(in_.u32());
    const std::size_t size = in_.u16();
    const base::Bytes bytes = in_.take(std::min(size, in_.left()));
    if (!tracks_.of(kind)) return;
    media::Frame frame{.codec = tracks_.of(kind)->codec,
                       .key = kind == Kind::Audio || what >= 128,
                       .dts = media::Ticks(dts_),
                       .composition_offset = media::Ticks(what % 2 == 0 ? composition : 0)};
    frame.payload = {pool_.take(bytes.size()), 0, static_cast<std::uint32_t>(bytes.size())};
    if (!bytes.empty())
      std::memcpy(frame.payload.buffer.memory().data(), bytes.data(), bytes.size());
    writer_.add(frame);
    frames_.push_back(std::move(frame));
  }

  void flush() {
    const std::size_t size = writer_.prepare();
    SLUICE_CHECK(size == writer_.prepare() && (size == 0) == writer_.empty());
    if (size == 0) {
      frames_.clear();
      return;
    }
    const bool key = writer_.key();
    std::vector<std::byte> out(size);
    writer_.write(out);
    SLUICE_CHECK(writer_.empty());
    check(demuxer_.read(out, key));
    frames_.clear();
  }

  void check(const std::array<std::vector<Pes>, 2> &unit) const {
    std::string audio;
    for (const Pes &pes : unit[1])
      audio += base::as_text(payload_of(pes, true));
    std::size_t at = 0;
    std::size_t pictures = 0;
    for (const media::Frame &frame : frames_) {
      if (frame.kind() == Kind::Video) {
        SLUICE_CHECK(++pictures == 1 && unit[0].size() == 1);
        check_video(payload_of(unit[0][0], false), frame, length_size());
      } else if (has_place(frame)) {
        at += header_size(frame);
        SLUICE_CHECK(audio.substr(std::min(at, audio.size()), frame.payload.size) ==
                     base::as_text(frame.payload.bytes()));
        at += frame.payload.size;
      }
    }
    SLUICE_CHECK(at == audio.size() && pictures == unit[0].size());
  }

  static bool has_place(const media::Frame &frame) {
    const std::size_t most = frame.codec == Codec::AAC ? 8'191 : 65'527;
    return frame.payload.size > 0 && header_size(frame) + frame.payload.size <= most;
  }

  static std::size_t header_size(const media::Frame &frame) {
    if (frame.codec == Codec::Opus) return 3 + frame.payload.size / 255;
    return frame.codec == Codec::AAC ? 7 : 0;
  }

  void drop() {
    writer_.drop();
    frames_.clear();
    SLUICE_CHECK(writer_.empty() && writer_.prepare() == 0);
  }

  base::ByteReader in_;
  media::BufferPool pool_;
  mux::TsWriter writer_;
  Demuxer demuxer_;
  media::TrackSet tracks_;
  std::vector<media::Frame> frames_;  // of the unit under way
  std::int64_t dts_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  Session(fuzz::input_bytes(data, size)).run();
  return 0;
}
