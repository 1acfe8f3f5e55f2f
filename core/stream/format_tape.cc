// SPDX-License-Identifier: Apache-2.0
#include "stream/format_tape.h"

#include "stream/flv_tape.h"
#include "stream/unit_tape.h"

namespace sluice::stream {

std::unique_ptr<FormatTape> FormatTape::create(Format format, std::shared_ptr<tape::Tape> tape,
                                               const config::Config &config) {
  switch (format) {
    case Format::Flv:
      return std::make_unique<FlvTape>(std::move(tape), config.stream.h265_in_flv);
    case Format::Fmp4:
      return std::make_unique<Fmp4Tape>(std::move(tape));
    case Format::Ts:
      return std::make_unique<TsTape>(std::move(tape));
    case Format::Fmp4Flussonic:
      return std::make_unique<FlussonicTape>(std::move(tape));
    case Format::Fmp4Ivideon:
      return std::make_unique<IvideonTape>(std::move(tape));
  }
  return nullptr;
}

}  // namespace sluice::stream
