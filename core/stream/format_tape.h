// SPDX-License-Identifier: Apache-2.0
// FormatTape: a tape together with the muxer that fills it. One per active container format of a
// publication. Lives on the stream's home loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "media/frame.h"
#include "media/metadata.h"
#include "media/track_set.h"
#include "tape/tape.h"

namespace sluice::stream {

enum class Format : std::uint8_t { Flv, Fmp4, Ts };
inline constexpr std::size_t kFormats = 3;

class FormatTape {
 public:
  explicit FormatTape(std::shared_ptr<tape::Tape> tape) : tape_(std::move(tape)) {}
  virtual ~FormatTape() = default;

  // The tracks as they are from `at` on. Readers that read on are told within the tape.
  virtual base::Status configure(const media::TrackSet &tracks, const media::Metadata &metadata,
                                 media::Ticks at) = 0;
  // Whether the format has a place for the track of that kind, as it was configured last.
  [[nodiscard]] virtual bool carries(media::Kind kind) const = 0;
  // Muxes one frame of a track that it carries onto the tape: the one copy of its payload. Not
  // visible before tape().publish().
  virtual base::Status append(const media::Frame &frame) = 0;

  // Muxes what append() has kept back, to be written together with a later frame. Before every
  // publish().
  virtual base::Status close_unit() { return {}; }

  [[nodiscard]] tape::Tape &tape() const { return *tape_; }

 private:
  std::shared_ptr<tape::Tape> tape_;
};

}  // namespace sluice::stream
