// SPDX-License-Identifier: Apache-2.0
#include "mux/ts_writer.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"
#include "media/h264.h"
#include "media/h265.h"

namespace sluice::mux {

namespace {

using media::Codec;
using media::Kind;
using media::Ticks;

constexpr std::size_t kPacketPayload = kTsPacketSize - 4;
// What PES_packet_length can tell, less the header's rest with one time stamp.
constexpr std::size_t kMaxPesPayload = 65'535 - 8;
constexpr std::string_view kStartCode{"\0\0\0\1", 4};

// Times have this added, so that decoding times and clock references before a stream's first
// presentation time are not negative. It is the same for all tracks and units.
constexpr std::int64_t kEpoch = 126'000;  // 1.4 s
// By how much the clock reference is behind the decoding time: what a decoder has to buffer.
constexpr std::int64_t kClockLead = 9'000;  // 100 ms
// More than that by which a picture is shown before it is decoded is an encoder's mistake.
constexpr std::int64_t kMaxLead = 90'000;
// No codec has audio frames as long as this: the next PES gets a time of its own.
constexpr Ticks kAudioGap{13'500};  // 150 ms
// Of streams without video.
constexpr Ticks kTablesInterval{90'000};
constexpr Ticks kLongUnit{18'000};

enum AdaptationFlag : std::uint8_t { Discontinuity = 0x80, RandomAccess = 0x40, Pcr = 0x10 };

std::size_t index_of(std::uint32_t pid) { return pid - kTsFirstPid; }

std::int64_t ticks_of(Ticks time) { return time.count(); }

// What the adaptation field needs at least, its length included.
std::size_t adaptation_size(std::uint8_t flags) {
  if (flags == 0) return 0;
  return 2 + ((flags & Pcr) != 0 ? 6 : 0);
}

std::size_t packets_of(std::size_t size, std::uint8_t flags) {
  return (adaptation_size(flags) + size + kPacketPayload - 1) / kPacketPayload;
}

// An adaptation field of exactly `size` bytes.
std::byte *put_adaptation(std::byte *p, std::size_t size, std::uint8_t flags, std::int64_t pcr) {
  if (size == 0) return p;
  std::byte *const end = p + size;
  p = base::put_u8(p, static_cast<std::uint32_t>(size - 1));
  if (size == 1) return p;
  p = base::put_u8(p, flags);
  if ((flags & Pcr) != 0) {
    const std::uint64_t clock = static_cast<std::uint64_t>(pcr) & 0x1'ffff'ffff;
    p = base::put_u32(p, static_cast<std::uint32_t>(clock >> 1));
    p = base::put_u16(p, static_cast<std::uint32_t>((clock & 1U) << 15 | 0x7e00U));
  }
  std::fill(p, end, std::byte{0xff});
  return end;
}

std::byte *put_table(std::byte *p, const TsTable &table, std::uint8_t &counter) {
  p = std::ranges::copy(table, p).out;
  p[3 - static_cast<std::ptrdiff_t>(kTsPacketSize)] |= static_cast<std::byte>(counter);
  counter = (counter + 1) & 15U;
  return p;
}

void append_time(std::string &out, unsigned prefix, std::int64_t time) {
  const auto bits = static_cast<std::uint64_t>(time);
  base::ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(prefix << 4 | (bits >> 29 & 0xe) | 1));
  writer.u16(static_cast<std::uint16_t>((bits >> 14 & 0xfffe) | 1));
  writer.u16(static_cast<std::uint16_t>((bits << 1 & 0xfffe) | 1));
}

std::uint8_t stream_id(Codec codec) {
  if (media::kind_of(codec) == Kind::Video) return 0xe0;
  return codec == Codec::Opus ? 0xbd : 0xc0;
}

bool is_delimiter(Codec codec, std::byte first) {
  const auto header = std::to_integer<unsigned>(first);
  return codec == Codec::H264 ? (header & 0x1f) == 9 : (header >> 1 & 0x3f) == 35;
}

std::string_view delimiter_of(Codec codec) {
  return codec == Codec::H264 ? std::string_view("\0\0\0\1\x09\xf0", 6)
                              : std::string_view("\0\0\0\1\x46\x01\x50", 7);
}

struct NalConfig {
  std::uint8_t length_size = 4;
  std::string parameter_sets;
};

void append_sets(NalConfig &out, std::span<const base::Bytes> sets) {
  for (const base::Bytes set : sets) {
    if (set.empty()) continue;
    out.parameter_sets.append(kStartCode);
    out.parameter_sets.append(base::as_text(set));
  }
}

std::optional<NalConfig> nal_config(const media::Track &track) {
  NalConfig out;
  const base::Bytes record = base::as_bytes(track.config);
  if (track.codec == Codec::H264) {
    const auto config = media::parse_avc_config(record);
    if (!config) return {};
    out.length_size = config->length_size;
    append_sets(out, config->sps);
    append_sets(out, config->pps);
  } else {
    const auto config = media::parse_hevc_config(record);
    if (!config) return {};
    out.length_size = config->length_size;
    append_sets(out, config->vps);
    append_sets(out, config->sps);
    append_sets(out, config->pps);
  }
  if (out.parameter_sets.size() > TsWriter::kMaxParameterSets) out.parameter_sets.clear();
  return out;
}

}  // namespace

bool ts_can_carry(const media::Track &track) {
  switch (track.codec) {
    case Codec::H264:
    case Codec::H265:
      return nal_config(track).has_value();
    case Codec::AAC:
      return ts_adts(base::as_bytes(track.config)).has_value();
    case Codec::Opus:
      return ts_opus_channels(track).has_value();
    case Codec::MP3:
      return true;
    default:
      return false;
  }
}

media::TrackSet ts_tracks(const media::TrackSet &tracks) {
  media::TrackSet carried = tracks;
  if (carried.video && !ts_can_carry(*carried.video)) carried.video.reset();
  if (carried.audio && !ts_can_carry(*carried.audio)) carried.audio.reset();
  return carried;
}

// The bytes of the pieces, one after the other.
class TsWriter::Gather {
 public:
  explicit Gather(const TsWriter &writer)
      : pieces_(writer.pieces_), own_(base::as_bytes(writer.own_).data()) {}

  std::byte *copy(std::byte *p, std::size_t size) {
    while (size > 0) {
      const Piece &piece = pieces_.front();
      const std::size_t n = std::min(size, piece.size - position_);
      std::memcpy(p, piece.data != nullptr ? piece.data + position_ : own_, n);
      if (piece.data == nullptr) own_ += n;
      p += n;
      size -= n;
      position_ += n;
      if (position_ < piece.size) continue;
      pieces_ = pieces_.subspan(1);
      position_ = 0;
    }
    return p;
  }
  [[nodiscard]] bool done() const { return pieces_.empty(); }

 private:
  std::span<const Piece> pieces_;
  std::size_t position_ = 0;  // in the first of them
  const std::byte *own_;
};

void TsWriter::configure(media::TrackSet carried) {
  drop();
  tables_at_.reset();
  if (configured_ && carried == tracks_) return;
  if (configured_) pmt_version_ = (pmt_version_ + 1) & 31U;
  configured_ = true;
  tracks_ = std::move(carried);
  pat_ = ts_pat();
  pmt_ = ts_pmt(tracks_, pmt_version_);
  if (tracks_.video) {
    NalConfig nal = nal_config(*tracks_.video).value_or(NalConfig{});
    length_size_ = nal.length_size;
    parameter_sets_ = std::move(nal.parameter_sets);
  }
  if (tracks_.audio && tracks_.audio->codec == Codec::AAC)
    adts_ = ts_adts(base::as_bytes(tracks_.audio->config)).value_or(AdtsHead{});
}

std::uint16_t TsWriter::pid_of(Kind kind) const { return ts_pid(tracks_.of(kind)->codec); }

// Of an audio frame in a PES, beside its payload.
std::size_t TsWriter::audio_overhead(std::size_t payload) const {
  switch (tracks_.audio->codec) {
    case Codec::AAC:
      return kAdtsHeadSize;
    case Codec::Opus:
      return 3 + payload / 255;
    default:
      return 0;
  }
}

void TsWriter::add(const media::Frame &frame) {
  const auto &track = tracks_.of(frame.kind());
  if (!track || track->codec != frame.codec) return;
  if (frame.kind() == Kind::Video) {
    SLUICE_CHECK(video_.empty());
    const std::int64_t early = -std::clamp(ticks_of(frame.composition_offset), -kMaxLead, 0L);
    lead_ = std::max(lead_, early);
    video_.push_back(frame);
    return;
  }
  const std::size_t size = frame.payload.size;
  const std::size_t most = frame.codec == Codec::AAC ? kAdtsMaxFrame : kMaxPesPayload;
  if (size == 0 || size + audio_overhead(size) > most) return;
  audio_.push_back(frame);
}

Ticks TsWriter::dts() const { return !video_.empty() ? video_.front().dts : audio_.front().dts; }

std::int64_t TsWriter::wall_us() const {
  return !video_.empty() ? video_.front().wall_us : audio_.front().wall_us;
}

bool TsWriter::key() const {
  return tracks_.video ? !video_.empty() && video_.front().key : needs_tables();
}

bool TsWriter::needs_tables() const {
  if (!tables_at_) return true;
  if (tracks_.video) return !video_.empty() && video_.front().key;
  const Ticks now = dts();
  return now - *tables_at_ >= kTablesInterval || now - *last_unit_ >= kLongUnit;
}

// Some encoders leave out the delay that their B-frames need, so that pictures are shown before
// they are decoded. Once one was seen, all decoding times are earlier.
std::int64_t TsWriter::decoding_time(const media::Frame &frame) const {
  return ticks_of(frame.dts) + kEpoch - lead_;
}

// Behind everything in the unit, and never going back as long as decoding times do not.
std::int64_t TsWriter::clock_reference() const {
  const std::int64_t decoding =
      !video_.empty() ? decoding_time(video_.front()) : ticks_of(audio_.front().dts) + kEpoch;
  std::int64_t first = decoding;
  if (!audio_.empty()) first = std::min(first, ticks_of(audio_.front().dts) + kEpoch);
  return std::min(decoding, std::max(first - kClockLead, last_pcr_.value_or(first - kClockLead)));
}

void TsWriter::own_since(std::size_t before) {
  const std::size_t size = own_.size() - before;
  if (pieces_.empty() || pieces_.back().data != nullptr) pieces_.push_back({nullptr, 0});
  pieces_.back().size += size;
  pes_.back().size += size;
}

void TsWriter::own(std::string_view bytes) {
  const std::size_t before = own_.size();
  own_.append(bytes);
  own_since(before);
}

void TsWriter::refer(base::Bytes bytes) {
  if (bytes.empty()) return;
  pieces_.push_back({bytes.data(), bytes.size()});
  pes_.back().size += bytes.size();
}

// Its length stays 0, which says that the next PES ends it.
void TsWriter::begin_pes(Kind kind, std::int64_t pts, std::int64_t dts) {
  const bool first = std::ranges::find(pes_, kind, &Pes::kind) == pes_.end();
  const bool clock = kind == (tracks_.video ? Kind::Video : Kind::Audio);
  std::uint8_t flags = 0;
  // A tape begins somewhere in the stream, for readers of the one before too.
  if (first && !begun_[index_of(pid_of(kind))]) flags |= Discontinuity;
  if (first && clock) flags |= Pcr;
  if (first && clock && key()) flags |= RandomAccess;
  pes_.push_back({kind, flags, 0});

  const std::size_t before = own_.size();
  base::ByteWriter writer(own_);
  writer.u24(1);
  writer.u8(stream_id(tracks_.of(kind)->codec));
  writer.u16(0);
  writer.u8(0x84);  // the payload begins with a frame
  const bool both = pts != dts;
  writer.u8(both ? 0xc0 : 0x80);
  writer.u8(both ? 10 : 5);
  append_time(own_, both ? 3 : 2, pts);
  if (both) append_time(own_, 1, dts);
  own_since(before);
}

void TsWriter::gather_audio() {
  std::size_t header = 0;   // of the PES under way, in own_
  std::size_t payload = 0;  // in it; 0: there is none
  const auto end_pes = [&] {
    if (payload == 0) return;
    const std::size_t length = payload + 8;
    own_[header + 4] = static_cast<char>(length >> 8);
    own_[header + 5] = static_cast<char>(length);
    payload = 0;
  };
  const media::Frame *last = nullptr;
  for (const media::Frame &frame : audio_) {
    const base::Bytes bytes = frame.payload.bytes();
    const std::size_t size = bytes.size() + audio_overhead(bytes.size());
    if (payload + size > kMaxPesPayload || (last != nullptr && frame.dts - last->dts >= kAudioGap))
      end_pes();
    if (payload == 0) {
      header = own_.size();
      const std::int64_t pts = ticks_of(frame.dts) + kEpoch;
      begin_pes(Kind::Audio, pts, pts);
    }
    const std::size_t before = own_.size();
    if (frame.codec == Codec::AAC) append_adts(own_, adts_, bytes.size());
    if (frame.codec == Codec::Opus) append_opus_control(own_, bytes.size());
    if (own_.size() != before) own_since(before);
    refer(bytes);
    payload += size;
    last = &frame;
  }
  end_pes();
}

void TsWriter::gather_video(const media::Frame &frame) {
  const std::int64_t dts = decoding_time(frame);
  const std::int64_t pts =
      std::max(dts, ticks_of(frame.dts) + ticks_of(frame.composition_offset) + kEpoch);
  begin_pes(Kind::Video, pts, dts);
  own(delimiter_of(frame.codec));
  if (frame.key && !parameter_sets_.empty()) refer(base::as_bytes(parameter_sets_));
  gather_nal_units(frame.payload.bytes());
}

// Ends at the first NAL unit that is not whole.
void TsWriter::gather_nal_units(base::Bytes access_unit) {
  const Codec codec = tracks_.video->codec;
  for (std::size_t count = 0; count < kMaxNalUnits && access_unit.size() > length_size_;) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < length_size_; ++i)
      size = size << 8 | std::to_integer<std::size_t>(access_unit[i]);
    access_unit = access_unit.subspan(length_size_);
    if (size > access_unit.size()) return;
    const base::Bytes nal = access_unit.first(size);
    access_unit = access_unit.subspan(size);
    // A second delimiter would begin another access unit.
    if (nal.empty() || is_delimiter(codec, nal.front())) continue;
    own(kStartCode);
    refer(nal);
    ++count;
  }
}

std::size_t TsWriter::prepare() {
  pes_.clear();
  pieces_.clear();
  own_.clear();
  if (empty()) return 0;
  pcr_ = clock_reference();
  if (!audio_.empty()) gather_audio();
  if (!video_.empty()) gather_video(video_.front());
  std::size_t packets = needs_tables() ? 2 : 0;
  for (const Pes &pes : pes_)
    packets += packets_of(pes.size, pes.flags);
  return packets * kTsPacketSize;
}

std::byte *TsWriter::put_pes(std::byte *p, const Pes &pes, Gather &gather) {
  const std::uint32_t pid = pid_of(pes.kind);
  std::uint8_t &counter = counters_[index_of(pid)];
  std::uint8_t flags = pes.flags;
  for (std::size_t left = pes.size; left > 0;) {
    const std::size_t payload = std::min(left, kPacketPayload - adaptation_size(flags));
    // A packet that is not filled by payload is filled by its adaptation field.
    const std::size_t adaptation = kPacketPayload - payload;
    p = base::put_u24(p, 0x47'0000U | (left == pes.size ? 0x4000U : 0U) | pid);
    p = base::put_u8(p, (adaptation > 0 ? 0x30U : 0x10U) | counter);
    p = put_adaptation(p, adaptation, flags, pcr_);
    p = gather.copy(p, payload);
    counter = (counter + 1) & 15U;
    flags = 0;
    left -= payload;
  }
  return p;
}

void TsWriter::write(base::MutableBytes out) {
  SLUICE_CHECK(!pes_.empty());
  std::byte *p = out.data();
  if (needs_tables()) {
    p = put_table(p, pat_, pat_counter_);
    p = put_table(p, pmt_, pmt_counter_);
    tables_at_ = dts();
  }
  last_unit_ = dts();
  Gather gather(*this);
  for (const Pes &pes : pes_) {
    p = put_pes(p, pes, gather);
    begun_[index_of(pid_of(pes.kind))] = true;
    if ((pes.flags & Pcr) != 0) last_pcr_ = pcr_;
  }
  SLUICE_CHECK(p == out.data() + out.size() && gather.done());
  drop();
}

void TsWriter::drop() {
  audio_.clear();
  video_.clear();
  pes_.clear();
  pieces_.clear();
  own_.clear();
}

}  // namespace sluice::mux
