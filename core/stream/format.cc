// SPDX-License-Identifier: Apache-2.0
#include "stream/format.h"

#include "mux/flv_writer.h"
#include "mux/fmp4_writer.h"
#include "mux/ts_writer.h"

namespace sluice::stream {

media::TrackSet carried_by(Format format, const media::TrackSet &tracks) {
  switch (container_of(format)) {
    case Format::Flv:
      return mux::flv_tracks(tracks);
    case Format::Fmp4:
      return mux::fmp4_tracks(tracks);
    case Format::Ts:
      return mux::ts_tracks(tracks);
    case Format::Fmp4Flussonic:
    case Format::Fmp4Ivideon:
      break;
  }
  return {};
}

}  // namespace sluice::stream
