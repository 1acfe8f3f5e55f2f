// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "wire/text.h"

namespace sluice::deliver {
namespace {

using stream::Format;

constexpr std::string_view kMaster = "index.m3u8";
constexpr std::string_view kPlaylist = "live.m3u8";
constexpr std::string_view kTsPlaylist = "ts.m3u8";
constexpr std::size_t kMaxRun = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_run_character(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

// Digits only, without leading zeros, in 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return wire::parse_decimal(text, std::numeric_limits<std::uint64_t>::max());
}

// Cuts `text` at the first `separator`: what was before it, or nothing when there is none.
std::optional<std::string_view> cut(std::string_view &text, char separator) {
  std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  auto before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

// "<run>-<number>"
bool parse_run_and_number(std::string_view text, HlsFile &file) {
  auto run = cut(text, '-');
  auto number = parse_number(text);
  if (!run || !number || run->empty() || run->size() > kMaxRun) return false;
  if (!std::ranges::all_of(*run, is_run_character)) return false;
  file.run = *run;
  file.number = *number;
  return true;
}

bool drop_suffix(std::string_view &text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// How far ahead of the last part a client may ask (RFC 8216bis section 6.2.5.2).
std::uint64_t advance_part_limit(media::Ticks part_target) {
  constexpr media::Ticks kSecond = std::chrono::seconds(1);
  if (part_target >= kSecond || part_target <= media::Ticks(0)) return 3;
  return static_cast<std::uint64_t>((3 * kSecond + part_target - media::Ticks(1)) / part_target);
}

}  // namespace

std::optional<HlsFile> parse_hls_file(std::string_view name) {
  using Kind = HlsFile::Kind;
  if (name == kMaster) return HlsFile{.kind = Kind::Master};
  if (name == kPlaylist) return HlsFile{.kind = Kind::Playlist};
  if (name == kTsPlaylist) return HlsFile{.kind = Kind::Playlist, .format = Format::Ts};
  HlsFile file;
  if (name.starts_with("init-")) {
    name.remove_prefix(5);
    file.kind = Kind::Init;
    if (!drop_suffix(name, ".mp4") || !parse_run_and_number(name, file)) return std::nullopt;
    return file;
  }
  if (drop_suffix(name, ".ts")) {
    file.format = Format::Ts;
  } else if (!drop_suffix(name, ".m4s")) {
    return std::nullopt;
  }
  file.kind = Kind::Segment;
  std::string_view part = name;
  if (auto segment = cut(part, '.')) {
    auto number = parse_number(part);
    if (!number) return std::nullopt;
    file.kind = Kind::Part;
    file.part = *number;
    name = *segment;
  }
  if (!parse_run_and_number(name, file)) return std::nullopt;
  return file;
}

std::string to_string(const HlsFile &file) {
  const char *suffix = file.format == Format::Ts ? "ts" : "m4s";
  switch (file.kind) {
    case HlsFile::Kind::Master:
      return std::string(kMaster);
    case HlsFile::Kind::Playlist:
      return std::string(file.format == Format::Ts ? kTsPlaylist : kPlaylist);
    case HlsFile::Kind::Init:
      return fmt::format("init-{}-{}.mp4", file.run, file.number);
    case HlsFile::Kind::Segment:
      return fmt::format("{}-{}.{}", file.run, file.number, suffix);
    case HlsFile::Kind::Part:
      return fmt::format("{}-{}.{}.{}", file.run, file.number, file.part, suffix);
  }
  return {};
}

bool is_hls_session(std::string_view name) {
  auto is_base64url = [](char c) {
    return is_run_character(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return name.size() == kHlsSessionLength && name.front() == '~' &&
         std::ranges::all_of(name.substr(1), is_base64url);
}

std::expected<HlsDirectives, const char *> parse_hls_directives(const wire::Query &query) {
  HlsDirectives directives;
  if (auto msn = query.find("_HLS_msn")) {
    directives.msn = parse_number(*msn);
    if (!directives.msn) return std::unexpected("_HLS_msn must be a media sequence number");
  }
  if (auto part = query.find("_HLS_part")) {
    directives.part = parse_number(*part);
    if (!directives.part) return std::unexpected("_HLS_part must be the index of a part");
    if (!directives.msn) return std::unexpected("_HLS_part needs _HLS_msn");
  }
  if (auto skip = query.find("_HLS_skip")) {
    if (*skip != "YES" && *skip != "v2") return std::unexpected("_HLS_skip must be YES or v2");
    directives.skip = true;
  }
  return directives;
}

std::string shared_caching(const HlsDirectives &asked, media::Ticks target) {
  auto seconds = std::max(std::chrono::round<std::chrono::seconds>(target).count(), 1L);
  if (asked.msn) return fmt::format("max-age={}", 6 * seconds);
  return fmt::format("max-age=0, s-maxage={}", std::max(seconds / 2, 1L));
}

HlsDemand judge(const HlsDirectives &asked, const stream::SegmentList &list, bool with_parts) {
  if (!asked.msn) return HlsDemand::Met;
  std::uint64_t msn = *asked.msn;
  const std::uint64_t next = list.next_number;
  if (msn > next && msn - next > 1) return HlsDemand::Never;
  if (!asked.part || !with_parts) return msn < next ? HlsDemand::Met : HlsDemand::Soon;
  std::uint64_t part = *asked.part;
  // A part behind the last one of a segment that is complete stands for the first of the next.
  bool is_last = msn + 1 == next && !list.segments.empty();
  if (is_last && part >= list.segments.back()->parts.size()) {
    if (part - list.segments.back()->parts.size() > advance_part_limit(list.part_target))
      return HlsDemand::Never;
    msn = next;
    part = 0;
  }
  if (msn < next) return HlsDemand::Met;
  const std::uint64_t parts = msn == next && list.open ? list.open->parts.size() : 0;
  if (part < parts) return HlsDemand::Met;
  return part - parts > advance_part_limit(list.part_target) ? HlsDemand::Never : HlsDemand::Soon;
}

}  // namespace sluice::deliver
