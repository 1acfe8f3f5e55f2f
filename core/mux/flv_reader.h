// SPDX-License-Identifier: Apache-2.0
// FlvReader: bodies of RTMP messages (or FLV tags) to tracks, frames and metadata. Takes the old
// codec ids and enhanced RTMP version 1 and 2. No payload is copied: a frame's payload is a part of
// the message's buffer. Nothing that a publisher sends fails the stream here: what cannot be used
// is dropped and reported. Belongs to one publication, on its loop.
#pragma once

#include "base/bytes.h"
#include "media/frame.h"
#include "media/metadata.h"
#include "media/track_set.h"
#include "mux/flv_tag.h"

namespace sluice::mux {

struct FlvPacket;

struct FlvEvents {
  virtual ~FlvEvents() = default;
  // A track was announced, or an announced one changed. Never called twice in a row with the same.
  virtual void on_track(const media::Track &track) = 0;
  // frame.dts is the message's stamp; a media::TimeLine makes it fit for viewers.
  virtual void on_frame(media::Frame &&frame) = 0;
  virtual void on_metadata(const media::Metadata &metadata) = 0;
  // A message, or a part of one, was dropped. `what` is a literal: equal reasons are equal
  // pointers.
  virtual void on_ignored(const char *what) = 0;
};

class FlvReader {
 public:
  // `events` must outlive the reader.
  explicit FlvReader(FlvEvents &events) : events_(events) {}

  // At most one frame comes of one message.
  void read(const FlvTag &tag);

  [[nodiscard]] const media::TrackSet &tracks() const { return tracks_; }

 private:
  void read_packet(const FlvTag &tag, const FlvPacket &packet);
  void read_config(const FlvPacket &packet);
  void read_frame(const FlvTag &tag, const FlvPacket &packet);
  void follow_mp3(base::Bytes frame);
  void read_data(base::Bytes body);
  void announce(media::Track &&track);

  FlvEvents &events_;
  media::TrackSet tracks_;
};

}  // namespace sluice::mux
