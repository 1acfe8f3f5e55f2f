// SPDX-License-Identifier: Apache-2.0
#include "stream/stream_metrics.h"

#include "metrics/refusals.h"

namespace sluice::stream {
namespace {

constexpr const char *kFramesHelp = "Frames taken in.";
constexpr const char *kCopiedHelp =
    "Media payload bytes copied in user space: once into the stream, once per active tape, and "
    "sound on its way to a transcoder and back.";
constexpr const char *kDroppedHelp = "Frames that were taken in and not passed on.";

}  // namespace

StreamMetrics::StreamMetrics(metrics::Registry &registry)
    : publishers(registry.gauge("sluice_publishers", "Publishers that are live now.")),
      video_frames(registry.counter("sluice_frames_in_total", kFramesHelp, {{"kind", "video"}})),
      audio_frames(registry.counter("sluice_frames_in_total", kFramesHelp, {{"kind", "audio"}})),
      payload_bytes(
          registry.counter("sluice_ingest_payload_bytes_total", "Media payload bytes taken in.")),
      copied_ingest_bytes(registry.counter("sluice_payload_copied_bytes_total", kCopiedHelp,
                                           {{"where", "ingest"}})),
      copied_tape_bytes(
          registry.counter("sluice_payload_copied_bytes_total", kCopiedHelp, {{"where", "tape"}})),
      copied_transcode_bytes(registry.counter("sluice_payload_copied_bytes_total", kCopiedHelp,
                                              {{"where", "transcode"}})),
      dropped_no_config(
          registry.counter("sluice_frames_dropped_total", kDroppedHelp, {{"reason", "no_config"}})),
      dropped_no_key(
          registry.counter("sluice_frames_dropped_total", kDroppedHelp, {{"reason", "no_key"}})),
      dropped_gop_limit(
          registry.counter("sluice_frames_dropped_total", kDroppedHelp, {{"reason", "gop_limit"}})),
      dropped_no_memory(
          registry.counter("sluice_frames_dropped_total", kDroppedHelp, {{"reason", "no_memory"}})),
      corrections(registry.counter("sluice_timestamp_corrections_total",
                                   "Jumps in publishers' time stamps that were smoothed.")),
      publish_refused(metrics::refusals(registry, "rtmp", "publish_policy")),
      sound(registry) {}

}  // namespace sluice::stream
