// SPDX-License-Identifier: Apache-2.0
// What an HLS request says: the names of files and sessions in its path, and the delivery
// directives in its query. Pure. All of it is hostile; each thing has one spelling.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "stream/format_tape.h"
#include "stream/segments.h"
#include "wire/url.h"

namespace sluice::deliver {

struct HlsFile {
  enum class Kind : std::uint8_t { Master, Playlist, Init, Segment, Part };
  Kind kind = Kind::Master;
  stream::Format format = stream::Format::Fmp4;  // Ts: the other one; a master has none
  std::string run;                               // which numbers these are
  std::uint64_t number = 0;                      // of the segment, or of the init
  std::uint64_t part = 0;
};

// Nothing when it is no file of ours.
[[nodiscard]] std::optional<HlsFile> parse_hls_file(std::string_view name);
[[nodiscard]] std::string to_string(const HlsFile &file);

// "~" and 128 bits in base64url.
inline constexpr std::size_t kHlsSessionLength = 23;
[[nodiscard]] bool is_hls_session(std::string_view name);
// The cookie that may have such a name.
inline constexpr std::string_view kHlsCookie = "sluice_session";

// The delivery directives (RFC 8216bis section 6.2.5.1).
struct HlsDirectives {
  std::optional<std::uint64_t> msn;
  std::optional<std::uint64_t> part;
  bool skip = false;
};

// An error is the sentence for the client.
[[nodiscard]] std::expected<HlsDirectives, const char *> parse_hls_directives(
    const wire::Query &query);

// The Cache-Control of a media playlist that is nobody's own, as RFC 8216bis appendix B.1 has it.
// An answer to directives is true for good. The newest list is for shared caches only, since a
// player reloads about when a copy of its own would be as old as that.
[[nodiscard]] std::string shared_caching(const HlsDirectives &asked, media::Ticks target);

// Whether the list has what was asked for, will have it soon, or is asked for a future that nobody
// waits for. with_parts: whether playlists list parts.
enum class HlsDemand : std::uint8_t { Met, Soon, Never };
[[nodiscard]] HlsDemand judge(const HlsDirectives &asked, const stream::SegmentList &list,
                              bool with_parts);

}  // namespace sluice::deliver
