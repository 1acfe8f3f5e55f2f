// SPDX-License-Identifier: Apache-2.0
// fMP4 as messages of a WebSocket: what Flussonic's and Ivideon's clients are given, and that
// FFmpeg decodes each track's messages alone.
#include "mux/fmp4_messages.h"

#include <doctest/doctest.h>

#include "base/hash.h"
#include "base/json.h"
#include "support/encoded_source.h"
#include "wire/websocket.h"

using namespace sluice;
using namespace std::chrono_literals;
using base::Json;
using media::Codec;
using media::Kind;
using media::Ticks;
using test::box_at;
using test::layout_of;
using wire::websocket::Opcode;

namespace {

media::BufferPool pool;

struct Message {
  Opcode opcode;
  std::string payload;
};

// Whole messages, which the bytes must fill exactly.
std::vector<Message> messages_of(std::string_view bytes) {
  struct Sink final : wire::websocket::FrameSink {
    void on_message(Opcode opcode, base::Bytes payload) override {
      messages.push_back({opcode, std::string(base::as_text(payload))});
    }
    void on_ping(base::Bytes) override { CHECK(false); }
    void on_pong(base::Bytes) override { CHECK(false); }
    void on_close(std::uint16_t, std::string_view) override { CHECK(false); }
    std::vector<Message> messages;
  } sink;
  wire::websocket::FrameReader reader(wire::websocket::FrameReader::Role::Client,
                                      {.max_message_bytes = 16 << 20});
  REQUIRE(reader.feed(base::as_bytes(bytes), sink));
  return sink.messages;
}

Json text_of(const Message &message) {
  CHECK(message.opcode == Opcode::Text);
  return Json::parse(message.payload);
}

std::string decoded(const Json &base64) {
  return base::base64_decode(base64.get<std::string>()).value_or("");
}

media::Track track(Codec codec, std::string_view hex) {
  return media::describe(codec, base::as_bytes(test::unhex(hex)));
}
media::TrackSet tracks() {
  return {.video = track(Codec::H264, test::kAvc1080), .audio = track(Codec::AAC, "1190")};
}
media::Frame frame(Codec codec, Ticks dts, std::string_view payload, bool key = true) {
  return {.codec = codec,
          .key = key,
          .dts = dts,
          .wall_us = 1'790'000'000'250'000,
          .payload = test::slice_of(pool, payload)};
}

struct Rig {
  explicit Rig(const mux::Fmp4Dialect &dialect) : writer(&dialect) { writer.configure(tracks()); }
  std::vector<Message> put(const media::Frame &frame) {
    writer.add(frame);
    CHECK(writer.full());
    return messages_of(test::take_fragment(writer));
  }
  mux::Fmp4Writer writer;
};

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  base::ByteReader in(base::as_bytes(bytes));
  in.skip(at);
  return in.u32();
}

// What a client of the dialect would give to the decoder of one track.
std::string file_of(const mux::Fmp4Dialect &dialect, const test::EncodedSource &source,
                    std::uint32_t wanted) {
  mux::Fmp4Writer writer(&dialect);
  writer.configure(source.tracks);
  std::string out;
  for (const Message &message : messages_of(writer.init())) {
    const Json text = text_of(message);
    if (text["type"] == "stream-init" && text["track_id"] == wanted) out = decoded(text["data"]);
    if (text["type"] != "mse_init_segment") continue;
    for (const Json &one : text["tracks"])
      if (one["id"] == wanted) out = decoded(one["payload"]);
  }
  REQUIRE(!out.empty());
  for (const media::Frame &frame : source.frames) {
    writer.add(frame);
    for (const Message &message : messages_of(test::take_fragment(writer))) {
      if (message.opcode != Opcode::Binary) continue;
      if (u32_at(message.payload, 44) == wanted) out += message.payload;
    }
  }
  return out;
}

}  // namespace

TEST_SUITE("mux") {
  TEST_CASE("fmp4 messages: Flussonic's clients get all init segments in one text") {
    const auto messages = messages_of(mux::kFlussonicDialect.init(tracks()));
    REQUIRE(messages.size() == 1);
    const Json text = text_of(messages[0]);
    CHECK(text["type"] == "mse_init_segment");
    REQUIRE(text["tracks"].size() == 2);
    for (std::size_t i : {0U, 1U}) {
      const Json &one = text["tracks"][i];
      CHECK(one["content"] == (i == 0 ? "video" : "audio"));
      CHECK(one["id"] == i + 1);
      test::Mp4File file;
      file.read(decoded(one["payload"]));
      REQUIRE(file.tracks.size() == 1);
      CHECK(file.tracks.begin()->first == i + 1);
      CHECK(text["metadata"]["tracks"][i]["content"] == one["content"]);
    }
    CHECK(text["metadata"]["tracks"][0]["track_id"] == "v1");
    CHECK(text["metadata"]["tracks"][0]["width"] == 1'920);
    CHECK(text["metadata"]["tracks"][1]["track_id"] == "a1");
  }

  TEST_CASE("fmp4 messages: Flussonic's clients find track and time of day at their bytes") {
    Rig rig(mux::kFlussonicDialect);
    for (Codec codec : {Codec::H264, Codec::AAC}) {
      const auto messages = rig.put(frame(codec, 1s, "payload"));
      REQUIRE(messages.size() == 1);
      CHECK(messages[0].opcode == Opcode::Binary);
      const std::string &media = messages[0].payload;
      CHECK(layout_of(media) == "moof(mfhd traf(tfhd tfdt futc trun)) mdat");
      CHECK(media[47] == (codec == Codec::H264 ? 1 : 2));
      CHECK(u32_at(media, 92) == 1'790'000'000);
      CHECK(u32_at(media, 96) == 250'000);
      // Each sample has its duration.
      CHECK((u32_at(box_at(media, "moof/traf/trun"), 0) & 0x100) != 0);
      CHECK(box_at(media, "mdat") == "payload");
    }
  }

  TEST_CASE("fmp4 messages: Ivideon's clients get a text for each track and for each fragment") {
    const auto init = messages_of(mux::kIvideonDialect.init(tracks()));
    REQUIRE(init.size() == 2);
    for (std::size_t i : {0U, 1U}) {
      const Json text = text_of(init[i]);
      CHECK(text["type"] == "stream-init");
      CHECK(text["codec_string"] == (i == 0 ? "avc1.640028" : "mp4a.40.2"));
      CHECK(text["track_id"] == i + 1);
      CHECK(decoded(text["data"]).substr(4, 4) == "ftyp");
    }
    Rig rig(mux::kIvideonDialect);
    const auto video = rig.put(frame(Codec::H264, 12'034ms, "picture", false));
    const auto audio = rig.put(frame(Codec::AAC, 12'000ms, "sound"));
    REQUIRE(video.size() == 2);
    REQUIRE(audio.size() == 2);
    CHECK(video[1].opcode == Opcode::Binary);
    const Json of_video = text_of(video[0]);
    CHECK(of_video["type"] == "fragment");
    CHECK(of_video["track"] == 1);
    CHECK(of_video["start_time"].get<double>() == doctest::Approx(12.034));
    CHECK(of_video["duration"].get<double>() > 0.01);
    CHECK(of_video["is_key"] == false);
    CHECK(video[1].payload.substr(of_video["data_offset"]) == "picture");
    const Json of_audio = text_of(audio[0]);
    CHECK(of_audio["track"] == 2);
    CHECK(of_audio["start_time"].get<double>() == doctest::Approx(12));
    CHECK(of_audio["duration"].get<double>() == doctest::Approx(1'024.0 / 48'000));
    CHECK(of_audio["is_key"] == true);
    CHECK(audio[1].payload.substr(of_audio["data_offset"]) == "sound");
  }

  TEST_CASE("fmp4 messages: seconds are written with all their digits, however large") {
    std::string lead;
    mux::kIvideonDialect.append_lead(
        lead, {.track = 1, .scale = 48'000, .time = 48'000 * 7 + 48, .duration = 1});
    CHECK(lead.contains(R"("start_time":7.001000,"duration":0.000020,)"));
    lead.clear();
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    mux::kIvideonDialect.append_lead(lead, {.track = 0xffff'ffff,
                                            .scale = 1,
                                            .time = kMost,
                                            .duration = 0xffff'ffff,
                                            .data_offset = kMost,
                                            .size = 1});
    CHECK(lead.contains(R"("start_time":18446744073709551615.000000,)"));
    const auto messages = messages_of(lead + "x");
    REQUIRE(messages.size() == 2);
    CHECK(text_of(messages[0])["data_offset"] == kMost);
  }

  TEST_CASE("fmp4 messages: viewers may join at pictures that are keys, at sound only without") {
    Rig rig(mux::kFlussonicDialect);
    rig.writer.add(frame(Codec::AAC, 0s, "sound"));
    CHECK_FALSE(rig.writer.key());
    rig.writer.drop();
    rig.writer.add(frame(Codec::H264, 0s, "picture"));
    CHECK(rig.writer.key());
    rig.writer.configure({.audio = track(Codec::AAC, "1190")});
    rig.writer.add(frame(Codec::AAC, 0s, "sound"));
    CHECK(rig.writer.key());
  }

  TEST_CASE("fmp4 messages: ffmpeg decodes each track alone, whatever the dialect") {
    if (!test::have_encoder("libx264")) return;
    const auto source =
        test::encode(pool,
                     "-f lavfi -i testsrc=size=160x90:rate=25:duration=2 "
                     "-f lavfi -i sine=sample_rate=44100:duration=2 -c:v libx264 -bf 2 -c:a aac",
                     10'000s);
    for (const mux::Fmp4Dialect *dialect : {&mux::kFlussonicDialect, &mux::kIvideonDialect}) {
      for (std::uint32_t id : {mux::kFmp4VideoTrack, mux::kFmp4AudioTrack}) {
        CAPTURE(id);
        const test::TempFile file(file_of(*dialect, source, id));
        const std::string seen = test::run(
            "ffprobe -v warning -count_packets -show_entries stream=codec_name,nb_read_packets "
            "-of compact=p=0 " +
            file.path());
        const auto kind = id == mux::kFmp4VideoTrack ? Kind::Video : Kind::Audio;
        const auto count =
            std::ranges::count_if(source.frames, [&](const auto &f) { return f.kind() == kind; });
        CHECK(seen == std::string("codec_name=") + (kind == Kind::Video ? "h264" : "aac") +
                          "|nb_read_packets=" + std::to_string(count) + "\n");
        CHECK(test::run("ffmpeg -nostdin -v warning -xerror -copyts -i " + file.path() +
                        " -f null -") == "");
      }
    }
  }
}
