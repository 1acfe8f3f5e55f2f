// SPDX-License-Identifier: Apache-2.0
// FFmpeg's tools are the judge of what the writer makes. Says so and passes where they are not
// installed.
#include <doctest/doctest.h>

#include <algorithm>

#include "media/timeline.h"
#include "support/ffmpeg_tools.h"
#include "support/flv_rig.h"

using namespace sluice;
using namespace std::chrono_literals;
using mux::H265InFlv;
using test::have_ffmpeg;
using test::run;
using test::TempFile;

namespace {

// Reads a fixture and writes it again on a time line that starts at `base`.
std::string rewrite(const char *fixture, media::Ticks base, test::FlvRecorder &seen) {
  media::BufferPool pool;
  test::TagRecorder tags;
  mux::FlvTagReader cutter(pool, tags);
  const std::string file =
      test::read_file(std::string(SLUICE_SOURCE_ROOT "/tests/fixtures/") + fixture);
  REQUIRE(cutter.feed(base::as_bytes(file)).has_value());
  mux::FlvReader reader(seen);
  for (const mux::FlvTag &tag : tags.tags)
    reader.read(tag);
  REQUIRE(!seen.frames.empty());
  media::TimeLine line;
  line.start_at(base);
  std::string out =
      mux::flv_prefix(reader.tracks(), seen.metadata.empty() ? media::Metadata{} : seen.metadata[0],
                      H265InFlv::Enhanced, base);
  for (media::Frame &frame : seen.frames) {
    line.place(frame);
    out += test::tag_of(frame);
  }
  return out;
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE(
      "flv writer: ffprobe sees the tracks, the sizes and every frame, and ffmpeg decodes all of "
      "it") {
    if (!have_ffmpeg()) return;
    for (media::Ticks base : {media::Ticks(0ms), media::Ticks(16'777'000ms)}) {
      test::FlvRecorder seen;
      const TempFile file(rewrite("h264_aac.flv", base, seen));
      const std::string probe =
          run("ffprobe -v warning -count_packets -show_entries "
              "stream=codec_name,width,height,sample_rate,channels,nb_read_packets,r_frame_rate "
              "-of compact " +
              file.path());
      CAPTURE(probe);
      CHECK(
          probe.find("codec_name=h264|width=160|height=90|r_frame_rate=25/1|nb_read_packets=50") !=
          std::string::npos);
      CHECK(probe.find("codec_name=aac|sample_rate=44100|channels=1") != std::string::npos);
      const auto audio = std::ranges::count_if(
          seen.frames, [](const media::Frame &f) { return f.codec == media::Codec::AAC; });
      CHECK(probe.find("nb_read_packets=" + std::to_string(audio)) != std::string::npos);
      CHECK(run("ffmpeg -nostdin -v warning -xerror -copyts -i " + file.path() + " -f null -") ==
            "");
    }
  }

  TEST_CASE("flv writer: ffmpeg decodes MP3 and G.711") {
    if (!have_ffmpeg()) return;
    for (const auto &[fixture, expected] :
         {std::pair("mp3.flv", "codec_name=mp3|sample_rate=44100|channels=1"),
          std::pair("pcma.flv", "codec_name=pcm_alaw|sample_rate=8000|channels=1")}) {
      test::FlvRecorder seen;
      const TempFile file(rewrite(fixture, 0ms, seen));
      const std::string probe =
          run("ffprobe -v warning -show_entries stream=codec_name,sample_rate,channels "
              "-of compact " +
              file.path());
      CAPTURE(probe);
      CHECK(probe.find(expected) != std::string::npos);
      CHECK(run("ffmpeg -nostdin -v warning -xerror -i " + file.path() + " -f null -") == "");
    }
  }
}
