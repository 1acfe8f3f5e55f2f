// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_playlist.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace sluice;
using deliver::HlsVariant;
using deliver::PlaylistOptions;
using deliver::variant_of;
using deliver::write_delta_playlist;
using deliver::write_master_playlist;
using deliver::write_media_playlist;
using stream::Format;
using stream::Segment;
using stream::SegmentList;

namespace {

using std::chrono::milliseconds;

constexpr media::Ticks kPart = milliseconds(300);

std::shared_ptr<const stream::Init> init(std::uint64_t number) {
  return std::make_shared<stream::Init>(stream::Init{number, "moov"});
}

Segment segment(std::uint64_t number, std::size_t parts) {
  Segment segment;
  segment.number = number;
  segment.wall_us = 1'700'000'000'000'000 + static_cast<std::int64_t>(number) * 1'200'000;
  for (std::size_t i = 0; i < parts; ++i) {
    segment.parts.push_back({.range = {}, .duration = kPart, .independent = i == 0});
    segment.duration += kPart;
  }
  return segment;
}

// Segments of four parts, numbered from `first`, and an open one of two.
SegmentList list_of(std::uint64_t first, std::size_t count) {
  SegmentList list;
  auto same = init(1);
  for (std::size_t i = 0; i < count; ++i) {
    Segment complete = segment(first + i, 4);
    complete.init = same;
    list.segments.push_back(std::make_shared<Segment>(complete));
  }
  Segment open = segment(first + count, 2);
  open.init = same;
  list.open = std::make_shared<Segment>(open);
  list.next_number = first + count;
  list.target = milliseconds(2000);
  list.part_target = milliseconds(320);
  return list;
}

// Of whose tracks and rates something is known.
SegmentList known_list() {
  SegmentList list = list_of(0, 2);
  list.peak_bits_per_second = 2'000'000;
  list.mean_bits_per_second = 1'500'000;
  list.tracks.video = media::Track{.codec = media::Codec::H264,
                                   .width = 1280,
                                   .height = 720,
                                   .frame_rate = 25,
                                   .codec_string = "avc1.64001f"};
  list.tracks.audio = media::Track{.codec = media::Codec::AAC, .codec_string = "mp4a.40.2"};
  return list;
}

constexpr PlaylistOptions kLow{.format = Format::Fmp4, .run = "r1", .low_latency = true};
constexpr PlaylistOptions kClassic{.format = Format::Fmp4, .run = "r1", .low_latency = false};
constexpr PlaylistOptions kTs{.format = Format::Ts, .run = "r1", .low_latency = true};

std::vector<std::string> lines_with(const std::string &text, std::string_view word) {
  std::vector<std::string> found;
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = text.find('\n', start);
    std::string line = text.substr(start, end - start);
    if (line.contains(word)) found.push_back(line);
    start = end + 1;
  }
  return found;
}

std::size_t count(const std::string &text, std::string_view word) {
  return lines_with(text, word).size();
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("hls playlist: a classic one lists complete segments only") {
    CHECK(write_media_playlist(list_of(7, 2), kClassic) ==
          "#EXTM3U\n"
          "#EXT-X-VERSION:6\n"
          "#EXT-X-TARGETDURATION:2\n"
          "#EXT-X-INDEPENDENT-SEGMENTS\n"
          "#EXT-X-MEDIA-SEQUENCE:7\n"
          "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
          "#EXT-X-MAP:URI=\"init-r1-1.mp4\"\n"
          "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:28.400Z\n"
          "#EXTINF:1.20000,\n"
          "r1-7.m4s\n"
          "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:29.600Z\n"
          "#EXTINF:1.20000,\n"
          "r1-8.m4s\n");
  }

  TEST_CASE("hls playlist: one with low latency lists parts and hints at the next") {
    std::string text = write_media_playlist(list_of(7, 1), kLow);
    CHECK(text.contains("#EXT-X-VERSION:9\n"));
    CHECK(
        text.contains("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,"
                      "HOLD-BACK=6.0,PART-HOLD-BACK=0.96000\n"
                      "#EXT-X-PART-INF:PART-TARGET=0.32000\n"));
    CHECK(
        text.ends_with("#EXT-X-PART:DURATION=0.30000,URI=\"r1-7.3.m4s\"\n"
                       "#EXTINF:1.20000,\n"
                       "r1-7.m4s\n"
                       "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:29.600Z\n"
                       "#EXT-X-PART:DURATION=0.30000,URI=\"r1-8.0.m4s\",INDEPENDENT=YES\n"
                       "#EXT-X-PART:DURATION=0.30000,URI=\"r1-8.1.m4s\"\n"
                       "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"r1-8.2.m4s\"\n"));
  }

  TEST_CASE("hls playlist: the first part of the next segment is hinted at between two segments") {
    SegmentList list = list_of(7, 1);
    list.open = nullptr;
    CHECK(write_media_playlist(list, kLow).ends_with("URI=\"r1-8.0.m4s\"\n"));
  }

  TEST_CASE("hls playlist: nothing is hinted at, and nothing ended, when the publisher is gone") {
    SegmentList list = list_of(7, 1);
    list.ended = true;
    std::string text = write_media_playlist(list, kLow);
    CHECK(count(text, "PRELOAD-HINT") == 0);
    CHECK(count(text, "ENDLIST") == 0);
  }

  TEST_CASE("hls playlist: parts are listed for the last three target durations") {
    std::string text = write_media_playlist(list_of(0, 10), kLow);
    // 6 s from the end, which is 0.6 s into the open segment: four and a half segments.
    CHECK(count(text, "#EXTINF") == 10);
    CHECK(lines_with(text, "#EXT-X-PART:").front().contains("r1-5.0.m4s"));
  }

  TEST_CASE("hls playlist: the target is the longest segment, rounded to whole seconds") {
    stream::SegmentList list = list_of(7, 2);
    auto target_of = [&](int ms) {
      list.target = milliseconds(ms);
      return write_media_playlist(list, kClassic);
    };
    CHECK(target_of(2040).contains("#EXT-X-TARGETDURATION:2\n"));
    CHECK(target_of(2500).contains("#EXT-X-TARGETDURATION:3\n"));
    CHECK(target_of(100).contains("#EXT-X-TARGETDURATION:1\n"));
  }

  TEST_CASE("hls playlist: the hold back is three times the part target that is printed") {
    SegmentList list = list_of(0, 1);
    list.part_target = media::Ticks(60'001);  // 0.666677… s
    std::string text = write_media_playlist(list, kLow);
    CHECK(text.contains("PART-TARGET=0.66668\n"));
    CHECK(text.contains("PART-HOLD-BACK=2.00004\n"));
  }

  TEST_CASE("hls playlist: another configuration is a discontinuity with a map of its own") {
    SegmentList list = list_of(3, 2);
    Segment other = segment(5, 2);
    other.discontinuity = true;
    other.init = init(2);
    list.open = std::make_shared<Segment>(other);
    list.discontinuities = 4;
    std::string text = write_media_playlist(list, kLow);
    CHECK(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:4\n"));
    CHECK(text.contains("r1-4.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-r1-2.mp4\"\n"));
    CHECK(count(text, "#EXT-X-MAP") == 2);
  }

  TEST_CASE("hls playlist: independence is claimed when every segment begins with a key frame") {
    SegmentList list = list_of(0, 2);
    Segment cut = segment(2, 2);
    cut.parts[0].independent = false;
    list.open = std::make_shared<Segment>(cut);
    CHECK_FALSE(write_media_playlist(list, kLow).contains("INDEPENDENT-SEGMENTS"));
    CHECK(write_media_playlist(list, kClassic).contains("INDEPENDENT-SEGMENTS"));
  }

  TEST_CASE("hls playlist: MPEG-TS has no map, and no parts") {
    SegmentList list = list_of(0, 2);
    std::string text = write_media_playlist(list, kTs);
    CHECK(text.contains("#EXT-X-VERSION:3\n"));
    CHECK(text.ends_with("#EXTINF:1.20000,\nr1-1.ts\n"));
    CHECK(count(text, "PART") == 0);
  }

  TEST_CASE("hls playlist: a delta leaves out what is behind the boundary, and nothing else") {
    SegmentList list = list_of(0, 20);
    std::string whole = write_media_playlist(list, kLow);
    std::string delta = write_delta_playlist(list, kLow);
    // 24.6 s in all, of which 12 must stay: ten segments are 12 s, and end 12.6 s before the end.
    CHECK(delta.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS=10\n"));
    CHECK(delta.contains("#EXT-X-MEDIA-SEQUENCE:0\n"));
    CHECK(count(delta, "#EXTINF") == 10);
    CHECK(count(delta, "#EXT-X-MAP") == 0);
    std::string rest = delta.substr(delta.find("SKIPPED-SEGMENTS=10\n") + 20);
    CHECK(whole.ends_with(rest));
    CHECK(rest.starts_with("#EXT-X-PROGRAM-DATE-TIME"));
  }

  TEST_CASE("hls playlist: there is no delta of a short list") {
    CHECK(write_delta_playlist(list_of(0, 6), kLow).empty());
  }

  TEST_CASE("hls playlist: an empty list is one without segments") {
    CHECK(write_media_playlist(SegmentList{}, kClassic).contains("#EXT-X-TARGETDURATION:1\n"));
  }

  TEST_CASE("hls playlist: one with low latency ends with how far other renditions are") {
    const std::vector<deliver::RenditionReport> reports{{"zoo/sub/live.m3u8", 41, 3},
                                                        {"../../live.m3u8", 7, 0}};
    PlaylistOptions options = kLow;
    options.reports = reports;
    const std::string tags =
        "#EXT-X-RENDITION-REPORT:URI=\"zoo/sub/live.m3u8\",LAST-MSN=41,LAST-PART=3\n"
        "#EXT-X-RENDITION-REPORT:URI=\"../../live.m3u8\",LAST-MSN=7,LAST-PART=0\n";
    CHECK(write_media_playlist(list_of(0, 20), options).ends_with(tags));
    CHECK(write_delta_playlist(list_of(0, 20), options).ends_with(tags));
    options.low_latency = false;
    CHECK_FALSE(write_media_playlist(list_of(0, 20), options).contains("REPORT"));
  }

  TEST_CASE("hls master: says what is known of the variant") {
    HlsVariant variant = variant_of(known_list());
    variant.uri = "~a/live.m3u8";
    CHECK(write_master_playlist({variant}) ==
          "#EXTM3U\n#EXT-X-VERSION:6\n"
          "#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1500000,"
          "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=25.000\n"
          "~a/live.m3u8\n");
  }

  TEST_CASE("hls master: the largest picture comes first, of equal ones that with more bits") {
    auto variant = [](const char *uri, unsigned height, std::uint64_t peak) {
      HlsVariant made = variant_of(known_list());
      made.uri = uri;
      made.tracks.video->height = height;
      made.peak_bits_per_second = peak;
      return made;
    };
    std::string text = write_master_playlist(
        {variant("a", 360, 9), variant("b", 1080, 2), variant("c", 1080, 3), variant("d", 720, 4)});
    std::string order;
    for (std::size_t at = text.find('\n'); at + 2 < text.size(); at = text.find('\n', at + 1)) {
      if (text[at + 2] == '\n') order += text[at + 1];
    }
    CHECK(order == "cbda");
  }

  TEST_CASE("hls master: an incomplete list of codecs is not told") {
    SegmentList list = list_of(0, 2);
    list.tracks.video = media::Track{.codec_string = "avc1.64001f"};
    list.tracks.audio = media::Track{.codec = media::Codec::G726};
    std::string text = write_master_playlist({variant_of(list)});
    CHECK_FALSE(text.contains("CODECS"));
    CHECK_FALSE(text.contains("RESOLUTION"));
    CHECK(text.contains("BANDWIDTH=1\n"));
  }
}
