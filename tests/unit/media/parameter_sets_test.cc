// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "media/aac.h"
#include "media/av1.h"
#include "media/describe.h"
#include "media/h264.h"
#include "media/h265.h"
#include "media/mp3.h"
#include "support/records.h"

using namespace sluice;
using base::as_bytes;
using media::Codec;
using test::unhex;

namespace {

// Writes what a parameter set is made of.
class BitWriter {
 public:
  BitWriter &bits(std::uint64_t value, unsigned n) {
    for (unsigned i = n; i > 0; --i)
      bits_.push_back((value >> (i - 1) & 1U) != 0 ? '1' : '0');
    return *this;
  }
  BitWriter &ue(std::uint64_t value) {
    unsigned length = 1;
    while ((value + 1) >> length != 0)
      ++length;
    return bits(0, length - 1).bits(value + 1, length);
  }
  [[nodiscard]] std::string bytes() const {
    std::string padded = bits_ + '1';  // stop bit
    while (padded.size() % 8 != 0)
      padded += '0';
    std::string out;
    for (std::size_t i = 0; i < padded.size(); i += 8) {
      out.push_back(static_cast<char>(std::stoi(padded.substr(i, 8), nullptr, 2)));
    }
    return out;
  }

 private:
  std::string bits_;
};

// A baseline SPS of the given size in macroblocks, cropped in chroma samples.
std::string h264_sps(std::uint64_t width, std::uint64_t height, std::uint64_t right,
                     std::uint64_t bottom) {
  BitWriter out;
  out.bits(0x67, 8).bits(66, 8).bits(0xc0, 8).bits(30, 8).ue(0);
  out.ue(0).ue(2).ue(1).bits(0, 1);  // frame numbers, picture order, reference frames, gaps
  out.ue(width - 1).ue(height - 1).bits(1, 1).bits(1, 1);
  out.bits(1, 1).ue(0).ue(right).ue(0).ue(bottom).bits(0, 1);
  return out.bytes();
}

std::string h265_sps(std::uint64_t width, std::uint64_t height, unsigned sub_layers) {
  BitWriter out;
  out.bits(0x4201, 16).bits(0, 4).bits(sub_layers, 3).bits(1, 1);
  out.bits(1, 8).bits(0x6000'0000, 32).bits(0x9000'0000'0000, 48).bits(93, 8);
  for (unsigned i = 0; i < sub_layers; ++i)
    out.bits(3, 2);
  if (sub_layers > 0) out.bits(0, 2 * (8 - sub_layers));
  // All ones, so that no emulation prevention is needed.
  for (unsigned i = 0; i < sub_layers; ++i)
    out.bits(~0ULL, 48).bits(~0ULL, 48);
  out.ue(0).ue(1).ue(width).ue(height).bits(0, 1);
  return out.bytes();
}

void check_video(Codec codec, std::string_view record, std::uint32_t width, std::uint32_t height,
                 const char *codec_string) {
  CAPTURE(codec_string);
  const media::Track track = media::describe(codec, as_bytes(unhex(record)));
  CHECK(track.codec == codec);
  CHECK(track.width == width);
  CHECK(track.height == height);
  CHECK(track.codec_string == codec_string);
  CHECK(track.config == unhex(record));
}

}  // namespace

TEST_SUITE("media") {
  TEST_CASE("describe: H.264 of real encoders has the cropped size and the codec string") {
    check_video(Codec::H264, test::kAvc1080, 1920, 1080, "avc1.640028");
    check_video(Codec::H264, test::kAvcInterlaced, 720, 576, "avc1.64001e");
    check_video(Codec::H264, test::kAvcBaseline, 160, 90, "avc1.42c00b");
    check_video(Codec::H264, test::kAvc444, 162, 92, "avc1.f4000b");
    check_video(Codec::H264, test::kAvc422, 160, 90, "avc1.7a000b");
    check_video(Codec::H264, test::kAvcMatrices, 160, 90, "avc1.64000b");
  }

  TEST_CASE("describe: H.265 of real encoders has the cropped size and the codec string") {
    check_video(Codec::H265, test::kHevc1080, 1920, 1080, "hvc1.1.6.L120.90");
    check_video(Codec::H265, test::kHevcMain10, 160, 90, "hvc1.2.4.L30.90");
    check_video(Codec::H265, test::kHevc444, 160, 90, "hvc1.4.10.L30.9e.8");
  }

  TEST_CASE("av1: the size stands behind however much timing, and what is no sequence has none") {
    // A single picture of 16x8: nothing but level and size.
    const auto size_of = [](std::string_view hex) {
      const std::string obu = test::unhex(hex);
      return media::parse_av1_sequence(base::as_bytes(obu));
    };
    REQUIRE(size_of("0a04 180cbf80").has_value());
    CHECK(size_of("0a04 180cbf80")->width == 16);
    CHECK(size_of("0a04 180cbf80")->height == 8);
    // Two operating points, with all that a decoder model may say.
    REQUIRE(size_of("0a1a 0400000003ffffffffa7fffffffc1f87ffd1800003400000cbf8").has_value());
    CHECK(size_of("0a1a 0400000003ffffffffa7fffffffc1f87ffd1800003400000cbf8")->width == 16);
    CHECK(!size_of("1204 180cbf80"));  // a temporal delimiter
    CHECK(!size_of("0a03 18"));
    CHECK(!size_of(""));
  }

  TEST_CASE("describe: AV1 and VP9 have their codec string") {
    check_video(Codec::AV1, test::kAv1, 160, 96, "av01.0.00M.08");
    check_video(Codec::VP9, test::kVp9, 0, 0, "vp09.00.10.08");
    check_video(Codec::VP9, test::kVp9.substr(8), 0, 0, "vp09.00.10.08");
  }

  TEST_CASE("describe: a record that cannot be parsed is passed on with nothing known") {
    for (Codec codec :
         {Codec::H264, Codec::H265, Codec::AAC, Codec::FLAC, Codec::AV1, Codec::VP9}) {
      for (std::string_view record : {"", "00", "ff", "00000001674200", "0142"}) {
        const media::Track track = media::describe(codec, as_bytes(unhex(record)));
        CHECK(track.config == unhex(record));
        CHECK(track.width == 0);
      }
    }
  }

  TEST_CASE("describe: an H.264 record with a broken SPS still tells its profile") {
    const media::Track track =
        media::describe(Codec::H264, as_bytes(unhex("0164001fffe1000267640000")));
    CHECK(track.codec_string == "avc1.64001f");
    CHECK(track.width == 0);
  }

  TEST_CASE(
      "parameter sets: every cut of a record and of its SPS is refused or parsed, never read "
      "beyond") {
    for (std::string_view hex :
         {test::kAvc1080, test::kAvcMatrices, test::kHevc1080, test::kHevc444}) {
      const std::string whole = unhex(hex);
      for (std::size_t n = 0; n <= whole.size(); ++n) {
        // A copy of exactly that size, so that a sanitizer sees a read beyond it.
        const std::string cut = whole.substr(0, n);
        const std::string tail = whole.substr(n);
        (void)media::describe(Codec::H264, as_bytes(cut));
        (void)media::describe(Codec::H265, as_bytes(cut));
        (void)media::parse_h264_sps(as_bytes(tail));
        (void)media::parse_h265_sps(as_bytes(tail));
      }
    }
  }

  TEST_CASE("h264: the configuration record's parameter sets are views into it") {
    const std::string record = unhex(test::kAvc1080);
    const auto config = media::parse_avc_config(as_bytes(record));
    REQUIRE(config);
    CHECK(config->length_size == 4);
    REQUIRE(config->sps.size() == 1);
    REQUIRE(config->pps.size() == 1);
    CHECK(config->sps[0].size() == 0x1b);
    CHECK(base::as_text(config->sps[0]).data() == record.data() + 8);
  }

  TEST_CASE("h264: a record without picture parameter sets is accepted") {
    CHECK(media::parse_avc_config(as_bytes(unhex("0142c01effe1000167"))));
    CHECK(!media::parse_avc_config(as_bytes(unhex("0142c01effe1000267"))));
    CHECK(!media::parse_avc_config(as_bytes(unhex("0042c01effe000"))));
  }

  TEST_CASE("h264: cropping is taken off, and may not be larger than the picture") {
    const auto sps = media::parse_h264_sps(as_bytes(h264_sps(8, 6, 3, 4)));
    REQUIRE(sps);
    CHECK(sps->width == 8 * 16 - 3 * 2);
    CHECK(sps->height == 6 * 16 - 4 * 2);
    CHECK(!media::parse_h264_sps(as_bytes(h264_sps(8, 6, 64, 0))));
    CHECK(!media::parse_h264_sps(as_bytes(h264_sps(8, 6, 0, 48))));
    CHECK(!media::parse_h264_sps(as_bytes(h264_sps(8, 6, 0xffff'fff0, 0xffff'fff0))));
  }

  TEST_CASE("h264: sizes beyond reason are refused") {
    CHECK(media::parse_h264_sps(as_bytes(h264_sps(2048, 2048, 0, 0))));
    CHECK(!media::parse_h264_sps(as_bytes(h264_sps(2049, 1, 0, 0))));
    CHECK(!media::parse_h264_sps(as_bytes(h264_sps(4096, 4096, 0, 0))));
    CHECK(!media::parse_h264_sps(as_bytes(h264_sps(0xffff'fffe, 0xffff'fffe, 0, 0))));
  }

  TEST_CASE("h264: what is no SPS, or has a code that is too long, is refused") {
    CHECK(!media::parse_h264_sps({}));
    CHECK(!media::parse_h264_sps(as_bytes(unhex("68ebe3cb"))));
    CHECK(!media::parse_h264_sps(as_bytes(unhex("6742c01e") + std::string(100, '\0'))));
    // A picture order cycle of two thousand million entries ends with the bytes.
    BitWriter cycle;
    cycle.bits(0x67, 8).bits(66, 8).bits(0, 8).bits(30, 8).ue(0).ue(0).ue(1).bits(0, 1);
    CHECK(!media::parse_h264_sps(as_bytes(cycle.ue(0).ue(0).ue(0x7fff'ffff).bytes())));
  }

  TEST_CASE("h264: a huge SPS costs no more than a small one") {
    const std::string sps = h264_sps(8, 6, 0, 0) + std::string(1 << 20, '\x55');
    const auto parsed = media::parse_h264_sps(as_bytes(sps));
    REQUIRE(parsed);
    CHECK(parsed->width == 128);
  }

  TEST_CASE("h265: temporal sub-layers are skipped") {
    for (unsigned layers = 0; layers <= 7; ++layers) {
      CAPTURE(layers);
      const auto sps = media::parse_h265_sps(as_bytes(h265_sps(1280, 720, layers)));
      REQUIRE(sps);
      CHECK(sps->width == 1280);
      CHECK(sps->height == 720);
      CHECK(sps->profile.codec_string() == "hvc1.1.6.L93.90");
    }
  }

  TEST_CASE("h265: sizes of nothing and beyond reason are refused") {
    CHECK(!media::parse_h265_sps(as_bytes(h265_sps(0, 0, 0))));
    CHECK(!media::parse_h265_sps(as_bytes(h265_sps(65'536, 65'536, 0))));
    CHECK(!media::parse_h265_sps(as_bytes(h265_sps(0xffff'fffe, 16, 0))));
  }

  TEST_CASE("h265: profile space and high tier are in the codec string") {
    media::HevcProfile profile{.space = 2, .high_tier = true, .profile = 1, .level = 153};
    profile.compatibility = 0x4000'0000;
    CHECK(profile.codec_string() == "hvc1.B1.2.H153");
  }

  TEST_CASE("aac: rate, channels and object type") {
    const auto lc = media::parse_aac_config(as_bytes(unhex("1210")));
    REQUIRE(lc);
    CHECK(lc->sample_rate == 44'100);
    CHECK(lc->channels == 2);
    CHECK(lc->codec_string() == "mp4a.40.2");
    const auto low = media::parse_aac_config(as_bytes(unhex("1408")));
    REQUIRE(low);
    CHECK(low->sample_rate == 16'000);
    CHECK(low->channels == 1);
  }

  TEST_CASE("aac: with signalled SBR the rate is that of the output") {
    const auto he = media::parse_aac_config(as_bytes(unhex("2b8a0800")));  // 5, 22050, mono, 44100
    REQUIRE(he);
    CHECK(he->object_type == 5);
    CHECK(he->sample_rate == 44'100);
  }

  TEST_CASE("aac: an explicit rate and an escaped object type are read") {
    BitWriter out;
    out.bits(31, 5).bits(10, 6).bits(15, 4).bits(12'345, 24).bits(2, 4);
    const auto aac = media::parse_aac_config(as_bytes(out.bytes()));
    REQUIRE(aac);
    CHECK(aac->object_type == 42);
    CHECK(aac->sample_rate == 12'345);
    CHECK(aac->channels == 2);
  }

  TEST_CASE("aac: a short or senseless configuration is refused") {
    for (std::string_view hex : {"", "12", "0000", "1690", "ffff"}) {
      CHECK(!media::parse_aac_config(as_bytes(unhex(hex))));
    }
  }

  TEST_CASE("mp3: the frame's header has rate and channels") {
    const auto stereo = media::parse_mp3_header(as_bytes(unhex("fffb9064")));
    REQUIRE(stereo);
    CHECK(stereo->sample_rate == 44'100);
    CHECK(stereo->channels == 2);
    const auto mono = media::parse_mp3_header(as_bytes(unhex("fff344c4")));
    REQUIRE(mono);
    CHECK(mono->sample_rate == 24'000);
    CHECK(mono->channels == 1);
    for (std::string_view hex : {"", "fffb90", "00000000", "ffeb9064", "fff99064", "fffb9c64"}) {
      CHECK(!media::parse_mp3_header(as_bytes(unhex(hex))));
    }
  }

  TEST_CASE("describe: Opus and FLAC tell channels and rate") {
    const std::string head = unhex("4f70757348656164 01 06 3801 44ac0000 0000 01");
    const media::Track opus = media::describe(Codec::Opus, as_bytes(head));
    CHECK(opus.sample_rate == 48'000);
    CHECK(opus.channels == 6);
    const std::string dfla =
        unhex("00000000 80000022 1000 1000 000000 000000 0ac442f0") + std::string(20, '\0');
    const media::Track flac = media::describe(Codec::FLAC, as_bytes(dfla));
    CHECK(flac.sample_rate == 44'100);
    CHECK(flac.channels == 2);
  }

  TEST_CASE("codec: kinds, names and who needs a configuration") {
    CHECK(media::kind_of(Codec::VP9) == media::Kind::Video);
    CHECK(media::kind_of(Codec::AAC) == media::Kind::Audio);
    CHECK(std::string(media::codec_name(Codec::H265)) == "h265");
    CHECK(media::needs_config(Codec::H264));
    CHECK(!media::needs_config(Codec::PCMA));
  }
}
