// SPDX-License-Identifier: Apache-2.0
// MPEG-TS (ISO/IEC 13818-1): frames to transport packets. Pure; takes hostile tracks and frames.
// Every key frame (and once a second of a stream without video) is preceded by PAT and PMT, so a
// reader can start there with nothing before it. One writer per tape, on the stream's home loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "media/frame.h"
#include "media/track_set.h"
#include "mux/ts_audio.h"
#include "mux/ts_tables.h"

namespace sluice::mux {

inline constexpr std::size_t kTsPacketSize = 188;

// H.264, H.265, AAC, MP3, Opus; those that need a configuration record with a usable one.
bool ts_can_carry(const media::Track &track);
media::TrackSet ts_tracks(const media::TrackSet &tracks);

class TsWriter {
 public:
  static constexpr std::size_t kMaxAudioFrames = 64;
  // Of one picture; no encoder comes near it. What a picture has beyond it is left out.
  static constexpr std::size_t kMaxNalUnits = 8192;
  // Of parameter sets in a configuration record. A record with more is taken for one without.
  static constexpr std::size_t kMaxParameterSets = 64 << 10;

  // The tracks from now on, of which ts_tracks() has left some. What was added is dropped;
  // continuity counters go on, and the PMT's version changes with the tracks.
  void configure(media::TrackSet carried);

  // Puts the frame into the unit under way: audio since the last unit as one PES (several where one
  // would be too long, or the audio has a gap), then at most one video frame as another. Keeps a
  // reference to its payload. Leaves out audio frames that have no place in a PES, and frames of
  // other codecs than the tracks'.
  void add(const media::Frame &frame);
  [[nodiscard]] bool empty() const { return audio_.empty() && video_.empty(); }
  // Has a video frame, or as much audio as it may.
  [[nodiscard]] bool full() const { return !video_.empty() || audio_.size() >= kMaxAudioFrames; }

  // The unit under way, which must not be empty: where it begins (of the video frame, if there is
  // one), and whether reading can start with it: the tables come first, and then a key frame if
  // there is a video track.
  [[nodiscard]] media::Ticks dts() const;
  [[nodiscard]] bool key() const;
  [[nodiscard]] std::int64_t wall_us() const;

  // Tells the exact size of the unit, a multiple of kTsPacketSize; write() then fills exactly that
  // and begins the next unit. prepare() may be called again when there was no memory; drop()
  // begins the next unit without writing.
  [[nodiscard]] std::size_t prepare();
  void write(base::MutableBytes out);
  void drop();

 private:
  // Bytes of a payload, or the next ones of own_ where data is null.
  struct Piece {
    const std::byte *data;
    std::size_t size;
  };
  struct Pes {
    media::Kind kind;
    std::uint8_t flags;  // of the first packet's adaptation field
    std::size_t size;    // with its header
  };
  class Gather;

  [[nodiscard]] std::uint16_t pid_of(media::Kind kind) const;
  [[nodiscard]] bool needs_tables() const;
  [[nodiscard]] std::int64_t decoding_time(const media::Frame &frame) const;
  [[nodiscard]] std::int64_t clock_reference() const;
  void begin_pes(media::Kind kind, std::int64_t pts, std::int64_t dts);
  void own(std::string_view bytes);
  void own_since(std::size_t before);
  void refer(base::Bytes bytes);
  void gather_audio();
  void gather_video(const media::Frame &frame);
  void gather_nal_units(base::Bytes access_unit);
  [[nodiscard]] std::size_t audio_overhead(std::size_t payload) const;
  std::byte *put_pes(std::byte *p, const Pes &pes, Gather &gather);

  media::TrackSet tracks_;
  std::vector<media::Frame> audio_;
  std::vector<media::Frame> video_;

  // Of the tracks.
  TsTable pat_{};
  TsTable pmt_{};
  std::uint8_t pmt_version_ = 0;
  bool configured_ = false;
  AdtsHead adts_{};
  std::string parameter_sets_;  // with start codes
  std::uint8_t length_size_ = 4;

  // Of the unit, by prepare().
  std::vector<Pes> pes_;
  std::vector<Piece> pieces_;
  std::string own_;
  std::int64_t pcr_ = 0;

  // Goes on from unit to unit.
  std::uint8_t pat_counter_ = 0;
  std::uint8_t pmt_counter_ = 0;
  std::array<std::uint8_t, kTsPids> counters_{};  // by PID
  std::array<bool, kTsPids> begun_{};             // by PID
  std::int64_t lead_ = 0;  // of decoding times, for pictures shown before them
  std::optional<std::int64_t> last_pcr_;
  std::optional<media::Ticks> tables_at_;  // nothing: they are due
  std::optional<media::Ticks> last_unit_;
};

}  // namespace sluice::mux
