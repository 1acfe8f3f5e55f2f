// SPDX-License-Identifier: Apache-2.0
// FFmpeg's tools are the judge of the init segment and the fragments, as they are of FLV.
#include <doctest/doctest.h>

#include <algorithm>

#include "media/timeline.h"
#include "support/ffmpeg_tools.h"
#include "support/flv_rig.h"
#include "support/fmp4_rig.h"

using namespace sluice;
using namespace std::chrono_literals;
using test::have_encoder;
using test::have_ffmpeg;
using test::run;
using test::TempFile;

namespace {

media::BufferPool pool;

// Frames of a stream in the order of their times, as a publication has them.
struct Source {
  media::TrackSet tracks;
  std::vector<media::Frame> frames;
};

// Has FFmpeg encode something, and reads what it made. Times are whole milliseconds from `base` on,
// as a time line gives them out.
Source encode(const std::string &arguments, media::Ticks base = {}) {
  const TempFile file;
  const std::string said =
      run("ffmpeg -nostdin -v error -y " + arguments +
          " -movflags frag_every_frame+empty_moov+default_base_moof -f mp4 " + file.path());
  CAPTURE(said);
  REQUIRE(said.empty());
  const std::string bytes = test::read_file(file.path());
  // Anything behind the last fragment is an index.
  const std::size_t index = bytes.rfind("mfra");
  test::Mp4File mp4;
  mp4.read(std::string_view(bytes).substr(0, index == std::string::npos ? index : index - 4));
  Source source;
  for (const auto &[id, track] : mp4.tracks)
    source.tracks.of(media::kind_of(track.track.codec)) = track.track;
  for (const test::Mp4Sample &sample : mp4.samples) {
    const test::Mp4Track &track = mp4.tracks.at(sample.track);
    const auto ms = static_cast<std::int64_t>(sample.time * 1'000 / track.scale);
    source.frames.push_back(
        {.codec = track.track.codec,
         .key = sample.key,
         .dts = base + media::Ticks(ms * 90),
         .composition_offset = media::Ticks(sample.composition * std::int64_t{90'000} /
                                            static_cast<std::int64_t>(track.scale)),
         .payload = test::slice_of(pool, sample.payload)});
  }
  std::ranges::stable_sort(source.frames, {}, &media::Frame::dts);
  return source;
}

std::string mux_all(const Source &source) {
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
      const Source source = encode(kVideo + kAudio + "-c:v libx264 -bf 2 -c:a aac", base);
      check_all(source, "codec_name=h264|codec_tag_string=avc1|width=160|height=90",
                "codec_name=aac|codec_tag_string=mp4a|sample_rate=44100|channels=1");
    }
  }

  TEST_CASE("fmp4 writer: ffmpeg decodes H.265 and Opus") {
    if (!have_encoder("libx265") || !have_encoder("libopus")) return;
    const Source source = encode(
        kVideo + kAudio + "-c:v libx265 -x265-params log-level=none -tag:v hvc1 -c:a libopus");
    check_all(source, "codec_name=hevc|codec_tag_string=hvc1|width=160|height=90",
              "codec_name=opus|codec_tag_string=Opus|sample_rate=48000|channels=1");
  }

  TEST_CASE("fmp4 writer: ffmpeg decodes AV1 and MP3") {
    if (!have_encoder("libaom-av1") || !have_encoder("libmp3lame")) return;
    const Source source = encode("-f lavfi -i testsrc=size=160x90:rate=25:duration=0.4 " + kAudio +
                                 "-c:v libaom-av1 -cpu-used 8 -usage realtime -c:a libmp3lame");
    check_all(source, "codec_name=av1|codec_tag_string=av01|width=160|height=90",
              "codec_name=mp3|codec_tag_string=mp4a|sample_rate=44100|channels=1");
  }
}
