// SPDX-License-Identifier: Apache-2.0
#include "stream/format.h"

#include "mux/flv_writer.h"
#include "mux/fmp4_writer.h"
#include "mux/ts_writer.h"
#include "stream/silence.h"
#include "transcode/sound.h"

namespace sluice::stream {
namespace {

using media::Codec;

// Whether players of the format take the codec, as far as the container carries it.
bool is_played(Format format, Codec codec, const config::Sound &config) {
  switch (container_of(format)) {
    case Container::Flv:
      return config.in_flv == config::SoundInFlv::Carried || codec == Codec::AAC ||
             codec == Codec::MP3;
    case Container::Fmp4:
      return codec != Codec::MP3;  // of the browsers only some do
    case Container::Ts:
      return codec != Codec::Opus;  // of FFmpeg's kin alone
  }
  return false;
}

}  // namespace

media::TrackSet carried_by(Format format, const media::TrackSet &tracks) {
  switch (container_of(format)) {
    case Container::Flv:
      return mux::flv_tracks(tracks);
    case Container::Fmp4:
      return mux::fmp4_tracks(tracks);
    case Container::Ts:
      return mux::ts_tracks(tracks);
  }
  return {};
}

Shown shown_in(Format format, const media::TrackSet &tracks, const config::Sound &config) {
  Shown shown{carried_by(format, tracks)};
  if (!tracks.audio) {
    if (!config.silent_track || !shown.tracks.video) return shown;
    shown.tracks.audio = silent_track();
    shown.sound = SoundFrom::Silence;
    return shown;
  }
  const Codec codec = tracks.audio->codec;
  if (shown.tracks.audio && is_played(format, codec, config)) return shown;
  if (config.transcode == config::SoundTranscode::Never || !transcode::can_decode_sound(codec)) {
    return shown;
  }
  shown.tracks.audio = transcode::aac_track_of(*tracks.audio);
  shown.sound = SoundFrom::Transcoder;
  return shown;
}

}  // namespace sluice::stream
