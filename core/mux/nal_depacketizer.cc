// SPDX-License-Identifier: Apache-2.0
#include "mux/nal_depacketizer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "media/describe.h"
#include "mux/start_code.h"

namespace sluice::mux {

namespace {

using Role = NalTraits::Role;

constexpr std::size_t kLengthSize = 4;
// Beyond every level's number of slices.
constexpr unsigned kMaxNals = 2048;
// After so many pictures without one where decoding can start, an intra picture is taken for one.
constexpr unsigned kPatience = 300;
constexpr unsigned kUnmarked = 3;

}  // namespace

NalDepacketizer::NalDepacketizer(Shape shape, media::BufferPool &pool, DepacketizerEvents &events,
                                 const DepacketizerOptions &options)
    : RtpDepacketizer(shape.codec, 90'000),
      events_(events),
      header_size_(shape.header_size),
      policy_(options.damaged),
      writer_(pool, options.max_frame_bytes) {}

void NalDepacketizer::push(const wire::rtp::Packet &packet, bool after_loss) {
  const std::uint64_t copied = writer_.copied_bytes();
  if (after_loss) note_gap(packet.timestamp);
  note_time(packet.timestamp);
  read_payload(packet.payload);
  if (packet.marker && !packet.payload.empty()) on_marker();
  count_copied(writer_.copied_bytes() - copied);
}

void NalDepacketizer::flush() {
  if (unit_.has_slice) {
    if (in_fragments_ && in_nal_) break_unit(Damage::Loss);
    end_unit();
  }
  writer_.clear();
  unit_ = {};
  in_nal_ = in_fragments_ = in_carry_ = false;
}

// --- Where pictures begin and end ---

void NalDepacketizer::note_gap(std::uint32_t timestamp) {
  const bool inside = unit_.nals > 0 && timestamp == unit_.timestamp;
  if (in_nal_ || in_carry_) drop_nal();
  in_fragments_ = false;
  // What was lost before the first slice of a picture shows in that slice.
  if (inside) {
    if (unit_.has_slice) break_unit(Damage::Loss);
    return;
  }
  if (unit_.has_slice) {
    if (!unit_.marked) break_unit(Damage::Loss);  // its last part may be missing
    end_unit();
  }
  writer_.clear();
  unit_ = {.timestamp = timestamp, .after_gap = true};
}

void NalDepacketizer::note_time(std::uint32_t timestamp) {
  if (unit_.has_slice && timestamp != unit_.timestamp) {
    if (unit_.marked) {
      marker_ = Marker::Honest;
    } else if (marker_ == Marker::Unproven && ++unmarked_ == kUnmarked) {
      quirk("pictures end without a marker");
    }
    end_unit();
  }
  // What comes before a picture may have another time than the picture.
  unit_.timestamp = timestamp;
}

void NalDepacketizer::on_marker() {
  if (!unit_.has_slice) return quirk("marker on what is no picture");
  if (marker_ == Marker::Unproven) {
    unit_.marked = true;
  } else if (marker_ == Marker::Honest) {
    ended_by_marker_ = true;
    ended_timestamp_ = unit_.timestamp;
    end_unit();
  }
}

// Ends the picture in progress if the next NAL unit belongs to another one, whatever the time stamp
// says: some clocks stand still.
void NalDepacketizer::make_way_for(const NalTraits &next) {
  if (!unit_.has_slice) return;
  const bool other_picture = next.role == Role::Slice ? next.starts_picture : next.begins_unit;
  if (!other_picture || interlaced_) {
    if (unit_.marked && next.role == Role::Slice) note_lie();
    return;
  }
  if (unit_.marked) marker_ = Marker::Honest;
  // What is about to begin is not written yet, so it does not end with this picture.
  const bool in_fragments = in_fragments_;
  end_unit();
  in_fragments_ = in_fragments;
  unit_.nals = 1;
}

void NalDepacketizer::note_slice(const NalTraits &slice) {
  if (!unit_.has_slice) {
    if (!slice.starts_picture) {
      const bool continues = ended_by_marker_ && ended_timestamp_ == unit_.timestamp;
      if (continues && !unit_.after_gap) note_lie();
      break_unit(Damage::Loss);
    }
    const SizeGuess &guess = slice.random_access ? key_size_ : other_size_;
    writer_.reserve(guess.next());
  }
  ended_by_marker_ = false;
  unit_.has_slice = true;
  unit_.key = unit_.key || slice.random_access;
  unit_.disposable = unit_.disposable && slice.disposable;
  unit_.intra = unit_.intra && slice.intra;
  unit_.leading = unit_.leading || slice.leading;
  unit_.pps = slice.pps;
}

void NalDepacketizer::note_lie() {
  marker_ = Marker::Lies;
  unit_.marked = false;
  quirk("marker before the last slice of a picture");
}

// --- NAL units ---

void NalDepacketizer::read_nal(base::Bytes header, base::Bytes rest) {
  end_nal();  // of fragments whose end did not come
  in_fragments_ = false;
  if (const std::size_t code = header.empty() ? leading_start_code(rest) : 0; code > 0) {
    quirk("start codes in packets");
    rest = rest.subspan(code);
  }
  begin(header, rest);
  end_nal();
}

void NalDepacketizer::read_fragment(base::Bytes header, Fragment fragment, base::Bytes rest) {
  if (fragment.start) {
    end_nal();
    in_fragments_ = true;
    if (rest.empty()) {
      quirk("empty fragments");
      in_carry_ = true;
      carry_size_ = header.size();
      std::ranges::copy(header, carry_.begin());
    } else {
      begin(header, rest);
    }
  } else if (in_fragments_) {
    if (rest.empty()) quirk("empty fragments");
    write(rest);
  } else if (unit_.nals > 0) {
    break_unit(Damage::Malformed);  // its beginning did not come, though nothing was lost
  }
  if (!fragment.end) return;
  if (fragment.start) quirk("fragments that are both first and last");
  end_nal();
  in_fragments_ = false;
}

void NalDepacketizer::read_sets(base::Bytes bytes) {
  bytes = bytes.subspan(leading_start_code(bytes));
  while (!bytes.empty()) {
    const std::size_t at = std::min(find_start_code(bytes), bytes.size());
    const base::Bytes nal = without_trailing_zeros(bytes.first(at));
    if (nal.size() > header_size_ &&
        traits_of(nal.first(std::min(nal.size(), kHead))).role == Role::Set)
      take_set(nal);
    bytes = bytes.subspan(std::min(at + 3, bytes.size()));
  }
}

void NalDepacketizer::begin(base::Bytes header, base::Bytes rest) {
  if (++unit_.nals > kMaxNals) return break_unit(Damage::TooLarge);
  std::array<std::byte, kHead> memory;
  const std::size_t from_rest = std::min(rest.size(), kHead - header.size());
  std::ranges::copy(header, memory.begin());
  std::ranges::copy(rest.first(from_rest),
                    memory.begin() + static_cast<std::ptrdiff_t>(header.size()));
  const base::Bytes head = base::Bytes(memory).first(header.size() + from_rest);
  if (head.size() <= header_size_) return;
  const NalTraits traits = traits_of(head);
  make_way_for(traits);
  if (traits.role == Role::Slice) note_slice(traits);
  traits_ = traits;
  nal_start_ = writer_.size();
  in_nal_ = true;
  static constexpr std::array<std::byte, kLengthSize> kNoLength{};
  put(kNoLength);
  put(header);
  write(rest);
}

// The bytes of the NAL unit in progress, and of others behind start codes.
void NalDepacketizer::write(base::Bytes bytes) {
  while (!bytes.empty()) {
    if (in_carry_) {
      bytes = fill_carry(bytes);
      continue;
    }
    if (!in_nal_) return;
    std::size_t data_end = 0;
    const std::size_t code_end = end_of_code(bytes, data_end);
    if (code_end == kNoStartCode) return put(bytes);
    quirk("start codes in packets");
    put(bytes.first(data_end));
    end_nal();
    in_carry_ = true;
    carry_size_ = 0;
    bytes = bytes.subspan(code_end);
  }
}

base::Bytes NalDepacketizer::fill_carry(base::Bytes bytes) {
  const std::size_t size = std::min(kHead - carry_size_, bytes.size());
  std::memcpy(carry_.data() + carry_size_, bytes.data(), size);
  carry_size_ += size;
  if (carry_size_ == kHead) begin_from_carry();
  return bytes.subspan(size);
}

void NalDepacketizer::begin_from_carry() {
  const std::array<std::byte, kHead> head = carry_;
  in_carry_ = false;
  begin({}, base::Bytes(head).first(carry_size_));
}

void NalDepacketizer::put(base::Bytes bytes) {
  if (!in_nal_ || writer_.append(bytes)) return;
  break_unit(writer_.failure());
  drop_nal();
}

// Where the first start code ends, and the data before it. It may have begun with zeros that were
// taken for data of the fragment before.
std::size_t NalDepacketizer::end_of_code(base::Bytes bytes, std::size_t &data_end) const {
  const base::Bytes written = writer_.bytes().subspan(nal_start_ + kLengthSize);
  const std::size_t zeros =
      std::min<std::size_t>(written.size() - without_trailing_zeros(written).size(), 2);
  data_end = 0;
  if (zeros == 2 && bytes[0] == std::byte{1}) return 1;
  if (zeros >= 1 && bytes.size() >= 2 && bytes[0] == std::byte{0} && bytes[1] == std::byte{1}) {
    return 2;
  }
  data_end = find_start_code(bytes);
  return data_end == kNoStartCode ? kNoStartCode : data_end + 3;
}

void NalDepacketizer::end_nal() {
  while (in_carry_)
    begin_from_carry();
  if (!in_nal_) return;
  in_nal_ = false;
  const base::Bytes nal = without_trailing_zeros(writer_.bytes().subspan(nal_start_ + kLengthSize));
  if (nal.size() <= header_size_) return writer_.truncate(nal_start_);
  writer_.truncate(nal_start_ + kLengthSize + nal.size());
  base::put_u32(writer_.bytes().data() + nal_start_, static_cast<std::uint32_t>(nal.size()));
  finish_nal(nal);
}

void NalDepacketizer::finish_nal(base::Bytes nal) {
  switch (traits_.role) {
    case Role::Slice:
      ++unit_.slices;
      return;
    case Role::Prefix:
      if (is_recovery_point(nal)) unit_.recovery = true;
      return;
    case Role::Suffix:
      return;
    case Role::Set:
      unit_.has_sps = unit_.has_sps || traits_.is_sps;
      take_set(nal);
      break;
    case Role::Dropped:
      break;
    case Role::Unknown:
      ignored("NAL unit of an unknown type");
      break;
  }
  writer_.truncate(nal_start_);
}

void NalDepacketizer::drop_nal() {
  if (in_nal_) writer_.truncate(nal_start_);
  in_nal_ = in_carry_ = false;
}

// --- Pictures ---

void NalDepacketizer::break_unit(Damage damage) {
  if (unit_.broken) return;
  unit_.broken = true;
  unit_.damage = damage;
}

void NalDepacketizer::malformed() {
  ignored("video payload breaks the grammar");
  break_unit(Damage::Malformed);
}

void NalDepacketizer::end_unit() {
  end_nal();
  in_fragments_ = false;
  if (judge_unit()) emit();
  writer_.clear();
  unit_ = {.timestamp = unit_.timestamp};
}

// An intra picture with its parameter sets is where such an encoder means decoding to start, though
// it does not say so.
bool NalDepacketizer::is_key() {
  const bool stated = unit_.key || unit_.recovery;
  ++since_access_;
  const bool meant = !stated && unit_.intra && (unit_.has_sps || since_access_ > kPatience);
  if (meant) quirk("key frames are not marked as such");
  if (stated) since_access_ = 0;
  return stated || meant;
}

// Whether a decoder can take the picture.
bool NalDepacketizer::judge_unit() {
  const bool key = unit_.key = is_key();
  const bool drops = policy_ == DamagedPictures::Drop;
  if (unit_.broken) {
    count(unit_.damage);
    if (drops && !unit_.disposable) waits_key_ = true;
    if (drops) return false;
  }
  if (drops && unit_.after_gap && !key) waits_key_ = true;
  if (unit_.slices == 0) return false;
  if (waits_key_ && !key) {
    count(Damage::Reference);
    return false;
  }
  if (key) use_pps(unit_.pps);
  if (!announce()) {
    waits_key_ = true;
    count(Damage::NoConfig);
    return false;
  }
  if (key) skips_leading_ = std::exchange(waits_key_, false);
  return !(skips_leading_ && unit_.leading);
}

// Tells the track if it is not the one that was told before. False without parameter sets.
bool NalDepacketizer::announce() {
  if (!sets_changed_) return has_config_;
  const auto record = make_config();
  if (!record) return has_config_;
  sets_changed_ = false;
  has_config_ = true;
  media::Track track = media::describe(codec(), base::as_bytes(*record));
  if (track != track_) {
    track_ = std::move(track);
    events_.on_track(track_);
  }
  return true;
}

void NalDepacketizer::emit() {
  (unit_.key ? key_size_ : other_size_).learn(writer_.size());
  begun_ = true;
  media::Frame frame{.codec = codec(), .key = unit_.key};
  frame.payload = writer_.take();
  events_.on_frame(std::move(frame), unit_.timestamp);
}

// Whoever joins in the middle misses what came before: that is no damage.
void NalDepacketizer::count(Damage damage) {
  if (begun_ || (damage != Damage::Loss && damage != Damage::Reference)) events_.on_damage(damage);
}

void NalDepacketizer::quirk(const char *what) {
  const auto known = quirks_.begin() + static_cast<std::ptrdiff_t>(quirk_count_);
  if (quirk_count_ == quirks_.size() || std::find(quirks_.begin(), known, what) != known) return;
  quirks_[quirk_count_++] = what;
  events_.on_quirk(what);
}

bool has_recovery_point(base::Bytes sei) {
  constexpr std::size_t kRecoveryPoint = 6;
  base::ByteReader in(sei);
  const auto number = [&] {
    std::size_t value = 0;
    std::uint8_t byte = 0xff;
    while (byte == 0xff && in.ok())
      value += byte = in.u8();
    return value;
  };
  while (in.left() >= 2) {
    const std::size_t type = number();
    const std::size_t size = number();
    if (in.ok() && type == kRecoveryPoint) return true;
    in.skip(size);
    if (!in.ok()) return false;
  }
  return false;
}

}  // namespace sluice::mux
