// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "mux/flv_packet.h"
#include "support/flv_rig.h"

using namespace sluice;
using media::Codec;
using mux::FlvPacket;
using test::unhex;
using What = FlvPacket::What;

namespace {

struct Parsed {
  FlvPacket packet;
  std::string body;
};

Parsed parse(media::Kind kind, std::string_view hex) {
  const std::string bytes = unhex(hex);
  const base::Bytes view = base::as_bytes(bytes);
  FlvPacket packet =
      kind == media::Kind::Video ? mux::parse_flv_video(view) : mux::parse_flv_audio(view);
  std::string body(base::as_text(packet.body));
  packet.body = {};
  return {packet, body};
}
Parsed video(std::string_view hex) { return parse(media::Kind::Video, hex); }
Parsed audio(std::string_view hex) { return parse(media::Kind::Audio, hex); }

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("enhanced flv: coded frames have a composition time only where the codec has one") {
    const Parsed hevc = video("91 68766331 ffffd8 0102");
    CHECK(hevc.packet.what == What::Frame);
    CHECK(hevc.packet.codec == Codec::H265);
    CHECK(hevc.packet.key);
    CHECK(hevc.packet.composition_ms == -40);
    CHECK(hevc.body == unhex("0102"));
    const Parsed avc = video("a1 61766331 000028 0102");
    CHECK(avc.packet.codec == Codec::H264);
    CHECK(!avc.packet.key);
    CHECK(avc.packet.composition_ms == 40);
    const Parsed av1 = video("91 61763031 0102");
    CHECK(av1.packet.codec == Codec::AV1);
    CHECK(av1.body == unhex("0102"));
    CHECK(video("91 76703039 01").packet.codec == Codec::VP9);
  }

  TEST_CASE("enhanced flv: CodedFramesX has no composition time") {
    const Parsed frame = video("a3 68766331 0102");
    CHECK(frame.packet.what == What::Frame);
    CHECK(frame.packet.composition_ms == 0);
    CHECK(frame.body == unhex("0102"));
  }

  TEST_CASE("enhanced flv: starts are configurations; ends, metadata and commands are nothing") {
    CHECK(video("90 61763031 81000c00").packet.what == What::Config);
    CHECK(video("92 68766331").packet.what == What::Nothing);
    CHECK(video("94 68766331 0102").packet.what == What::Nothing);
    CHECK(video("d4 68766331 0102").packet.what == What::Nothing);  // metadata on a command frame
    CHECK(video("d1 00").packet.what == What::Nothing);             // start of a seek
    CHECK(video("90 68766331").packet.what == What::Nothing);
    CHECK(video("95 61763031 00").packet.what == What::Ignored);
    CHECK(video("9f 61763031 00").packet.what == What::Ignored);
    CHECK(audio("94 4f707573 0102").packet.what == What::Nothing);  // channel order
    CHECK(audio("92 4f707573").packet.what == What::Nothing);
  }

  TEST_CASE("enhanced flv: audio codecs by fourcc") {
    CHECK(audio("90 6d703461 1210").packet.what == What::Config);
    const std::pair<const char *, Codec> codecs[] = {
        {"91 6d703461 00", Codec::AAC},  {"91 2e6d7033 00", Codec::MP3},
        {"91 4f707573 00", Codec::Opus}, {"91 664c6143 00", Codec::FLAC},
        {"91 61632d33 00", Codec::AC3},  {"91 65632d33 00", Codec::EAC3}};
    for (const auto &[hex, codec] : codecs) {
      const Parsed frame = audio(hex);
      CHECK(frame.packet.what == What::Frame);
      CHECK(frame.packet.codec == codec);
    }
  }

  TEST_CASE("enhanced flv: an unknown fourcc is reported") {
    CHECK(video("91 76766331 000000 01").packet.what == What::Ignored);
    CHECK(audio("91 61626364 01").packet.what == What::Ignored);
    CHECK(video("91 4f707573 01").packet.what ==
          What::Ignored);  // an audio codec in a video message
  }

  TEST_CASE("enhanced flv: modifiers are skipped, however many and however large") {
    const Parsed one = video("97 02 000123 01 68766331 000000 aa");
    CHECK(one.packet.what == What::Frame);
    CHECK(one.body == unhex("aa"));
    CHECK(video("97 00 ff 07 00 ff 03 68766331 aa").body == unhex("aa"));
    std::string large = "97 ff 01ff ";
    for (int i = 0; i < 512; ++i)
      large += "55";
    CHECK(video(large + " 03 68766331 aa").body == unhex("aa"));
    CHECK(audio("97 02 000123 01 4f707573 aa").body == unhex("aa"));
    CHECK(video("97 02 0001").packet.what == What::Ignored);
    CHECK(video("97 ff ffff 00").packet.what == What::Ignored);
  }

  TEST_CASE("enhanced flv: of several tracks the first is taken, and the others are told of") {
    const Parsed one = video("96 01 68766331 00 000000 aabb");
    CHECK(one.packet.what == What::Frame);
    CHECK(one.body == unhex("aabb"));
    CHECK(!one.packet.more_tracks);

    const Parsed many = video("96 13 61766331 01 000002 1111 00 000003 222222 02 000001 33");
    CHECK(many.packet.what == What::Frame);
    CHECK(many.packet.codec == Codec::H264);
    CHECK(many.body == unhex("222222"));
    CHECK(many.packet.more_tracks);

    const Parsed codecs = audio("95 21 4f707573 01 000001 11 6d703461 00 000002 2222");
    CHECK(codecs.packet.codec == Codec::AAC);
    CHECK(codecs.body == unhex("2222"));
    CHECK(codecs.packet.more_tracks);

    CHECK(video("96 01 68766331 01 000000 aabb").packet.what == What::Ignored);
    CHECK(audio("95 01 4f707573 07 aabb").packet.what == What::Ignored);
  }

  TEST_CASE("enhanced flv: track sizes that lie are refused") {
    CHECK(video("96 13 61766331 00 ffffff 2222").packet.what == What::Ignored);
    CHECK(video("96 13 61766331 01 000001 11 00 000009 22").packet.what == What::Ignored);
    CHECK(video("96 f3 61766331 00 000001 22").packet.what == What::Ignored);
    CHECK(video("96 16 61766331 00 000001 22").packet.what == What::Ignored);
    // What is broken behind the first track costs only the others.
    CHECK(video("96 13 61766331 00 000001 22 01 000009 22").packet.what == What::Frame);
    CHECK(video("96").packet.what == What::Ignored);
    CHECK(video("96 13").packet.what == What::Ignored);
  }

  TEST_CASE("enhanced flv: FLAC and Opus headers become what ISO files have") {
    test::ReaderRig rig;
    const std::string info = unhex("10001000 000000 000000 0ac442f0") + std::string(20, '\0');
    const std::string block = unhex("80000022") + info;
    const std::string head = unhex("90 664c6143");
    rig.raw(mux::FlvType::Audio, head + "fLaC" + block);
    REQUIRE(rig.seen.tracks.size() == 1);
    CHECK(rig.seen.tracks[0].config == std::string(4, '\0') + block);
    CHECK(rig.seen.tracks[0].sample_rate == 44'100);
    // The same in the two other ways that encoders write it.
    rig.raw(mux::FlvType::Audio, head + block);
    rig.raw(mux::FlvType::Audio, head + info);
    CHECK(rig.seen.tracks.size() == 1);

    rig.raw(mux::FlvType::Audio,
            unhex("90 4f707573") + "OpusHead" + unhex("01023801 80bb0000 000000"));
    rig.raw(mux::FlvType::Audio, unhex("90 4f707573") + "OpusTags");
    REQUIRE(rig.seen.tracks.size() == 2);
    CHECK(rig.seen.tracks[1].channels == 2);
    CHECK(rig.seen.ignored.empty());
  }

  TEST_CASE(
      "enhanced flv: Opus and AV1 without a sequence start are announced by their first frame") {
    test::ReaderRig rig;
    rig.audio("91 4f707573 fc");
    rig.video("91 61763031 12");
    CHECK(rig.seen.tracks.size() == 2);
    CHECK(rig.seen.frames.size() == 2);
    rig.video("90 61763031 81000c00");
    CHECK(rig.seen.tracks.size() == 3);
  }
}
