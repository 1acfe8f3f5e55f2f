// SPDX-License-Identifier: Apache-2.0
// TrackSet: the tracks of one stream, at most one of each kind.
#pragma once

#include <optional>

#include "media/codec.h"

namespace sluice::media {

struct TrackSet {
  std::optional<Track> video;
  std::optional<Track> audio;

  [[nodiscard]] std::optional<Track> &of(Kind kind) { return kind == Kind::Video ? video : audio; }
  [[nodiscard]] const std::optional<Track> &of(Kind kind) const {
    return kind == Kind::Video ? video : audio;
  }
  [[nodiscard]] bool empty() const { return !video && !audio; }

  friend bool operator==(const TrackSet &, const TrackSet &) = default;
};

}  // namespace sluice::media
