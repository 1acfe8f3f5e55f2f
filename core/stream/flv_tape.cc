// SPDX-License-Identifier: Apache-2.0
#include "stream/flv_tape.h"

#include <cstring>

#include "mux/flv_writer.h"

namespace sluice::stream {

base::Result<bool> FlvTape::configure(const media::TrackSet &tracks,
                                      const media::Metadata &metadata, media::Ticks at) {
  const media::TrackSet carried = mux::flv_tracks(tracks);
  has_video_ = carried.video.has_value();
  has_audio_ = carried.audio.has_value();
  std::string tags = mux::flv_config_tags(carried, metadata, h265_, at);
  tape().set_prefix({.init = mux::flv_prefix(carried, metadata, h265_, at), .changeover = tags});
  if (!has_frames_) return false;
  SLUICE_TRY(room, tape().reserve(tags.size()));
  std::memcpy(room.data(), tags.data(), tags.size());
  tape().commit({.size = static_cast<std::uint32_t>(tags.size()), .dts = at, .config = true});
  return false;
}

base::Status FlvTape::append(const media::Frame &frame) {
  std::size_t size = mux::flv_tag_size(frame, h265_);
  SLUICE_TRY(room, tape().reserve(size));
  mux::write_flv_tag(frame, h265_, room);
  bool starts = frame.kind() == media::Kind::Video ? frame.key : !has_video_;
  tape().commit({.size = static_cast<std::uint32_t>(size), .dts = frame.dts, .key = starts});
  has_frames_ = true;
  count_copied(frame.payload.size);
  return {};
}

}  // namespace sluice::stream
