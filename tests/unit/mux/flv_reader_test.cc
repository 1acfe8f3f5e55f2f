// SPDX-License-Identifier: Apache-2.0
#include "mux/flv_reader.h"

#include <doctest/doctest.h>

#include <functional>

#include "support/flv_rig.h"
#include "wire/amf0.h"

using namespace sluice;
using namespace std::chrono_literals;
using media::Codec;
using mux::FlvType;
using test::kAvc1080;
using test::kAvcBaseline;
using test::ReaderRig;
using test::text_of;
using test::unhex;

namespace {

std::string hex(std::string_view before, std::string_view after) {
  return std::string(before) + std::string(after);
}

std::string metadata_message(const std::function<void(wire::amf::Writer &)> &before) {
  std::string body;
  wire::amf::Writer amf(body);
  before(amf);
  amf.string("onMetaData");
  amf.begin_ecma_array(4);
  amf.key("encoder");
  amf.string("Lavf59.27.100");
  amf.key("framerate");
  amf.number(25);
  amf.key("videodatarate");
  amf.number(1e300);
  amf.key("audiodatarate");
  amf.number(64);
  amf.key("width");
  amf.undefined();
  amf.key("keyframes");
  amf.begin_strict_array(1);
  amf.null();
  amf.end_object();
  return body;
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("flv reader: H.264 becomes a track, then frames that are parts of their message") {
    ReaderRig rig;
    rig.video(hex("17 00 000000", kAvc1080));
    REQUIRE(rig.seen.tracks.size() == 1);
    CHECK(rig.seen.tracks[0].codec_string == "avc1.640028");
    CHECK(rig.seen.tracks[0].width == 1920);
    CHECK(rig.seen.frames.empty());

    const mux::FlvTag tag{9, 1234, test::slice_of(rig.pool, unhex("17 01 000050 00000002 6588"))};
    const auto *memory = tag.body.buffer.memory().data();
    rig.reader.read(tag);
    REQUIRE(rig.seen.frames.size() == 1);
    const media::Frame &frame = rig.seen.frames[0];
    CHECK(frame.codec == Codec::H264);
    CHECK(frame.key);
    CHECK(frame.dts == 1234ms);
    CHECK(frame.composition_offset == 80ms);
    CHECK(text_of(frame.payload) == unhex("000000026588"));
    CHECK(frame.payload.bytes().data() == memory + 5);

    rig.video("27 01 ffffd8 00000001 41", 0xffff'ffff);
    REQUIRE(rig.seen.frames.size() == 2);
    CHECK(!rig.seen.frames[1].key);
    CHECK(rig.seen.frames[1].dts == 0xffff'ffffms);
    CHECK(rig.seen.frames[1].composition_offset == -40ms);
    CHECK(rig.seen.ignored.empty());
  }

  TEST_CASE("flv reader: a body that begins inside its buffer is read from there") {
    ReaderRig rig;
    rig.audio("af 00 1210");
    media::Slice slice = test::slice_of(rig.pool, unhex("ffffff af 01 2122 ee"));
    slice.offset = 3;
    slice.size = 4;
    rig.reader.read({8, 7, slice});
    REQUIRE(rig.seen.frames.size() == 1);
    CHECK(text_of(rig.seen.frames[0].payload) == unhex("2122"));
  }

  TEST_CASE("flv reader: AAC becomes a track and key frames") {
    ReaderRig rig;
    rig.audio("af 00 1210");
    rig.audio("af 01 21000340", 23);
    REQUIRE(rig.seen.tracks.size() == 1);
    CHECK(rig.seen.tracks[0].sample_rate == 44'100);
    REQUIRE(rig.seen.frames.size() == 1);
    CHECK(rig.seen.frames[0].key);
    CHECK(rig.seen.frames[0].dts == 23ms);
    CHECK(rig.reader.tracks().audio == rig.seen.tracks[0]);
  }

  TEST_CASE("flv reader: MP3 and G.711 need no sequence header") {
    ReaderRig rig;
    rig.audio("2f fffb9064 00");
    rig.audio("2f fffb9064 00");
    // Once, with all that is known: a track that changes costs the stream its last GOP.
    REQUIRE(rig.seen.tracks.size() == 1);
    CHECK(rig.seen.tracks[0].codec == Codec::MP3);
    CHECK(rig.seen.tracks[0].sample_rate == 44'100);
    CHECK(rig.seen.tracks[0].channels == 2);
    rig.audio("72 d5d5d5");
    rig.audio("82 ffffff");
    REQUIRE(rig.seen.tracks.size() == 3);
    CHECK(rig.seen.tracks[1].codec == Codec::PCMA);
    CHECK(rig.seen.tracks[1].sample_rate == 8'000);
    CHECK(rig.seen.tracks[2].codec == Codec::PCMU);
    CHECK(rig.seen.frames.size() == 4);
  }

  TEST_CASE("flv reader: a repeated sequence header says nothing, a changed one does") {
    ReaderRig rig;
    rig.video(hex("17 00 000000", kAvc1080));
    rig.video(hex("17 00 000000", kAvc1080), 5000);
    CHECK(rig.seen.tracks.size() == 1);
    rig.video(hex("17 00 000000", kAvcBaseline), 9000);
    REQUIRE(rig.seen.tracks.size() == 2);
    CHECK(rig.seen.tracks[1].height == 90);
    CHECK(rig.reader.tracks().video->height == 90);
  }

  TEST_CASE("flv reader: a sequence header that cannot be parsed does not stop the relay") {
    ReaderRig rig;
    rig.video("17 00 000000 0164001fffe1000a6764");
    rig.video("17 01 000000 0000000165");
    REQUIRE(rig.seen.tracks.size() == 1);
    CHECK(rig.seen.tracks[0].width == 0);
    CHECK(rig.seen.frames.size() == 1);
  }

  TEST_CASE("flv reader: a sequence header as large as a film is refused") {
    ReaderRig rig;
    rig.raw(FlvType::Video, unhex("1700000000") + std::string(1 << 20, '\1'));
    CHECK(rig.seen.tracks.empty());
    CHECK(rig.seen.ignored == std::vector<std::string>{"sequence header is too large"});
  }

  TEST_CASE("flv reader: frames before their sequence header are dropped") {
    ReaderRig rig;
    rig.video("17 01 000000 0000000165");
    rig.audio("af 01 2100");
    CHECK(rig.seen.frames.empty());
    CHECK(rig.seen.ignored == std::vector<std::string>{"video before its sequence header",
                                                       "audio before its sequence header"});
    // The audio header may come after the first key frame.
    rig.video(hex("17 00 000000", kAvc1080));
    rig.video("17 01 000000 0000000165");
    rig.audio("af 00 1210");
    rig.audio("af 01 2100");
    CHECK(rig.seen.frames.size() == 2);
  }

  TEST_CASE("flv reader: empty bodies, ends of sequences and seek commands say nothing") {
    ReaderRig rig;
    rig.video(hex("17 00 000000", kAvc1080));
    for (const char *body :
         {"", "17 00 000000", "17 01 000000", "27 01 000000", "17 02 000000", "5700", "52"}) {
      rig.video(body);
    }
    for (const char *body : {"", "af 00", "af 01", "2f", "72"})
      rig.audio(body);
    CHECK(rig.seen.tracks.size() == 1);
    CHECK(rig.seen.frames.empty());
    CHECK(rig.seen.ignored.empty());
  }

  TEST_CASE(
      "flv reader: codecs that are not supported are reported by name and leave the rest alone") {
    ReaderRig rig;
    rig.video(hex("17 00 000000", kAvc1080));
    rig.audio("b2 0000");
    rig.audio("62 0000");
    rig.audio("73 0000");
    rig.video("22 0000");
    rig.video("14 0000");
    rig.video("1f 0000");
    rig.video("17 01 000000 0000000165");
    CHECK(rig.seen.ignored.size() == 6);
    CHECK(rig.seen.ignored[0] == "audio codec Speex is not supported");
    CHECK(rig.seen.frames.size() == 1);
  }

  TEST_CASE("flv reader: messages cut short are dropped") {
    ReaderRig rig;
    for (const char *body : {"17", "1700", "170000", "17000000", "170100", "1709000000", "12"})
      rig.video(body);
    for (const char *body : {"af", "af07"})
      rig.audio(body);
    CHECK(rig.seen.ignored.size() == 9);
    CHECK(rig.seen.frames.empty());
  }

  TEST_CASE("flv reader: HEVC by the old codec id and by fourcc is one and the same track") {
    ReaderRig rig;
    rig.video(hex("1c 00 000000", test::kHevc1080));
    rig.video("1c 01 000028 0000000126");
    rig.video(hex("90 68766331", test::kHevc1080));
    rig.video("91 68766331 000028 0000000126");
    CHECK(rig.seen.tracks.size() == 1);
    REQUIRE(rig.seen.frames.size() == 2);
    CHECK(rig.seen.tracks[0].codec_string == "hvc1.1.6.L120.90");
    CHECK(text_of(rig.seen.frames[0].payload) == text_of(rig.seen.frames[1].payload));
    CHECK(rig.seen.frames[1].composition_offset == 40ms);
  }

  TEST_CASE(
      "flv reader: metadata is taken with and without @setDataFrame, and after an extra number") {
    ReaderRig rig;
    rig.raw(FlvType::Data, metadata_message([](auto &) {}));
    rig.raw(FlvType::Data, metadata_message([](auto &amf) { amf.string("@setDataFrame"); }));
    rig.raw(FlvType::Data, metadata_message([](auto &amf) {
              amf.number(0);
              amf.string("@setDataFrame");
            }));
    rig.raw(FlvType::DataAmf3, std::string(1, '\0') + metadata_message([](auto &) {}));
    REQUIRE(rig.seen.metadata.size() == 4);
    for (const media::Metadata &metadata : rig.seen.metadata) {
      CHECK(metadata.encoder == "Lavf59.27.100");
      CHECK(metadata.frame_rate == 25);
      CHECK(metadata.video_kbps == 0);  // nobody sends that much
      CHECK(metadata.audio_kbps == 64);
    }
    CHECK(rig.seen.ignored.empty());
  }

  TEST_CASE("flv reader: data that is no metadata is left alone, broken metadata is reported") {
    ReaderRig rig;
    rig.raw(FlvType::Data, unhex("00112233"));  // FFmpeg's time code
    rig.raw(FlvType::Data, "");
    rig.raw(FlvType::DataAmf3, "");
    rig.raw(FlvType::Data, unhex("02000a") + "onCuePoint" + unhex("03000009"));
    rig.raw(FlvType::Data, unhex("02000a") + "onMetaData");
    CHECK(rig.seen.ignored.empty());
    rig.raw(FlvType::Data, unhex("02000a") + "onMetaData" + unhex("080000"));
    CHECK(rig.seen.ignored == std::vector<std::string>{"metadata cannot be decoded"});
    CHECK(rig.seen.metadata.empty());
  }

  TEST_CASE("flv reader: other message types say nothing") {
    ReaderRig rig;
    for (int type = 0; type < 256; ++type) {
      if (type != 8 && type != 9) rig.raw(static_cast<FlvType>(type), "x");
    }
    CHECK(rig.seen.ignored.empty());
  }

  TEST_CASE("flv reader: every cut of every body is safe") {
    const std::vector<std::string> videos = {
        hex("17 00 000000", kAvc1080), "17 01 000050 00000002 6588",
        hex("90 68766331", test::kHevcMain10), "91 68766331 000028 0000000126",
        "97 02 010203 01 6866331 0"};
    for (const std::string &body : videos) {
      const std::string whole = unhex(body);
      for (std::size_t n = 0; n <= whole.size(); ++n) {
        ReaderRig rig;
        rig.raw(FlvType::Video, whole.substr(0, n));
        rig.raw(FlvType::Audio, whole.substr(0, n));
        rig.raw(FlvType::Data, whole.substr(0, n));
      }
    }
    const std::string metadata = metadata_message([](auto &amf) { amf.string("@setDataFrame"); });
    for (std::size_t n = 0; n < metadata.size(); ++n) {
      ReaderRig rig;
      rig.raw(FlvType::Data, metadata.substr(0, n));
    }
  }
}
