// SPDX-License-Identifier: Apache-2.0
#include "stream/unit_tape.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace sluice::stream {

template <class Units>
base::Result<bool> UnitTape<Units>::configure(const media::TrackSet &tracks,
                                              const media::Metadata & /*metadata*/,
                                              media::Ticks /*at*/) {
  media::TrackSet carried = carried_by(Units::kFormat, tracks);
  if (configured_ && carried == carried_) return false;
  configured_ = true;
  carried_ = std::move(carried);
  writer_.configure(carried_);
  kept_bytes_ = 0;
  std::string prefix = Units::prefix(writer_);
  tape().set_prefix({.init = prefix, .changeover = prefix, .mime = Units::mime(carried_)});
  if (has_frames_) change_ = std::move(prefix);
  // A decoder takes up another init segment, or another PMT, with a key frame.
  return has_frames_;
}

template <class Units>
base::Status UnitTape<Units>::append(const media::Frame &frame) {
  writer_.add(frame);
  kept_bytes_ += frame.payload.size;
  return writer_.full() ? close_unit() : base::Status{};
}

template <class Units>
base::Status UnitTape<Units>::close_unit() {
  if (writer_.empty()) return {};
  auto written = write_unit();
  if (written) {
    count_copied(kept_bytes_);
    has_frames_ = true;
  } else {
    writer_.drop();
  }
  kept_bytes_ = 0;
  return written;
}

template <class Units>
base::Status UnitTape<Units>::write_unit() {
  SLUICE_TRY_VOID(write_change());
  tape::Mark mark{.dts = writer_.dts(), .wall_us = writer_.wall_us(), .key = writer_.key()};
  const std::size_t size = writer_.prepare();
  SLUICE_DCHECK(size > 0);
  SLUICE_TRY(room, tape().reserve(size));
  writer_.write(room);
  mark.size = static_cast<std::uint32_t>(size);
  tape().commit(mark);
  return {};
}

// Only before the unit that needs it, so that changes which nothing follows take no block.
template <class Units>
base::Status UnitTape<Units>::write_change() {
  if (change_.empty()) return {};
  SLUICE_TRY(room, tape().reserve(change_.size()));
  std::memcpy(room.data(), change_.data(), change_.size());
  tape().commit(
      {.size = static_cast<std::uint32_t>(change_.size()), .dts = writer_.dts(), .config = true});
  change_.clear();
  return {};
}

template class UnitTape<Fmp4Units>;
template class UnitTape<TsUnits>;
template class UnitTape<FlussonicUnits>;
template class UnitTape<IvideonUnits>;

}  // namespace sluice::stream
