// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_playlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "deliver/hls_query.h"

namespace sluice::deliver {
namespace {

using media::Ticks;
using stream::Format;
using stream::Segment;
using stream::SegmentList;

// The distances that the standard demands, in target durations.
constexpr int kHoldBack = 3;
constexpr int kPartHoldBack = 3;
constexpr int kSkipUntil = 6;
constexpr int kPartsListed = 3;

double seconds(Ticks ticks) { return std::chrono::duration<double>(ticks).count(); }

// A segment is as long as the target when it is so rounded to whole seconds (section 4.4.3.1).
std::int64_t target_seconds(const SegmentList &list) {
  constexpr Ticks kHalf = base::Millis(500);
  return std::max<std::int64_t>(
      1, std::chrono::floor<std::chrono::seconds>(list.target + kHalf).count());
}

class PlaylistWriter {
 public:
  PlaylistWriter(const SegmentList &list, const PlaylistOptions &options)
      : list_(list), options_(options), target_(target_seconds(list)) {
    for (const auto &segment : list.segments)
      until_end_ += segment->duration;
    if (with_parts() && list.open) until_end_ += list.open->duration;
  }

  [[nodiscard]] std::size_t skippable() const {
    const Ticks boundary = std::chrono::seconds(kSkipUntil * target_);
    Ticks left = until_end_;
    std::size_t count = 0;
    for (const auto &segment : list_.segments) {
      left -= segment->duration;
      if (left < boundary) break;
      ++count;
    }
    return count;
  }

  std::string write(std::size_t skipped) {
    write_head(skipped);
    for (std::size_t i = 0; i < list_.segments.size(); ++i) {
      const Segment &segment = *list_.segments[i];
      until_end_ -= segment.duration;
      if (i < skipped) {
        init_ = segment.init.get();
        continue;
      }
      write_opening(segment);
      if (until_end_ < Ticks(std::chrono::seconds(kPartsListed * target_))) write_parts(segment);
      line("#EXTINF:{:.5f},", seconds(segment.duration));
      line("{}", name(HlsFile::Kind::Segment, segment.number));
    }
    if (with_parts()) {
      write_open_end();
      write_reports();
    }
    return std::move(text_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args &&...args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_.push_back('\n');
  }

  [[nodiscard]] bool with_parts() const {
    return options_.low_latency && options_.format == Format::Fmp4;
  }

  [[nodiscard]] std::string name(HlsFile::Kind kind, std::uint64_t number,
                                 std::uint64_t part = 0) const {
    return to_string(HlsFile{kind, options_.format, std::string(options_.run), number, part});
  }

  void write_head(std::size_t skipped) {
    const int version = options_.format == Format::Ts ? 3 : with_parts() ? 9 : 6;
    line("#EXTM3U");
    line("#EXT-X-VERSION:{}", version);
    line("#EXT-X-TARGETDURATION:{}", target_);
    if (with_parts()) write_server_control();
    if (all_independent()) line("#EXT-X-INDEPENDENT-SEGMENTS");
    const auto &first = list_.segments.empty() ? list_.open : list_.segments.front();
    line("#EXT-X-MEDIA-SEQUENCE:{}", first ? first->number : list_.next_number);
    line("#EXT-X-DISCONTINUITY-SEQUENCE:{}", list_.discontinuities);
    if (skipped > 0) line("#EXT-X-SKIP:SKIPPED-SEGMENTS={}", skipped);
  }

  void write_server_control() {
    // Three times what is printed, not of what it was rounded from.
    const std::int64_t part = std::llround(seconds(list_.part_target) * 1e5);
    line(
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={}.0,HOLD-BACK={}.0,"
        "PART-HOLD-BACK={:.5f}",
        kSkipUntil * target_, kHoldBack * target_, static_cast<double>(kPartHoldBack * part) / 1e5);
    line("#EXT-X-PART-INF:PART-TARGET={:.5f}", static_cast<double>(part) / 1e5);
  }

  [[nodiscard]] bool all_independent() const {
    auto is_independent = [](const auto &segment) {
      return !segment->parts.empty() && segment->parts.front().independent;
    };
    bool open_is = !with_parts() || !list_.open || list_.open->parts.empty() ||
                   list_.open->parts.front().independent;
    return open_is && std::ranges::all_of(list_.segments, is_independent);
  }

  // What stands before a segment's first part.
  void write_opening(const Segment &segment) {
    if (segment.discontinuity) line("#EXT-X-DISCONTINUITY");
    if (segment.init && segment.init.get() != init_ && !segment.init->bytes.empty()) {
      line("#EXT-X-MAP:URI=\"{}\"", name(HlsFile::Kind::Init, segment.init->number));
    }
    init_ = segment.init.get();
    if (segment.wall_us > 0) line("#EXT-X-PROGRAM-DATE-TIME:{}", date(segment.wall_us));
  }

  // To the millisecond, which is all that players read.
  static std::string date(std::int64_t wall_us) {
    std::string date = base::rfc3339(wall_us);
    constexpr std::size_t kToMillis = 23;
    return date.substr(0, kToMillis) + "Z";
  }

  void write_parts(const Segment &segment) {
    if (!with_parts()) return;
    for (std::size_t i = 0; i < segment.parts.size(); ++i) {
      const stream::Part &part = segment.parts[i];
      line("#EXT-X-PART:DURATION={:.5f},URI=\"{}\"{}", seconds(part.duration),
           name(HlsFile::Kind::Part, segment.number, i),
           part.independent ? ",INDEPENDENT=YES" : "");
    }
  }

  // The segment that is being cut, and the part that comes next.
  void write_open_end() {
    std::size_t parts = 0;
    if (list_.open) {
      parts = list_.open->parts.size();
      if (parts > 0) write_opening(*list_.open);
      write_parts(*list_.open);
    }
    if (list_.ended) return;
    line("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}\"",
         name(HlsFile::Kind::Part, list_.next_number, parts));
  }

  void write_reports() {
    for (const RenditionReport &report : options_.reports) {
      line("#EXT-X-RENDITION-REPORT:URI=\"{}\",LAST-MSN={},LAST-PART={}", report.uri, report.msn,
           report.part);
    }
  }

  const SegmentList &list_;
  const PlaylistOptions &options_;
  const std::int64_t target_;
  Ticks until_end_{0};  // from where the writer is to the end of the playlist
  const stream::Init *init_ = nullptr;
  std::string text_;
};

// Estimated from what there is of the first segment, while none is complete.
std::uint64_t bits_so_far(const SegmentList &list) {
  if (!list.open || list.open->duration <= Ticks(0)) return 0;
  std::uint64_t bytes = 0;
  for (const auto &part : list.open->parts)
    bytes += part.range.size();
  return static_cast<std::uint64_t>(static_cast<double>(bytes * 8) / seconds(list.open->duration));
}

std::uint64_t pixels(const HlsVariant &variant) {
  const auto &video = variant.tracks.video;
  return video ? std::uint64_t{video->width} * video->height : 0;
}

// What it is, and where.
std::string write_variant(const HlsVariant &variant) {
  std::string text = fmt::format("#EXT-X-STREAM-INF:BANDWIDTH={}",
                                 std::max(variant.peak_bits_per_second, std::uint64_t{1}));
  auto add = [&](std::string_view key, const std::string &value) {
    text.append(",").append(key).append("=").append(value);
  };
  if (variant.mean_bits_per_second > 0)
    add("AVERAGE-BANDWIDTH", std::to_string(variant.mean_bits_per_second));
  const auto &video = variant.tracks.video;
  const auto &audio = variant.tracks.audio;
  // A list of codecs that lacks one would be a lie.
  bool all_known =
      (!video || !video->codec_string.empty()) && (!audio || !audio->codec_string.empty());
  if (all_known && !variant.tracks.empty()) {
    std::string codecs = video ? video->codec_string : std::string();
    if (video && audio) codecs += ",";
    if (audio) codecs += audio->codec_string;
    add("CODECS", "\"" + codecs + "\"");
  }
  if (video && video->width > 0 && video->height > 0)
    add("RESOLUTION", fmt::format("{}x{}", video->width, video->height));
  if (video && video->frame_rate > 0) add("FRAME-RATE", fmt::format("{:.3f}", video->frame_rate));
  return fmt::format("{}\n{}\n", text, variant.uri);
}

}  // namespace

std::string write_media_playlist(const SegmentList &list, const PlaylistOptions &options) {
  return PlaylistWriter(list, options).write(0);
}

std::string write_delta_playlist(const SegmentList &list, const PlaylistOptions &options) {
  PlaylistWriter writer(list, options);
  std::size_t skipped = writer.skippable();
  return skipped == 0 ? std::string() : writer.write(skipped);
}

HlsVariant variant_of(const SegmentList &list) {
  return {.uri = {},
          .tracks = list.tracks,
          .peak_bits_per_second = std::max(list.peak_bits_per_second, bits_so_far(list)),
          .mean_bits_per_second = list.mean_bits_per_second};
}

std::string write_master_playlist(std::vector<HlsVariant> variants) {
  std::ranges::stable_sort(variants, std::greater(), [](const HlsVariant &variant) {
    return std::pair(pixels(variant), variant.peak_bits_per_second);
  });
  std::string text = "#EXTM3U\n#EXT-X-VERSION:6\n";
  for (const HlsVariant &variant : variants)
    text += write_variant(variant);
  return text;
}

}  // namespace sluice::deliver
