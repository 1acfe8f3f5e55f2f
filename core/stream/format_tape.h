// SPDX-License-Identifier: Apache-2.0
// FormatTape: a tape together with the muxer that fills it. One per active format of a
// publication. Lives on the stream's home loop.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/result.h"
#include "config/config.h"
#include "media/frame.h"
#include "media/metadata.h"
#include "media/track_set.h"
#include "stream/format.h"
#include "tape/tape.h"

namespace sluice::stream {

class FormatTape {
 public:
  static std::unique_ptr<FormatTape> create(Format format, std::shared_ptr<tape::Tape> tape,
                                            const config::Config &config);

  explicit FormatTape(std::shared_ptr<tape::Tape> tape) : tape_(std::move(tape)) {}
  virtual ~FormatTape() = default;

  // The tracks as they are from `at` on. Readers that read on are told within the tape. True when
  // they understand the change only with the next key frame of video, so that what comes before it
  // is of no use.
  virtual base::Result<bool> configure(const media::TrackSet &tracks,
                                       const media::Metadata &metadata, media::Ticks at) = 0;
  // Whether the format has a place for the track of that kind, as it was configured last.
  [[nodiscard]] virtual bool carries(media::Kind kind) const = 0;
  // Muxes one frame of a track that it carries onto the tape: the one copy of its payload. Not
  // visible before tape().publish().
  virtual base::Status append(const media::Frame &frame) = 0;

  // Muxes what append() has kept back, to be written together with a later frame. Before every
  // publish().
  virtual base::Status close_unit() { return {}; }

  [[nodiscard]] tape::Tape &tape() const { return *tape_; }
  // Bytes of payload that were copied onto the tape since the last call.
  [[nodiscard]] std::uint64_t take_copied() { return std::exchange(copied_, 0); }

 protected:
  void count_copied(std::uint64_t bytes) { copied_ += bytes; }

 private:
  std::shared_ptr<tape::Tape> tape_;
  std::uint64_t copied_ = 0;
};

}  // namespace sluice::stream
