// SPDX-License-Identifier: Apache-2.0
// FFmpeg's tools are the judge of transport streams, as they are of FLV.
#include <doctest/doctest.h>

#include "support/encoded_source.h"
#include "support/ts_rig.h"

using namespace sluice;
using namespace std::chrono_literals;
using test::encode;
using test::EncodedSource;
using test::have_encoder;
using test::run;
using test::TempFile;

namespace {

media::BufferPool pool;

const std::string kVideo = "-f lavfi -i testsrc=size=160x90:rate=25:duration=2 ";
const std::string kAudio = "-f lavfi -i sine=sample_rate=44100:duration=2 ";

// Flushes after every video frame, and without video after every few frames.
std::string mux_all(const EncodedSource &source, mux::TsWriter &writer) {
  writer.configure(mux::ts_tracks(source.tracks));
  std::string out;
  std::size_t since = 0;
  for (const media::Frame &frame : source.frames) {
    writer.add(frame);
    const bool close = source.tracks.video ? writer.full() : ++since % 3 == 0;
    if (close) out += test::take_unit(writer);
  }
  if (!writer.empty()) out += test::take_unit(writer);
  test::TsFile().read(out);
  return out;
}

std::string probe(const TempFile &file) {
  return run(
      "ffprobe -v warning -count_packets -show_entries "
      "stream=codec_name,width,height,sample_rate,channels,nb_read_packets -of compact " +
      file.path());
}

// Nothing when everything is in order.
std::string decode(const TempFile &file) {
  return run("ffmpeg -nostdin -v warning -xerror -copyts -i " + file.path() + " -f null -");
}

std::string count_of(const EncodedSource &source, media::Kind kind) {
  return "nb_read_packets=" + std::to_string(std::ranges::count_if(
                                  source.frames, [&](const auto &f) { return f.kind() == kind; }));
}

void check_all(const EncodedSource &source, const std::vector<std::string> &expected) {
  mux::TsWriter writer;
  const TempFile file(mux_all(source, writer));
  const std::string seen = probe(file);
  CAPTURE(seen);
  for (const std::string &text : expected)
    CHECK(seen.find(text) != std::string::npos);
  for (const auto *track : {&source.tracks.video, &source.tracks.audio}) {
    if (!*track) continue;
    const std::string count = count_of(source, media::kind_of((*track)->codec));
    CAPTURE(count);
    CHECK(seen.find(count) != std::string::npos);
  }
  CHECK(decode(file) == "");
}

// The presentation times of the video packets as ffprobe sees them, in ticks.
std::vector<std::int64_t> video_times(const TempFile &file) {
  const std::string text =
      run("ffprobe -v error -select_streams v -show_entries packet=pts -of csv=p=0 " + file.path());
  std::vector<std::int64_t> out;
  // Some lines are empty, of side data.
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    if (text[at] != '\n') out.push_back(std::atoll(text.c_str() + at));
  }
  return out;
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("ts writer: ffmpeg decodes H.264 with B-frames and AAC, over the wrap too") {
    if (!have_encoder("libx264")) return;
    // 33 bits end after about 95'443.7 s.
    for (media::Ticks base : {media::Ticks(0ms), media::Ticks(95'441'300ms)}) {
      const EncodedSource source =
          encode(pool, kVideo + kAudio + "-c:v libx264 -bf 2 -g 25 -c:a aac", base);
      check_all(source, {"codec_name=h264|width=160|height=90",
                         "codec_name=aac|sample_rate=44100|channels=1"});
      mux::TsWriter writer;
      const TempFile file(mux_all(source, writer));
      std::vector<std::int64_t> expected;
      for (const media::Frame &frame : source.frames) {
        if (frame.kind() == media::Kind::Video)
          expected.push_back((frame.dts + frame.composition_offset).count() + 126'000);
      }
      const std::vector<std::int64_t> seen = video_times(file);
      // Before the wrap or not, the first one is as it was written; the others follow without a
      // step.
      REQUIRE(seen.size() == expected.size());
      CHECK((expected[0] - seen[0]) % (1LL << 33) == 0);
      for (std::size_t i = 0; i < seen.size(); ++i)
        CHECK(seen[i] - seen[0] == expected[i] - expected[0]);
    }
  }

  TEST_CASE("ts writer: ffmpeg decodes H.265 and AAC") {
    if (!have_encoder("libx265")) return;
    check_all(
        encode(pool, kVideo + kAudio +
                         "-c:v libx265 -x265-params log-level=none:keyint=25 -tag:v hvc1 "
                         "-c:a aac -ac 2"),
        {"codec_name=hevc|width=160|height=90", "codec_name=aac|sample_rate=44100|channels=2"});
  }

  TEST_CASE("ts writer: ffmpeg decodes Opus beside video") {
    if (!have_encoder("libx264") || !have_encoder("libopus")) return;
    check_all(
        encode(pool, kVideo + kAudio + "-c:v libx264 -c:a libopus -ac 2"),
        {"codec_name=h264|width=160|height=90", "codec_name=opus|sample_rate=48000|channels=2"});
  }

  TEST_CASE("ts writer: ffmpeg decodes each audio codec alone") {
    if (!have_encoder("libmp3lame") || !have_encoder("libopus")) return;
    check_all(encode(pool, kAudio + "-c:a libmp3lame"),
              {"codec_name=mp3|sample_rate=44100|channels=1"});
    check_all(encode(pool, kAudio + "-c:a libmp3lame -ar 22050"),
              {"codec_name=mp3|sample_rate=22050|channels=1"});
    check_all(encode(pool, kAudio + "-c:a aac -ar 32000"),
              {"codec_name=aac|sample_rate=32000|channels=1"});
    check_all(encode(pool, kAudio + "-c:a libopus"),
              {"codec_name=opus|sample_rate=48000|channels=1"});
    check_all(encode(pool, kAudio + "-c:a libopus -ac 6 -mapping_family 1"),
              {"codec_name=opus|sample_rate=48000|channels=6"});
  }

  TEST_CASE("ts writer: ffmpeg goes on over new tracks, and from one tape to the next") {
    if (!have_encoder("libx264")) return;
    const EncodedSource one = encode(pool, kVideo + kAudio + "-c:v libx264 -bf 0 -c:a aac");
    const EncodedSource two =
        encode(pool, kVideo + kAudio + "-c:v libx264 -bf 0 -s 320x180 -c:a aac", 3s);
    mux::TsWriter writer;
    std::string out = mux_all(one, writer);
    SUBCASE("the same tape") { out += mux_all(two, writer); }
    SUBCASE("another tape") {
      mux::TsWriter another;
      out += mux_all(two, another);
    }
    const TempFile file(out);
    CHECK(decode(file) == "");
    CHECK(probe(file).find("nb_read_packets=100") != std::string::npos);
  }

  TEST_CASE("ts writer: ffmpeg reads from any unit on that says it is a key") {
    if (!have_encoder("libx264")) return;
    const EncodedSource source =
        encode(pool, kVideo + kAudio + "-c:v libx264 -bf 2 -g 25 -c:a aac");
    mux::TsWriter writer;
    writer.configure(source.tracks);
    std::string from_second_key;
    int keys = 0;
    for (const media::Frame &frame : source.frames) {
      writer.add(frame);
      if (!writer.full()) continue;
      if (writer.key()) ++keys;
      const std::string unit = test::take_unit(writer);
      if (keys >= 2) from_second_key += unit;
    }
    REQUIRE(keys == 2);
    const TempFile file(from_second_key);
    CHECK(probe(file).find("codec_name=h264|width=160|height=90|nb_read_packets=25") !=
          std::string::npos);
    CHECK(decode(file) == "");
  }
}
