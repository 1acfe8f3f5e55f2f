// SPDX-License-Identifier: Apache-2.0
// FFmpeg's tools make the key frames and look at the JPEGs.
#include "transcode/picture.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/encoded_source.h"
#include "transcode/library.h"

using namespace sluice;
using test::encode;
using test::EncodedSource;
using test::have_encoder;
using test::run;
using test::TempFile;
using transcode::make_jpeg;

namespace {

media::BufferPool pool;

// A clear orange, which no decoder shows by mistake.
const std::string kOrange = "-f lavfi -i color=0xff8000:size=322x182:rate=5:duration=1 ";

const media::Frame &first_key(const EncodedSource &source) {
  auto found = std::ranges::find_if(source.frames, &media::Frame::key);
  REQUIRE(found != source.frames.end());
  return *found;
}

base::Result<std::string> jpeg_of(const EncodedSource &source, std::uint32_t width) {
  return make_jpeg(*source.tracks.video, first_key(source).payload.bytes(), width);
}

std::string size_of(const TempFile &file) {
  return run("ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 " +
             file.path());
}

// The picture's mean as three bytes.
std::string mean_of(const TempFile &file) {
  return run("ffmpeg -nostdin -v error -f mjpeg -i " + file.path() +
             " -vf scale=1:1:flags=area -f rawvideo -pix_fmt rgb24 -");
}

void check_orange(const base::Result<std::string> &jpeg, const std::string &size) {
  REQUIRE(jpeg);
  const TempFile file(*jpeg);
  CHECK(size_of(file) == "mjpeg," + size + "\n");
  const std::string mean = mean_of(file);
  REQUIRE(mean.size() == 3);
  CHECK(std::abs(static_cast<unsigned char>(mean[0]) - 0xff) < 16);
  CHECK(std::abs(static_cast<unsigned char>(mean[1]) - 0x80) < 16);
  CHECK(std::abs(static_cast<unsigned char>(mean[2]) - 0x00) < 16);
}

}  // namespace

TEST_SUITE("transcode") {
  TEST_CASE("picture: a key frame of H.264 in its own size and smaller, never larger") {
    if (!have_encoder("libx264")) return;
    const EncodedSource source = encode(pool, kOrange + "-c:v libx264 -pix_fmt yuv420p");
    check_orange(jpeg_of(source, 1920), "322,182");
    check_orange(jpeg_of(source, 160), "160,90");
    check_orange(jpeg_of(source, 1), "16,8");
  }

  TEST_CASE("picture: a key frame of H.264 with B-frames, full range, and 10 bits") {
    if (!have_encoder("libx264")) return;
    check_orange(jpeg_of(encode(pool, kOrange + "-c:v libx264 -bf 3 -pix_fmt yuvj420p"), 160),
                 "160,90");
    check_orange(jpeg_of(encode(pool, kOrange + "-c:v libx264 -pix_fmt yuv422p10le"), 160),
                 "160,90");
  }

  TEST_CASE("picture: a key frame of H.265") {
    if (!have_encoder("libx265")) return;
    check_orange(
        jpeg_of(encode(pool, kOrange + "-c:v libx265 -x265-params log-level=none -tag:v hvc1 "
                                       "-pix_fmt yuv420p"),
                160),
        "160,90");
  }

  TEST_CASE("picture: a Motion JPEG that is small enough is passed through, another scaled") {
    if (!have_encoder("mjpeg")) return;
    const TempFile file;
    REQUIRE(run("ffmpeg -nostdin -v error -y " + kOrange + "-frames:v 1 -f mjpeg " + file.path())
                .empty());
    const std::string jpeg = test::read_file(file.path());
    media::Track track{.codec = media::Codec::MJPEG, .width = 322, .height = 182};
    CHECK(make_jpeg(track, base::as_bytes(jpeg), 1920) == jpeg);
    check_orange(make_jpeg(track, base::as_bytes(jpeg), 160), "160,90");
    track.width = 0;
    check_orange(make_jpeg(track, base::as_bytes(jpeg), 1920), "322,182");
  }

  TEST_CASE("picture: what is not decoded is an error with its reason") {
    const std::string text = "no picture";
    auto code_of = [&](const media::Track &track, base::Bytes unit) {
      auto made = make_jpeg(track, unit, 160);
      REQUIRE_FALSE(made);
      return made.error().code;
    };
    const media::Track h264{.codec = media::Codec::H264};
    CHECK(code_of({.codec = media::Codec::VP9}, base::as_bytes(text)) == base::Code::Unsupported);
    CHECK(code_of({.codec = media::Codec::AAC}, base::as_bytes(text)) == base::Code::Unsupported);
    CHECK(code_of(h264, base::as_bytes(text)) == base::Code::Malformed);
    CHECK(code_of(h264, {}) == base::Code::Malformed);
    const std::string large(transcode::kMaxCodecConfig + 1, 'x');
    CHECK(code_of({.codec = media::Codec::H264, .config = large}, base::as_bytes(text)) ==
          base::Code::TooLarge);
    CHECK_FALSE(transcode::can_decode(media::Codec::VP9));
    CHECK(transcode::can_decode(media::Codec::H264));
  }

  TEST_CASE("picture: a key frame that ends early is no picture") {
    if (!have_encoder("libx264")) return;
    const EncodedSource source = encode(
        pool, "-f lavfi -i testsrc2=size=320x180:rate=5:duration=1 -c:v libx264 -pix_fmt yuv420p");
    base::Bytes whole = first_key(source).payload.bytes();
    CHECK(make_jpeg(*source.tracks.video, whole, 160));
    CHECK_FALSE(make_jpeg(*source.tracks.video, whole.first(whole.size() / 2), 160));
  }

  TEST_CASE("picture: one that is wider, or has more pixels, than the limits is refused") {
    if (!have_encoder("libx264")) return;
    for (const char *size : {"8208x64", "7680x5600"}) {
      CAPTURE(size);
      const EncodedSource source =
          encode(pool, "-f lavfi -i color=red:size=" + std::string(size) +
                           ":rate=1:duration=1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p");
      CHECK_FALSE(jpeg_of(source, 160));
    }
  }
}
