// SPDX-License-Identifier: Apache-2.0
#include "stream/sound_metrics.h"

namespace sluice::stream {
namespace {

constexpr const char *kFramesHelp = "Frames of sound that went into transcoders and came out.";
constexpr const char *kDroppedHelp = "Frames of sound that were to be transcoded and were not.";

metrics::Counter &dropped(metrics::Registry &registry, const char *reason) {
  return registry.counter("sluice_sound_frames_dropped_total", kDroppedHelp, {{"reason", reason}});
}

}  // namespace

SoundMetrics::SoundMetrics(metrics::Registry &registry)
    : transcoders(
          registry.gauge("sluice_sound_transcoders", "Streams whose sound is transcoded now.")),
      frames_in(registry.counter("sluice_sound_frames_total", kFramesHelp, {{"direction", "in"}})),
      frames_out(
          registry.counter("sluice_sound_frames_total", kFramesHelp, {{"direction", "out"}})),
      dropped_busy(dropped(registry, "busy")),
      dropped_broken(dropped(registry, "broken")),
      dropped_flood(dropped(registry, "flood")) {}

}  // namespace sluice::stream
