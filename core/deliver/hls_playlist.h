// SPDX-License-Identifier: Apache-2.0
// The text of HLS playlists (RFC 8216bis) from a list of segments. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/track_set.h"
#include "stream/format_tape.h"
#include "stream/segments.h"

namespace sluice::deliver {

// How far another rendition is (section 4.4.5.4).
struct RenditionReport {
  std::string uri;
  std::uint64_t msn = 0;   // of its newest segment, or of the one that is being cut
  std::uint64_t part = 0;  // the newest in that
};

struct PlaylistOptions {
  stream::Format format = stream::Format::Fmp4;
  std::string_view run;                        // in the names of all files
  bool low_latency = false;                    // with parts, held requests and delta updates
  std::span<const RenditionReport> reports{};  // written when parts are
};

[[nodiscard]] std::string write_media_playlist(const stream::SegmentList &list,
                                               const PlaylistOptions &options);

// The same without the segments that the client has for long: EXT-X-SKIP. Empty when there are
// none, so that the whole is the answer.
[[nodiscard]] std::string write_delta_playlist(const stream::SegmentList &list,
                                               const PlaylistOptions &options);

// One stream in a master playlist.
struct HlsVariant {
  std::string uri;  // of its media playlist
  media::TrackSet tracks;
  std::uint64_t peak_bits_per_second = 0;  // of any segment
  std::uint64_t mean_bits_per_second = 0;  // 0: not known
};
// As the list shows it, or as what there is of the first segment lets one expect.
[[nodiscard]] HlsVariant variant_of(const stream::SegmentList &list);

// The best first: the larger picture, then the higher rate.
[[nodiscard]] std::string write_master_playlist(std::vector<HlsVariant> variants);

}  // namespace sluice::deliver
