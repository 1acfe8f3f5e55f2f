// SPDX-License-Identifier: Apache-2.0
#include "mux/flv_writer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "media/describe.h"
#include "support/flv_rig.h"

using namespace sluice;
using namespace std::chrono_literals;
using media::Codec;
using media::Frame;
using media::Ticks;
using mux::H265InFlv;
using test::tag_of;
using test::unhex;

namespace {

media::BufferPool pool;

Frame frame(Codec codec, bool key, Ticks dts, Ticks composition, std::string_view payload) {
  return {.codec = codec,
          .key = key,
          .dts = dts,
          .composition_offset = composition,
          .payload = test::slice_of(pool, payload)};
}

media::Track track(Codec codec, std::string_view hex) {
  return media::describe(codec, base::as_bytes(unhex(hex)));
}

// Everything that comes out of bytes in FLV.
struct ReadBack {
  explicit ReadBack(std::string_view bytes) {
    CHECK(cutter.feed(base::as_bytes(bytes)).has_value());
    CHECK(cutter.at_boundary());
    CHECK(cutter.size_mismatches() == 0);
    for (const mux::FlvTag &tag : tags.tags)
      reader.read(tag);
    CHECK(seen.ignored.empty());
  }

  test::TagRecorder tags;
  test::FlvRecorder seen;
  mux::FlvTagReader cutter{pool, tags};
  mux::FlvReader reader{seen};
};

void check_same(const Frame &a, const Frame &b) {
  CHECK(a.codec == b.codec);
  CHECK(a.key == b.key);
  CHECK(a.dts == b.dts);
  CHECK(a.composition_offset == b.composition_offset);
  CHECK(test::text_of(a.payload) == test::text_of(b.payload));
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("flv writer: a key frame tag carries the composition time") {
    const std::string tag = tag_of(frame(Codec::H264, true, 1s, 80ms, "abc"));
    CHECK(tag == unhex("09 000008 0003e8 00 000000 17 01 000050 616263 00000013"));
  }

  TEST_CASE("flv writer: a negative composition time and a predicted frame") {
    const std::string tag = tag_of(frame(Codec::H264, false, 0ms, -40ms, "a"));
    CHECK(tag == unhex("09 000006 000000 00 000000 27 01 ffffd8 61 00000011"));
  }

  TEST_CASE("flv writer: an AAC tag") {
    const std::string tag = tag_of(frame(Codec::AAC, true, 23ms, 0ms, "ab"));
    CHECK(tag == unhex("08 000004 000017 00 000000 af 01 6162 0000000f"));
  }

  TEST_CASE("flv writer: stamps are 24 bits and 8 more, modulo 2^32") {
    const auto stamp = [](std::int64_t ms) {
      return tag_of(frame(Codec::PCMA, true, std::chrono::milliseconds(ms), 0ms, "a")).substr(4, 4);
    };
    CHECK(stamp(0xff'ffff) == unhex("ffffff 00"));
    CHECK(stamp(0x100'0000) == unhex("000000 01"));
    CHECK(stamp(0x7fff'ffff) == unhex("ffffff 7f"));
    CHECK(stamp(0x8000'0000) == unhex("000000 80"));
    CHECK(stamp(0xffff'ffff) == unhex("ffffff ff"));
    CHECK(stamp(0x1'0000'0000) == unhex("000000 00"));
    CHECK(stamp(0x1'0000'0017) == unhex("000017 00"));
  }

  TEST_CASE("flv writer: times between milliseconds keep the presentation time right") {
    const std::string tag = tag_of(frame(Codec::H264, true, Ticks{179}, Ticks{91}, "a"));
    CHECK(tag.substr(4, 4) == unhex("000001 00"));  // 1.99 ms
    CHECK(tag.substr(13, 3) == unhex("000002"));    // 3.00 ms in all
  }

  TEST_CASE("flv writer: H.265 goes by fourcc or by the old codec id") {
    const Frame plain = frame(Codec::H265, true, 0ms, 0ms, "a");
    const Frame moved = frame(Codec::H265, false, 0ms, 40ms, "a");
    CHECK(tag_of(plain).substr(11, 6) == unhex("93 68766331 61"));
    CHECK(tag_of(moved).substr(11, 9) == unhex("a1 68766331 000028 61"));
    CHECK(tag_of(plain, H265InFlv::Legacy).substr(11, 6) == unhex("1c 01 000000 61"));
    CHECK(tag_of(moved, H265InFlv::Legacy).substr(11, 6) == unhex("2c 01 000028 61"));
  }

  TEST_CASE("flv writer: an empty payload is a tag all the same") {
    CHECK(tag_of({.codec = Codec::MP3, .key = true}).size() == 16);
  }

  TEST_CASE("flv writer: the prefix has the flags and says so in onMetaData") {
    media::TrackSet tracks;
    const auto flags = [&] {
      const ReadBack back(mux::flv_prefix(tracks, {}, H265InFlv::Enhanced, 0ms));
      CHECK(back.tags.headers == 1);
      return std::pair(back.tags.audio, back.tags.video);
    };
    CHECK(flags() == std::pair(false, false));
    tracks.audio = track(Codec::AAC, "1210");
    CHECK(flags() == std::pair(true, false));
    tracks.video = track(Codec::H264, test::kAvc1080);
    CHECK(flags() == std::pair(true, true));
    const std::string prefix = mux::flv_prefix(tracks, {}, H265InFlv::Enhanced, 0ms);
    for (const char *text : {"hasVideo", "hasAudio", "width", "audiosamplerate", "Sluice "}) {
      CHECK(prefix.find(text) != std::string::npos);
    }
    CHECK(prefix.find("framerate") == std::string::npos);
  }

  TEST_CASE(
      "flv writer: config tags are the prefix without the file's header, and only metadata is "
      "stamped 0") {
    const media::TrackSet tracks{.video = track(Codec::H264, test::kAvc1080),
                                 .audio = track(Codec::AAC, "1210")};
    const std::string prefix = mux::flv_prefix(tracks, {}, H265InFlv::Enhanced, 77s);
    CHECK(prefix.substr(mux::kFlvHeaderSize) ==
          mux::flv_config_tags(tracks, {}, H265InFlv::Enhanced, 77s));
    const ReadBack back(prefix);
    REQUIRE(back.tags.tags.size() == 3);
    CHECK(back.tags.tags[0].stamp_ms == 0);
    CHECK(back.tags.tags[1].stamp_ms == 77'000);
    CHECK(back.tags.tags[2].stamp_ms == 77'000);
  }

  TEST_CASE("flv writer: tracks and metadata are read back as they were") {
    media::Metadata metadata;
    metadata.set_frame_rate(29.97);
    metadata.set_video_kbps(2500);
    metadata.set_audio_kbps(128);
    const std::string dfla =
        "00000000 80000022 10001000 000000 000000 0ac442f0" + std::string(40, '0');
    const std::vector<media::TrackSet> sets = {
        {.video = track(Codec::H264, test::kAvc1080), .audio = track(Codec::AAC, "1210")},
        {.video = track(Codec::H265, test::kHevc1080), .audio = track(Codec::FLAC, dfla)},
        {.video = track(Codec::AV1, test::kAv1),
         .audio = track(Codec::Opus, "4f70757348656164 01 02 3801 80bb0000 0000 00")},
        {.video = track(Codec::VP9, test::kVp9), .audio = std::nullopt},
    };
    for (const media::TrackSet &tracks : sets) {
      for (H265InFlv mode : {H265InFlv::Enhanced, H265InFlv::Legacy}) {
        const ReadBack back(mux::flv_prefix(tracks, metadata, mode, 0ms));
        CHECK(back.reader.tracks() == tracks);
        REQUIRE(back.seen.metadata.size() == 1);
        CHECK(back.seen.metadata[0].frame_rate == 29.97);
        CHECK(back.seen.metadata[0].encoder.starts_with("Sluice "));
      }
    }
  }

  TEST_CASE("flv writer: frames of every codec are read back as they were, in both modes") {
    const media::TrackSet known{.video = track(Codec::H264, test::kAvc1080),
                                .audio = track(Codec::AAC, "1210")};
    const media::TrackSet other{
        .video = track(Codec::H265, test::kHevc1080),
        .audio = track(Codec::FLAC, "00000000 80000022" + std::string(68, '1'))};
    for (H265InFlv mode : {H265InFlv::Enhanced, H265InFlv::Legacy}) {
      std::string file =
          mux::flv_prefix(known, {}, mode, 0ms) + mux::flv_config_tags(other, {}, mode, 0ms);
      std::vector<Frame> sent;
      int n = 0;
      for (Codec codec : {Codec::H265, Codec::AV1, Codec::VP9, Codec::FLAC, Codec::MP3, Codec::PCMA,
                          Codec::PCMU, Codec::Opus, Codec::AC3, Codec::EAC3}) {
        for (int i = 0; i < 5; ++i) {
          ++n;
          const bool video = media::kind_of(codec) == media::Kind::Video;
          const Ticks composition = codec == Codec::H265 ? Ticks((i - 2) * 20ms) : Ticks{0};
          sent.push_back(frame(codec, !video || i == 0, n * 1'234'567ms, composition,
                               std::string(static_cast<std::size_t>(n * n), static_cast<char>(n))));
          file += tag_of(sent.back(), mode);
        }
      }
      const ReadBack back(file);
      REQUIRE(back.seen.frames.size() == sent.size());
      for (std::size_t i = 0; i < sent.size(); ++i)
        check_same(back.seen.frames[i], sent[i]);
    }
  }

  TEST_CASE("flv writer: what FFmpeg wrote is written again byte by byte, but for its metadata") {
    const std::string file = test::read_file(SLUICE_SOURCE_ROOT "/tests/fixtures/h264_aac.flv");
    REQUIRE(!file.empty());
    const ReadBack back(file);
    CHECK(back.reader.tracks().video->width == 160);
    CHECK(back.reader.tracks().video->height == 90);
    CHECK(back.reader.tracks().audio->sample_rate == 44'100);
    REQUIRE(back.seen.frames.size() > 100);
    std::size_t found = 0;
    for (const Frame &one : back.seen.frames) {
      const std::string tag = tag_of(one);
      found = file.find(tag, found);
      REQUIRE(found != std::string::npos);
      found += tag.size();
    }
    const bool has_b_frames = std::ranges::any_of(
        back.seen.frames, [](const Frame &one) { return one.composition_offset > Ticks(40ms); });
    CHECK(has_b_frames);
  }
}
