// SPDX-License-Identifier: Apache-2.0
// The text of HLS playlists (RFC 8216bis) from a list of segments. Pure.
#pragma once

#include <string>
#include <string_view>

#include "stream/format_tape.h"
#include "stream/segments.h"

namespace sluice::deliver {

struct PlaylistOptions {
  stream::Format format = stream::Format::Fmp4;
  std::string_view run;      // in the names of all files
  bool low_latency = false;  // with parts, held requests and delta updates
};

[[nodiscard]] std::string write_media_playlist(const stream::SegmentList &list,
                                               const PlaylistOptions &options);

// The same without the segments that the client has for long: EXT-X-SKIP. Empty when there are
// none, so that the whole is the answer.
[[nodiscard]] std::string write_delta_playlist(const stream::SegmentList &list,
                                               const PlaylistOptions &options);

// One variant, whose playlist is at `uri`.
[[nodiscard]] std::string write_master_playlist(const stream::SegmentList &list,
                                                std::string_view uri);

}  // namespace sluice::deliver
