// SPDX-License-Identifier: Apache-2.0
// Fragmented MP4 (ISO/IEC 14496-12, CMAF: ISO/IEC 23000-19): the init segment, and fragments of one
// video frame with the audio since the last; or, in a dialect, messages with one frame each. Pure;
// takes hostile tracks and frames. One writer per tape, on the stream's home loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "media/frame.h"
#include "media/track_set.h"
#include "mux/fmp4_clock.h"
#include "mux/fmp4_messages.h"

namespace sluice::mux {

// Whether fMP4 has a place for the track as it is: H.264, H.265, AV1, AAC, Opus with their
// configuration record, and MP3.
bool fmp4_can_carry(const media::Track &track);
media::TrackSet fmp4_tracks(const media::TrackSet &tracks);  // those that it can carry

// The MIME type with its codecs parameter (RFC 6381), as MediaSource wants it:
// video/mp4; codecs="avc1.64001f,mp4a.40.2".
std::string fmp4_mime(const media::TrackSet &carried);
// The name of one track's codec in it. Empty when it is not known.
std::string fmp4_codec(const media::Track &track);

// Track ids in moov and moof.
inline constexpr std::uint32_t kFmp4VideoTrack = 1;
inline constexpr std::uint32_t kFmp4AudioTrack = 2;
std::uint32_t fmp4_track_id(const media::Track &track);

class Fmp4Writer {
 public:
  // A fragment is closed when it has this many audio frames, whoever waits for what.
  static constexpr std::size_t kMaxAudioFrames = 256;
  // Or that much audio: real frames are at most some kilobytes.
  static constexpr std::size_t kMaxAudioBytes = 1 << 20;

  // Borrowed, for good. Null: plain fMP4.
  explicit Fmp4Writer(const Fmp4Dialect *dialect = nullptr) : dialect_(dialect) {}

  // The tracks from now on, of which fmp4_tracks() has left some. What was added is dropped.
  void configure(media::TrackSet carried);
  // ftyp and moov, or the dialect's messages with them. Without B-frame reordering to undo:
  // composition offsets are signed (trun version 1).
  [[nodiscard]] std::string init() const;

  // Puts the frame of a configured track into the fragment under way, which must not be full(), and
  // keeps a reference to its payload. Leaves out what has no place there: frames of another codec,
  // without payload, or of gigabytes.
  void add(const media::Frame &frame);
  [[nodiscard]] bool empty() const;
  // Has a video frame, or as much audio as it may (see above); in a dialect, any frame.
  [[nodiscard]] bool full() const;

  // The fragment under way: where it begins (of the video frame, if there is one), and whether
  // decoding can start with it.
  [[nodiscard]] media::Ticks dts() const;
  [[nodiscard]] bool key() const;
  [[nodiscard]] std::int64_t wall_us() const;

  // Makes the moof and tells the exact size of moof and mdat together, and of what the dialect has
  // before them; write() then fills exactly that and begins the next fragment. prepare() may be
  // called again when there was no memory; drop() begins the next fragment without writing.
  [[nodiscard]] std::size_t prepare();
  void write(base::MutableBytes out);
  void drop();

 private:
  struct AudioSample {
    media::Frame frame;
    SamplePlace place;
  };

  [[nodiscard]] bool has_room(const media::Frame &frame) const;
  void add_video(const media::Frame &frame);
  void add_audio(const media::Frame &frame);
  // What a track fragment says of its samples together.
  struct Run {
    std::uint32_t track = 0;
    SamplePlace first;
    const media::Frame &frame;  // the first one
  };
  void append_run(const Run &run);
  void append_video(std::size_t &data_offset);
  void append_audio(std::size_t &data_offset);
  void append_lead();

  const Fmp4Dialect *dialect_;
  media::TrackSet tracks_;
  // The fragment under way.
  std::vector<media::Frame> video_;  // at most one
  std::vector<AudioSample> audio_;
  std::size_t payload_ = 0;  // bytes of all of them
  std::string lead_;         // as prepare() made it: what the dialect has before the fragment
  std::string moof_;         // likewise
  std::uint32_t sequence_ = 0;

  PictureClock picture_clock_;
  SamplePlace video_place_;  // of the frame in video_
  AudioScale audio_scale_;
  AudioClock audio_clock_;
};

}  // namespace sluice::mux
