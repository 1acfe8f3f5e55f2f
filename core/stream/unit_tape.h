// SPDX-License-Identifier: Apache-2.0
// UnitTape: a tape of fMP4 fragments or of MPEG-TS packets. Both are written in units of one video
// frame with the audio since the last one, so audio is kept back until the frame has come, or until
// the tape is published. As messages of a dialect, each frame is a unit of fMP4.
#pragma once

#include <string>

#include "mux/fmp4_writer.h"
#include "mux/ts_writer.h"
#include "stream/format_tape.h"

namespace sluice::stream {

// What differs between the containers.
template <Format format, const mux::Fmp4Dialect *dialect>
struct Fmp4UnitsIn {
  static constexpr Format kFormat = format;
  using Writer = mux::Fmp4Writer;
  static Writer writer() { return Writer(dialect); }
  static std::string prefix(const Writer &writer) { return writer.init(); }
  static std::string mime(const media::TrackSet &carried) { return mux::fmp4_mime(carried); }
};
using Fmp4Units = Fmp4UnitsIn<Format::Fmp4, nullptr>;
using FlussonicUnits = Fmp4UnitsIn<Format::Fmp4Flussonic, &mux::kFlussonicDialect>;
using IvideonUnits = Fmp4UnitsIn<Format::Fmp4Ivideon, &mux::kIvideonDialect>;
struct TsUnits {
  static constexpr Format kFormat = Format::Ts;
  using Writer = mux::TsWriter;
  static Writer writer() { return {}; }
  static std::string prefix(const Writer &) { return {}; }  // PAT and PMT are in every key unit
  static std::string mime(const media::TrackSet &) { return {}; }
};

template <class Units>
class UnitTape final : public FormatTape {
 public:
  using FormatTape::FormatTape;

  base::Result<bool> configure(const media::TrackSet &tracks, const media::Metadata &metadata,
                               media::Ticks at) override;
  [[nodiscard]] bool carries(media::Kind kind) const override {
    return carried_.of(kind).has_value();
  }
  base::Status append(const media::Frame &frame) override;
  base::Status close_unit() override;

 private:
  base::Status write_unit();
  base::Status write_change();

  typename Units::Writer writer_ = Units::writer();
  media::TrackSet carried_;
  bool configured_ = false;
  bool has_frames_ = false;
  // What readers that read on must be given before the next unit.
  std::string change_;
  std::uint64_t kept_bytes_ = 0;  // of payload, in the unit under way
};

using Fmp4Tape = UnitTape<Fmp4Units>;
using TsTape = UnitTape<TsUnits>;
using FlussonicTape = UnitTape<FlussonicUnits>;
using IvideonTape = UnitTape<IvideonUnits>;

}  // namespace sluice::stream
