// SPDX-License-Identifier: Apache-2.0
// FlvTape: a tape of FLV tags.
#pragma once

#include <memory>

#include "mux/flv_tag.h"
#include "stream/format_tape.h"

namespace sluice::stream {

class FlvTape final : public FormatTape {
 public:
  FlvTape(std::shared_ptr<tape::Tape> tape, mux::H265InFlv h265)
      : FormatTape(std::move(tape)), h265_(h265) {}

  base::Result<bool> configure(const media::TrackSet &tracks, const media::Metadata &metadata,
                               media::Ticks at) override;
  [[nodiscard]] bool carries(media::Kind kind) const override {
    return kind == media::Kind::Video ? has_video_ : has_audio_;
  }
  base::Status append(const media::Frame &frame) override;

 private:
  mux::H265InFlv h265_;
  bool has_frames_ = false;
  bool has_video_ = false;  // of the tracks that FLV can carry
  bool has_audio_ = false;
};

}  // namespace sluice::stream
