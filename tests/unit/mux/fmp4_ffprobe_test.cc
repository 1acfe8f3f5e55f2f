// SPDX-License-Identifier: Apache-2.0
// FFmpeg's tools are the judge of the init segment and the fragments, as they are of FLV.
#include <doctest/doctest.h>

#include <algorithm>

#include "support/encoded_source.h"

using namespace sluice;
using namespace std::chrono_literals;
using test::encode;
using test::have_encoder;
using test::run;
using test::TempFile;

namespace {

media::BufferPool pool;

using Source = test::EncodedSource;

std::string mux_all(const Source &source) {
  REQUIRE(mux::fmp4_tracks(source.tracks) == source.tracks);
  mux::Fmp4Writer writer;
  writer.configure(source.tracks);
  std::string out = writer.init();
  for (const media::Frame &frame : source.frames) {
    writer.add(frame);
    if (writer.full()) out += test::take_fragment(writer);
  }
  if (!writer.empty()) out += test::take_fragment(writer);
  return out;
}

std::string probe(const TempFile &file) {
  return run(
      "ffprobe -v warning -count_packets -show_entries "
      "stream=codec_name,codec_tag_string,width,height,sample_rate,channels,nb_read_packets "
      "-of compact " +
      file.path());
}

std::string decode(const TempFile &file) {
  return run("ffmpeg -nostdin -v warning -xerror -copyts -i " + file.path() + " -f null -");
}

std::string count_of(const Source &source, media::Kind kind) {
  return "nb_read_packets=" + std::to_string(std::ranges::count_if(
                                  source.frames, [&](const auto &f) { return f.kind() == kind; }));
}

void check_all(const Source &source, const char *expected_video, const char *expected_audio) {
  const TempFile file(mux_all(source));
  const std::string seen = probe(file);
  CAPTURE(seen);
  for (const char *expected : {expected_video, expected_audio})
    CHECK(seen.find(expected) != std::string::npos);
  if (source.tracks.video)
    CHECK(seen.find(count_of(source, media::Kind::Video)) != std::string::npos);
  if (source.tracks.audio)
    CHECK(seen.find(count_of(source, media::Kind::Audio)) != std::string::npos);
  CHECK(decode(file) == "");
}

const std::string kVideo = "-f lavfi -i testsrc=size=160x90:rate=25:duration=2 ";
const std::string kAudio = "-f lavfi -i sine=sample_rate=44100:duration=2 ";

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("fmp4 writer: ffmpeg decodes H.264 with B-frames and AAC, wherever the time line is") {
    if (!have_encoder("libx264")) return;
    for (media::Ticks base : {media::Ticks(0ms), media::Ticks(10'000'000s)}) {
      const Source source = encode(pool, kVideo + kAudio + "-c:v libx264 -bf 2 -c:a aac", base);
      check_all(source, "codec_name=h264|codec_tag_string=avc1|width=160|height=90",
                "codec_name=aac|codec_tag_string=mp4a|sample_rate=44100|channels=1");
    }
  }

  TEST_CASE("fmp4 writer: ffmpeg decodes H.265 and Opus") {
    if (!have_encoder("libx265") || !have_encoder("libopus")) return;
    const Source source =
        encode(pool, kVideo + kAudio +
                         "-c:v libx265 -x265-params log-level=none -tag:v hvc1 -c:a libopus");
    check_all(source, "codec_name=hevc|codec_tag_string=hvc1|width=160|height=90",
              "codec_name=opus|codec_tag_string=Opus|sample_rate=48000|channels=1");
  }

  TEST_CASE("fmp4 writer: ffmpeg decodes AV1 and MP3") {
    if (!have_encoder("libaom-av1") || !have_encoder("libmp3lame")) return;
    // FFmpeg knows the configuration record only when it is done.
    const TempFile file;
    CHECK(run("ffmpeg -nostdin -v error -y -f lavfi -i testsrc=size=160x90:rate=25:duration=0.4 "
              "-c:v libaom-av1 -cpu-used 8 -usage realtime -f matroska " +
              file.path()) == "");
    const Source source =
        encode(pool, "-i " + file.path() + " " + kAudio + "-c:v copy -c:a libmp3lame");
    CHECK(source.tracks.video->height == 90);
    check_all(source, "codec_name=av1|codec_tag_string=av01|width=160|height=90",
              "codec_name=mp3|codec_tag_string=mp4a|sample_rate=44100|channels=1");
  }

  TEST_CASE("fmp4 writer: ffmpeg decodes AAC whose configuration announces twice the rate") {
    if (!have_encoder("aac")) return;
    Source source = encode(pool, "-f lavfi -i sine=sample_rate=22050:duration=2 -ac 1 -c:a aac");
    const std::string config = test::unhex("2b8a0800");
    source.tracks.audio = media::describe(media::Codec::AAC, base::as_bytes(config));
    check_all(source, "", "codec_name=aac|codec_tag_string=mp4a|sample_rate=44100");
  }

  TEST_CASE("fmp4 writer: ffmpeg decodes what is left when frames are missing") {
    if (!have_encoder("libx264")) return;
    Source source = encode(pool, kVideo + kAudio + "-c:v libx264 -bf 0 -g 5 -c:a aac");
    // Up to the next key frame, and a part of a second of audio.
    std::erase_if(source.frames, [](const media::Frame &f) {
      return f.kind() == media::Kind::Video ? f.dts > 1'240ms && f.dts < 1'400ms
                                            : f.dts > 500ms && f.dts < 700ms;
    });
    check_all(source, "codec_name=h264", "codec_name=aac");
  }
}
