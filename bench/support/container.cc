// SPDX-License-Identifier: Apache-2.0
// Which reader reads what.
#include "support/container.h"

#include "support/flv_frames.h"
#include "support/fmp4_frames.h"
#include "support/ts_frames.h"

namespace sluice::bench {

Container container_of(std::string_view path) {
  if (path.ends_with(".mp4") || path.ends_with(".m4s")) return Container::Fmp4;
  return path.ends_with(".ts") ? Container::Ts : Container::Flv;
}

std::unique_ptr<ContainerReader> make_reader(Container container, FrameSink &sink) {
  switch (container) {
    case Container::Fmp4:
      return std::make_unique<Fmp4Frames>(sink);
    case Container::Ts:
      return std::make_unique<TsFrames>(sink);
    case Container::Flv:
      break;
  }
  return std::make_unique<FlvFrames>(sink);
}

}  // namespace sluice::bench
