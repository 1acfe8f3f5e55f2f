// SPDX-License-Identifier: Apache-2.0
#include "mux/fmp4_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "mux/fmp4_box.h"
#include "mux/fmp4_init.h"
#include "mux/fmp4_sample_entry.h"

namespace sluice::mux {

namespace {

using media::Kind;
using media::Ticks;

constexpr std::size_t kMdatHeader = 8;
// The offsets of samples are signed numbers of 32 bits; the rest is for the moof.
constexpr std::size_t kMaxPayload = (std::size_t{1} << 31) - (std::size_t{1} << 20);
constexpr std::uint32_t kMaxDuration = std::numeric_limits<std::int32_t>::max();

enum TfhdFlags : std::uint32_t {
  kDefaultDuration = 0x08,
  kDefaultSize = 0x10,
  kDefaultFlags = 0x20,
  kBaseIsMoof = 0x2'0000,
};
enum TrunFlags : std::uint32_t {
  kDataOffset = 0x001,
  kSampleDurations = 0x100,
  kSampleSizes = 0x200,
  kCompositionOffsets = 0x800,
};

void append_tfdt(std::string &out, std::uint64_t time) {
  const Box tfdt(out, "tfdt", 1, 0);
  base::ByteWriter(out).u64(time);
}

// The time of day at which the frame was taken, in a box of Flussonic's; others pass over it.
void append_futc(std::string &out, std::int64_t wall_us) {
  constexpr std::int64_t kMicros = 1'000'000;
  const Box futc(out, "futc", 0, 0);
  base::ByteWriter writer(out);
  const std::int64_t since = std::max<std::int64_t>(wall_us, 0);
  writer.u32(static_cast<std::uint32_t>(since / kMicros));
  writer.u32(static_cast<std::uint32_t>(since % kMicros));
}

// Leaves room for the offset of the first sample, which is known when the moof is complete.
std::size_t append_data_offset(std::string &out) {
  const std::size_t at = out.size();
  base::ByteWriter(out).u32(0);
  return at;
}

// From when it is decoded, which may be before the frame's own time, to when it is shown.
std::int32_t composition_offset(const media::Frame &frame, const SamplePlace &place) {
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  const auto early =
      static_cast<std::int64_t>(scaled_time(frame.dts, kFmp4VideoScale) - place.time);
  return static_cast<std::int32_t>(std::clamp(frame.composition_offset.count(), -kMost, kMost) +
                                   early);
}

std::byte *copy(std::byte *p, base::Bytes bytes) {
  if (!bytes.empty()) std::memcpy(p, bytes.data(), bytes.size());
  return p + bytes.size();
}

}  // namespace

bool fmp4_can_carry(const media::Track &track) { return has_sample_entry(track); }

media::TrackSet fmp4_tracks(const media::TrackSet &tracks) {
  media::TrackSet carried = tracks;
  if (carried.video && !fmp4_can_carry(*carried.video)) carried.video.reset();
  if (carried.audio && !fmp4_can_carry(*carried.audio)) carried.audio.reset();
  return carried;
}

std::string fmp4_mime(const media::TrackSet &carried) {
  std::string codecs;
  for (const auto *track : {&carried.video, &carried.audio}) {
    const std::string codec = *track ? fmp4_codec(**track) : "";
    if (codec.empty()) continue;
    if (!codecs.empty()) codecs += ',';
    codecs += codec;
  }
  std::string mime = carried.video ? "video/mp4" : "audio/mp4";
  if (!codecs.empty()) mime += "; codecs=\"" + codecs + '"';
  return mime;
}

std::string fmp4_codec(const media::Track &track) {
  // MP3's is the name that all browsers know.
  const bool renamed = track.codec == media::Codec::MP3 && !track.codec_string.empty();
  return renamed ? "mp4a.6B" : track.codec_string;
}

std::uint32_t fmp4_track_id(const media::Track &track) {
  return media::kind_of(track.codec) == Kind::Video ? kFmp4VideoTrack : kFmp4AudioTrack;
}

void Fmp4Writer::configure(media::TrackSet carried) {
  drop();
  // A clock goes on where its track is the same.
  if (carried.video != tracks_.video)
    picture_clock_ = PictureClock(carried.video ? carried.video->frame_rate : 0);
  if (carried.audio != tracks_.audio) {
    audio_scale_ = carried.audio ? AudioScale::of(*carried.audio) : AudioScale{};
    audio_clock_ = AudioClock(audio_scale_.scale);
  }
  tracks_ = std::move(carried);
}

std::string Fmp4Writer::init() const {
  return dialect_ != nullptr ? dialect_->init(tracks_) : fmp4_init(tracks_);
}

bool Fmp4Writer::empty() const { return video_.empty() && audio_.empty(); }

bool Fmp4Writer::full() const {
  if (dialect_ != nullptr) return !empty();
  return !video_.empty() || audio_.size() >= kMaxAudioFrames || payload_ >= kMaxAudioBytes;
}

bool Fmp4Writer::has_room(const media::Frame &frame) const {
  const auto &track = tracks_.of(frame.kind());
  return !full() && track && track->codec == frame.codec && frame.payload.size > 0 &&
         frame.payload.size <= kMaxPayload - payload_;
}

void Fmp4Writer::add(const media::Frame &frame) {
  SLUICE_DCHECK(!full());
  if (!has_room(frame)) return;
  payload_ += frame.payload.size;
  moof_.clear();  // it has to be made again
  if (frame.kind() == Kind::Video) {
    add_video(frame);
  } else {
    add_audio(frame);
  }
}

void Fmp4Writer::add_video(const media::Frame &frame) {
  video_place_ = picture_clock_.place(frame.dts);
  video_.push_back(frame);
}

void Fmp4Writer::add_audio(const media::Frame &frame) {
  const std::uint32_t duration =
      audio_duration(*tracks_.audio, audio_scale_, frame.payload.bytes());
  const SamplePlace place = audio_clock_.place(frame.dts, duration);
  if (!audio_.empty()) {
    // Samples of a fragment have no times of their own.
    AudioSample &before = audio_.back();
    before.place.duration = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(place.time - before.place.time, kMaxDuration));
  }
  audio_.push_back({.frame = frame, .place = place});
}

Ticks Fmp4Writer::dts() const {
  if (!video_.empty()) return video_.front().dts;
  return audio_.empty() ? Ticks(0) : audio_.front().frame.dts;
}

bool Fmp4Writer::key() const { return video_.empty() ? !tracks_.video : video_.front().key; }

std::int64_t Fmp4Writer::wall_us() const {
  if (!video_.empty()) return video_.front().wall_us;
  return audio_.empty() ? 0 : audio_.front().frame.wall_us;
}

std::size_t Fmp4Writer::prepare() {
  SLUICE_CHECK(!empty());
  moof_.clear();
  std::size_t video_offset = 0;
  std::size_t audio_offset = 0;
  {
    const Box moof(moof_, "moof");
    {
      const Box mfhd(moof_, "mfhd", 0, 0);
      base::ByteWriter(moof_).u32(sequence_ + 1);
    }
    if (!video_.empty()) append_video(video_offset);
    if (!audio_.empty()) append_audio(audio_offset);
  }
  // Video is first in the mdat.
  std::size_t position = moof_.size() + kMdatHeader;
  if (!video_.empty()) {
    patch_u32(moof_, video_offset, static_cast<std::uint32_t>(position));
    position += video_.front().payload.size;
  }
  if (!audio_.empty()) patch_u32(moof_, audio_offset, static_cast<std::uint32_t>(position));
  lead_.clear();
  if (dialect_ != nullptr) append_lead();
  return lead_.size() + moof_.size() + kMdatHeader + payload_;
}

// Clients of the dialects look for the track at byte 47, and for the time of day at byte 92.
void Fmp4Writer::append_run(const Run &run) {
  const bool video = run.frame.kind() == Kind::Video;
  {
    const bool sized = dialect_ != nullptr;
    const bool flagged = video || sized;
    const Box tfhd(moof_, "tfhd", 0,
                   kBaseIsMoof | kDefaultDuration | (sized ? kDefaultSize : 0U) |
                       (flagged ? kDefaultFlags : 0U));
    base::ByteWriter out(moof_);
    out.u32(run.track);
    out.u32(run.first.duration);
    if (sized) out.u32(run.frame.payload.size);
    if (flagged) out.u32(!video || run.frame.key ? kFmp4SyncSample : kFmp4OtherSample);
  }
  append_tfdt(moof_, run.first.time);
  if (dialect_ != nullptr) append_futc(moof_, run.frame.wall_us);
}

void Fmp4Writer::append_lead() {
  const bool video = !video_.empty();
  const SamplePlace &place = video ? video_place_ : audio_.front().place;
  const std::size_t data_offset = moof_.size() + kMdatHeader;
  dialect_->append_lead(lead_, {.track = video ? kFmp4VideoTrack : kFmp4AudioTrack,
                                .scale = video ? kFmp4VideoScale : audio_scale_.scale,
                                .time = place.time,
                                .duration = place.duration,
                                .key = !video || video_.front().key,
                                .data_offset = data_offset,
                                .size = data_offset + payload_});
}

void Fmp4Writer::append_video(std::size_t &data_offset) {
  const media::Frame &frame = video_.front();
  // go2rtc reads samples only when each has its duration.
  const bool timed = dialect_ != nullptr;
  const Box traf(moof_, "traf");
  append_run({.track = kFmp4VideoTrack, .first = video_place_, .frame = frame});
  const std::int32_t composition = composition_offset(frame, video_place_);
  const Box trun(moof_, "trun", 1,
                 kDataOffset | kSampleSizes | (timed ? kSampleDurations : 0U) |
                     (composition != 0 ? kCompositionOffsets : 0U));
  base::ByteWriter out(moof_);
  out.u32(1);
  data_offset = append_data_offset(moof_);
  if (timed) out.u32(video_place_.duration);
  out.u32(frame.payload.size);
  if (composition != 0) out.u32(static_cast<std::uint32_t>(composition));
}

void Fmp4Writer::append_audio(std::size_t &data_offset) {
  const std::uint32_t usual = audio_.front().place.duration;
  const bool timed = dialect_ != nullptr || std::ranges::any_of(audio_, [&](const AudioSample &s) {
                       return s.place.duration != usual;
                     });
  const Box traf(moof_, "traf");
  append_run(
      {.track = kFmp4AudioTrack, .first = audio_.front().place, .frame = audio_.front().frame});
  const Box trun(moof_, "trun", 0, kDataOffset | kSampleSizes | (timed ? kSampleDurations : 0U));
  base::ByteWriter out(moof_);
  out.u32(static_cast<std::uint32_t>(audio_.size()));
  data_offset = append_data_offset(moof_);
  for (const AudioSample &sample : audio_) {
    if (timed) out.u32(sample.place.duration);
    out.u32(sample.frame.payload.size);
  }
}

void Fmp4Writer::write(base::MutableBytes out) {
  SLUICE_CHECK(!moof_.empty() &&
               out.size() == lead_.size() + moof_.size() + kMdatHeader + payload_);
  std::byte *p = copy(out.data(), base::as_bytes(lead_));
  p = copy(p, base::as_bytes(moof_));
  p = base::put_u32(p, static_cast<std::uint32_t>(kMdatHeader + payload_));
  p = copy(p, base::as_bytes("mdat"));
  for (const media::Frame &frame : video_)
    p = copy(p, frame.payload.bytes());
  for (const AudioSample &sample : audio_)
    p = copy(p, sample.frame.payload.bytes());
  SLUICE_CHECK(p == out.data() + out.size());
  ++sequence_;
  drop();
}

void Fmp4Writer::drop() {
  video_.clear();
  audio_.clear();
  moof_.clear();
  payload_ = 0;
}

}  // namespace sluice::mux
