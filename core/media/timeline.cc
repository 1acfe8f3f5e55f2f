// SPDX-License-Identifier: Apache-2.0
#include "media/timeline.h"

#include <algorithm>

namespace sluice::media {

namespace {

constexpr std::int64_t kTicksPerMs = 90;

// A step backwards up to this is taken for jitter: the frames are pressed together until the stamps
// have caught up. It is above the reordering of B-frames, which some encoders let show in their
// stamps.
constexpr std::int64_t kBackward = 300;
// A step forwards up to this is taken for a pause of the camera and shown to viewers as it is.
constexpr std::int64_t kForward = 5'000;
// Tracks of one encoder that are farther apart than this do not share a clock.
constexpr std::int64_t kMaxSkew = 3'000;
// For so long may tracks of one clock be apart: the stamps of one may step this much later than the
// other's.
constexpr std::int64_t kApart = 2'000;
// A track without usable stamps may be this far ahead of the other one before it is slowed down.
constexpr std::int64_t kMaxLead = 1'000;
// Audio is often sent in batches under one stamp; more frames than this mean that the clock stands
// still.
constexpr unsigned kFrozenAfter = 8;
constexpr std::int64_t kMaxDistance = 1'000;
constexpr std::int64_t kUsualDistance[] = {40,
                                           23};  // by Kind: 25 pictures a second, AAC at 44.1 kHz

// The stamp nearest to `before` that is the same modulo 2^32.
std::int64_t unwrap(std::int64_t before, std::uint32_t stamp) {
  return before + static_cast<std::int32_t>(stamp - static_cast<std::uint32_t>(before));
}

}  // namespace

bool TimeLine::Line::frozen() const { return repeats >= kFrozenAfter; }

void TimeLine::start_at(Ticks base) {
  base_ = (base.count() + kTicksPerMs - 1) / kTicksPerMs;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    lines_[i] =
        Line{.out = base_ - 1, .distance = kUsualDistance[i] * 16, .usual = kUsualDistance[i]};
  }
}

Ticks TimeLine::newest() const { return Ticks{std::max(newest_ms(), base_) * kTicksPerMs}; }

Ticks TimeLine::resume_point() const {
  std::int64_t next = base_;
  for (const Line &line : lines_) {
    if (line.seen) next = std::max({next, line.next(), newest_ms() + 1});
  }
  return Ticks{next * kTicksPerMs};
}

Ticks TimeLine::place(Kind kind, std::uint32_t stamp_ms) {
  Line &own = lines_[static_cast<std::size_t>(kind)];
  Line &peer = lines_[1 - static_cast<std::size_t>(kind)];
  const bool begun = own.seen || peer.seen;
  const std::int64_t source = begun ? unwrap(source_, stamp_ms) : stamp_ms;
  source_ = source;
  if (!own.seen) {
    first(own, peer, source);
    return emit(own, source);
  }
  const bool was_frozen = own.frozen();
  own.repeats = source == own.source ? own.repeats + 1 : 0;
  if (own.frozen() && !was_frozen) own.earlier = own.offset;
  if (!own.frozen()) {
    recover(own, peer, source, was_frozen);
    reunite(own, peer);
  }
  const std::int64_t wrong_by = deviation(own, source + own.offset);
  const bool lost = own.frozen() || wrong_by < -kBackward || wrong_by > kForward;
  if (lost) step(own, peer, source);
  own.lost = lost;
  return emit(own, source);
}

std::int64_t TimeLine::newest_ms() const { return std::max(lines_[0].out, lines_[1].out); }

// How far `time` lies outside of what may come next on a track: after its newest frame, and not
// after both its own next frame and the other track's newest. A track that was silent may thus come
// back in line.
std::int64_t TimeLine::deviation(const Line &own, std::int64_t time) const {
  const std::int64_t earliest = own.out + 1;
  const std::int64_t latest = std::max(own.next(), newest_ms());
  return time < earliest ? time - earliest : std::max<std::int64_t>(time - latest, 0);
}

// Puts a track on the other's offset if it belongs there. Where that would take it back, both are
// moved on: a gap once is better than tracks that are out of step for good.
bool TimeLine::join(Line &own, Line &peer, std::int64_t source) const {
  const std::int64_t wrong_by = deviation(own, source + peer.offset);
  if (wrong_by < -kMaxSkew || wrong_by > kMaxSkew) return false;
  if (wrong_by < 0) peer.offset -= wrong_by;
  own.offset = peer.offset;
  return true;
}

void TimeLine::first(Line &own, Line &peer, std::int64_t source) {
  own.seen = true;
  own.source = source;
  if (!peer.seen) {
    own.offset = base_ - source;
  } else if (!join(own, peer, source)) {
    own.offset = newest_ms() - source;
    ++corrections_;
  }
  own.earlier = own.offset;
}

// Both tracks have one clock, so they should have one offset. They differ after one track has
// stepped: the other one follows when its own stamps have stepped too, and the first one returns if
// it was a stray stamp. A clock that stood still returns to where it would be had it been running.
void TimeLine::recover(Line &own, const Line &peer, std::int64_t source, bool thawed) const {
  const bool peer_usable = peer.seen && !peer.frozen();
  if (peer_usable && own.offset == peer.offset) return;
  const auto fits = [&](std::int64_t offset) {
    const std::int64_t wrong_by = deviation(own, source + offset);
    return wrong_by >= -kBackward && wrong_by <= (thawed ? kForward : kBackward);
  };
  if (peer_usable && fits(peer.offset)) {
    own.offset = peer.offset;
  } else if (fits(own.earlier)) {
    own.offset = own.earlier;
  }
}

// Steps that came in an unlucky order can leave tracks of one clock a little apart. The one that is
// behind is moved on, since none can be moved back.
void TimeLine::reunite(Line &own, const Line &peer) const {
  const std::int64_t behind = peer.offset - own.offset;
  if (!peer.seen || peer.frozen() || peer.lost || behind <= 0 || behind > kMaxSkew) {
    own.apart = -1;
  } else if (own.apart < 0) {
    own.apart = own.out;
  } else if (own.out - own.apart >= kApart) {
    own.offset = peer.offset;
  }
}

void TimeLine::step(Line &own, Line &peer, std::int64_t source) {
  ++corrections_;
  std::int64_t distance = own.distance / 16;
  if (own.frozen()) {
    distance = std::min(distance, own.usual);
  } else {
    own.earlier = own.offset;
    // Only the first time: stamps without any sense would else move both tracks on with every
    // frame.
    const bool usable = !own.lost && peer.seen && !peer.frozen() && own.offset != peer.offset;
    if (usable && join(own, peer, source)) return;
  }
  // Normally right behind the track's own last frame; a track that was silent begins where the
  // other one is.
  std::int64_t time = own.out + distance;
  if (own.frozen() || own.lost || time < newest_ms() - kMaxSkew) time = std::max(time, newest_ms());
  if (peer.seen && time > peer.out + kMaxLead) time = own.out + distance / 4;
  own.offset = time - source;  // emit() sees to it that time moves at all
}

Ticks TimeLine::emit(Line &own, std::int64_t source) {
  const std::int64_t delta = source - own.source;
  if (delta > 0 && delta <= kMaxDistance) own.distance += (delta * 16 - own.distance) / 8;
  own.source = source;
  std::int64_t time = source + own.offset;
  if (time <= own.out) {
    time = own.out + 1;
    ++nudges_;
  }
  own.out = time;
  return Ticks{time * kTicksPerMs};
}

}  // namespace sluice::media
