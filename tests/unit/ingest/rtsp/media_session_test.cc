// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/media_session.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "ingest/rtsp/push_rig.h"

using namespace sluice;
using ingest::rtsp::MediaSession;
using test::rtp_picture;
using test::TestLoop;

namespace {

// Of push_sdp(), with its parameter sets.
std::string video() {
  std::string all = test::push_sdp();
  std::size_t from = all.find("m=video");
  return all.substr(from, all.find("m=audio") - from);
}

const std::string kVideo = video();
const std::string kAudio = "m=audio 0 RTP/AVP 0\r\n";
const std::string kBackChannel = kAudio + "a=sendonly\r\n";
const std::string kUnknownVideo = "m=video 0 RTP/AVP 97\r\na=rtpmap:97 WHATEVER/90000\r\n";
const std::string kData = "m=application 0 RTP/AVP 107\r\n";

struct SessionRig final : ingest::rtsp::MediaSessionEvents {
  void on_track(const media::Track &) override {}
  void on_frame(media::Frame &&) override { ++frames; }
  void on_ignored(const char *what) override { notes.emplace_back(what); }
  void on_quirk(const char *what) override { notes.emplace_back(what); }
  void send_report(std::size_t, std::string_view packet) override { reports.emplace_back(packet); }

  base::Status open(const std::string &description) {
    return session.open(*wire::sdp::parse("v=0\r\ns=test\r\n" + description));
  }
  // The places of the tracks in the description, each with its kind.
  [[nodiscard]] std::string chosen() const {
    std::string all;
    for (std::size_t i = 0; i < session.size(); ++i)
      all += session.media(i).kind + std::to_string(session.place(i)) + " ";
    return all;
  }
  bool take(std::size_t track, std::string_view packet) {
    std::vector<std::byte> room(packet.size() + ingest::rtsp::Srtp::kSpareBytes);
    std::memcpy(room.data(), packet.data(), packet.size());
    return session.take_rtp(track, base::MutableBytes(room).first(packet.size()));
  }
  bool picture(std::uint16_t sequence) { return take(0, rtp_picture(sequence, sequence * 3600U)); }
  [[nodiscard]] bool noted(std::string_view what) const {
    return std::ranges::any_of(notes, [&](const auto &note) { return note == what; });
  }

  TestLoop loop;
  metrics::Registry registry;
  ingest::rtsp::RtspMetrics metrics{registry};
  stream::StreamMetrics stream_metrics{registry};
  media::BufferPool pool;
  ingest::rtsp::ReceiverOptions options{.reorder_wait_us = 20'000};
  MediaSession session{*loop, {pool, metrics, stream_metrics}, *this, options};
  int frames = 0;
  std::vector<std::string> notes;
  std::vector<std::string> reports;
};

std::string sound(std::uint16_t sequence, std::uint32_t ssrc) {
  std::string packet;
  base::ByteWriter writer(packet);
  writer.u8(0x80);
  writer.u8(0);
  writer.u16(sequence);
  writer.u32(sequence * 160U);
  writer.u32(ssrc);
  writer.text(std::string(160, 's'));
  return packet;
}

// Another payload type in the packet's second byte.
std::string with_type(std::string packet, std::uint8_t type) {
  packet[1] = static_cast<char>(0x80 | type);
  return packet;
}

struct Blocks final : wire::rtcp::Events {
  void on_report_block(std::uint32_t, const wire::rtcp::ReportBlock &block) override {
    all.push_back(block);
  }
  std::vector<wire::rtcp::ReportBlock> all;
};

std::int64_t now_us() {
  return std::chrono::duration_cast<base::Micros>(base::mono_now().time_since_epoch()).count();
}

}  // namespace

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE("media session: the first video and the first audio are taken, in their order") {
  SessionRig rig;
  SUBCASE("of two each") {
    REQUIRE(rig.open(kAudio + kVideo + kAudio + kVideo).has_value());
    CHECK(rig.chosen() == "audio0 video1 ");
    CHECK(rig.noted("a second audio track"));
    CHECK(rig.noted("a second video track"));
  }
  SUBCASE("beside other kinds") {
    REQUIRE(rig.open(kData + kVideo).has_value());
    CHECK(rig.chosen() == "video1 ");
    CHECK(rig.noted("a track that is neither video nor audio"));
  }
  SUBCASE("that the node knows") {
    REQUIRE(rig.open(kUnknownVideo + kVideo).has_value());
    CHECK(rig.chosen() == "video1 ");
    CHECK(rig.notes.size() == 1);
  }
}

TEST_CASE("media session: a back channel is taken only when there is nothing else of its kind") {
  SessionRig rig;
  SUBCASE("beside sound of the camera's own") {
    REQUIRE(rig.open(kBackChannel + kVideo + kAudio).has_value());
    CHECK(rig.chosen() == "video1 audio2 ");
    CHECK(rig.noted("a second audio track"));
  }
  SUBCASE("alone") {
    REQUIRE(rig.open(kBackChannel + kVideo).has_value());
    CHECK(rig.chosen() == "audio0 video1 ");
  }
}

TEST_CASE("media session: a description with nothing that the node knows is refused") {
  SessionRig rig;
  auto opened = rig.open(kData + kUnknownVideo);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == base::Code::Unsupported);
}

TEST_CASE("media session: a payload type that was not described is believed after eight packets") {
  SessionRig rig;
  REQUIRE(rig.open(kVideo).has_value());
  for (std::uint16_t i = 0; i < 7; ++i)
    CHECK_FALSE(rig.take(0, with_type(rtp_picture(i, i * 3600U), 98)));
  CHECK_FALSE(rig.session.has_packets());
  CHECK(rig.take(0, with_type(rtp_picture(7, 7 * 3600U), 98)));
  CHECK(rig.session.has_packets());
  CHECK(rig.noted("the payload type is not the described one"));
  CHECK_FALSE(rig.picture(8));
}

TEST_CASE(
    "media session: a payload type that was not described is not believed beside the right one") {
  SessionRig rig;
  REQUIRE(rig.open(kVideo).has_value());
  SUBCASE("that came before") {
    CHECK(rig.picture(0));
    for (std::uint16_t i = 1; i < 20; ++i)
      CHECK_FALSE(rig.take(0, with_type(rtp_picture(i, i * 3600U), 98)));
  }
  SUBCASE("nor when it changes all the time") {
    for (std::uint16_t i = 1; i < 20; ++i) {
      auto type = static_cast<std::uint8_t>(98 + i % 2);
      CHECK_FALSE(rig.take(0, with_type(rtp_picture(i, i * 3600U), type)));
    }
  }
}

TEST_CASE("media session: the end is there when every track that sent took its leave") {
  SessionRig rig;
  REQUIRE(rig.open(kVideo + kAudio).has_value());
  CHECK_FALSE(rig.session.said_goodbye());
  rig.picture(1);
  SUBCASE("of two") {
    rig.take(1, sound(1, 0x99));
    rig.take(0, wire::rtcp::make_bye(0x1234));
    CHECK_FALSE(rig.session.said_goodbye());
    rig.take(1, wire::rtcp::make_bye(0x99));
    CHECK(rig.session.said_goodbye());
  }
  SUBCASE("of one, beside one that never sent") {
    rig.take(0, wire::rtcp::make_bye(0x1234));
    CHECK(rig.session.said_goodbye());
  }
  SUBCASE("and not of somebody else") {
    rig.take(0, wire::rtcp::make_bye(0x4321));
    CHECK_FALSE(rig.session.said_goodbye());
  }
}

TEST_CASE("media session: reports say what was lost") {
  SessionRig rig;
  REQUIRE(rig.open(kVideo).has_value());
  CHECK(rig.session.receiver(0).make_report(now_us()).empty());
  for (unsigned sequence : {0xfffeU, 0xffffU, 0U, 3U, 4U})
    CHECK(rig.picture(static_cast<std::uint16_t>(sequence)));
  Blocks blocks;
  std::string report = rig.session.receiver(0).make_report(now_us());
  REQUIRE(wire::rtcp::parse(base::as_bytes(report), blocks).has_value());
  REQUIRE(blocks.all.size() == 1);
  CHECK(blocks.all[0].ssrc == 0x1234);
  CHECK(blocks.all[0].total_lost == 2);
  CHECK(blocks.all[0].highest_sequence == 0x10004);
  CHECK(blocks.all[0].fraction_lost == 2 * 256 / 7);
}

TEST_CASE("media session: packets that wait for a lost one are let go by the clock") {
  SessionRig rig;
  REQUIRE(rig.open(kVideo).has_value());
  rig.picture(1);
  rig.picture(2);
  int before = rig.frames;
  rig.picture(4);
  rig.picture(5);
  CHECK(rig.frames == before);
  REQUIRE(rig.loop.run_until([&] { return rig.frames > before; }));
  CHECK(rig.session.facts().lost == 1);
}

TEST_CASE("media session: RTCP on the port or channel of RTP is RTCP") {
  SessionRig rig;
  REQUIRE(rig.open(kVideo).has_value());
  rig.picture(1);
  CHECK_FALSE(rig.take(0, wire::rtcp::make_sender_report({.ssrc = 0x1234}, {}, "camera")));
  CHECK(rig.session.facts().sender_reports == 1);
  CHECK(rig.session.facts().bad == 0);
}

TEST_SUITE_END();
