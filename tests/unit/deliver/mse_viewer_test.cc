// SPDX-License-Identifier: Apache-2.0
// What a viewer of fMP4 is sent, over HTTP and over WebSocket, and what its commands do.
#include <doctest/doctest.h>

#include "base/json.h"
#include "deliver/deliver_rig.h"
#include "deliver/viewer.h"
#include "support/fmp4_rig.h"

using namespace sluice;
using base::Json;
using test::DeliverRig;
using test::FakePublisher;
using test::sequence;
using wire::websocket::Opcode;

namespace {

std::string upgrade(std::string_view target) {
  return "GET " + std::string(target) +
         " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

// A client of WS-fMP4. Its log has a letter a message: T text, I init segment, F fragments.
class MseClient final : public wire::websocket::FrameSink {
 public:
  explicit MseClient(DeliverRig &rig, std::string_view target = "/cams/gate.mp4")
      : MseClient(rig, test::connected_pair(rig.loop), target) {}

  void on_message(Opcode opcode, base::Bytes payload) override {
    if (opcode == Opcode::Text) {
      log += 'T';
      texts.push_back(Json::parse(base::as_text(payload), nullptr, false));
      return;
    }
    std::string_view media = base::as_text(payload);
    if (test::boxes_of(media).front().type == "ftyp") {
      CHECK(test::boxes_of(media).size() == 2);
      log += 'I';
      return;
    }
    log += 'F';
    take_fragments(media);
  }
  void on_ping(base::Bytes) override {}
  void on_pong(base::Bytes) override { log += 'P'; }
  void on_close(std::uint16_t code, std::string_view) override { close_code = code; }

  void poll() {
    std::string input = peer.read();
    if (!has_head_) {
      head += input;
      std::size_t end = head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      input = head.substr(end + 4);
      head.resize(end + 2);
      has_head_ = true;
    }
    CHECK(reader_.feed(base::as_bytes(input), *this));
  }
  [[nodiscard]] bool wait(const std::function<bool()> &done) {
    return rig_.loop.run_until([&] {
      poll();
      return done();
    });
  }
  [[nodiscard]] bool wait_for(std::uint32_t serial) {
    return wait([&] { return !serials.empty() && serials.back() >= serial; });
  }
  // Everything that was sent up to now has come.
  void catch_up() {
    auto pongs = std::ranges::count(log, 'P');
    send(Opcode::Ping, "?");
    REQUIRE(wait([&] { return std::ranges::count(log, 'P') > pongs; }));
    std::erase(log, 'P');
  }
  void say(std::string_view text) { send(Opcode::Text, text); }
  void send(Opcode opcode, std::string_view payload) {
    std::string frame;
    wire::websocket::append_masked_frame(frame, opcode, base::as_bytes(payload), 0x12345678);
    CHECK(peer.write(frame) == frame.size());
  }

  test::Peer peer;
  std::string head;
  std::string log;
  std::vector<Json> texts;
  std::vector<std::uint32_t> serials;  // of video frames
  std::uint16_t close_code = 0;

 private:
  MseClient(DeliverRig &rig, test::SocketPair pair, std::string_view target)
      : peer(std::move(pair.peer)), rig_(rig) {
    rig.server->accept(std::move(pair.socket));
    std::string request = upgrade(target);
    CHECK(peer.write(request) == request.size());
  }
  // Video alone is published here, so a fragment's payload is one frame.
  void take_fragments(std::string_view media) {
    for (const test::Mp4Box &box : test::boxes_of(media)) {
      if (box.type != "mdat") continue;
      base::ByteReader payload(base::as_bytes(box.body));
      serials.push_back(payload.u32());
    }
  }

  DeliverRig &rig_;
  wire::websocket::FrameReader reader_{wire::websocket::FrameReader::Role::Client,
                                       {.max_message_bytes = 4 << 20}};
  bool has_head_ = false;
};

// Described, because the type tells the codec.
media::Track track_of(media::Codec codec, std::string_view record) {
  return media::describe(codec, base::as_bytes(test::unhex(record)));
}

void begin(FakePublisher &publisher) {
  publisher.publish();
  publisher.publication->set_track(track_of(media::Codec::H264, test::kAvc1080));
  publisher.video(0, true);
}

void begin_h265(DeliverRig &rig, FakePublisher &publisher) {
  publisher.publish();
  publisher.publication->set_track(track_of(media::Codec::H265, test::kHevc1080));
  publisher.publication->push(test::numbered_frame(
      rig.shelf->buffers(), {.codec = media::Codec::H265, .key = true, .dts = base::Millis(0)}, 1,
      100));
}

// A key frame every 10 frames.
void push_frames(DeliverRig &rig, FakePublisher &publisher, int from, int count) {
  for (int i = from; i < from + count; ++i) {
    publisher.video(i * 40, i % 10 == 0);
    rig.loop.run_ready(2);
  }
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("mse viewer: type, init segment and fragments are messages of their own") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig);
    REQUIRE(client.wait_for(1));
    CHECK(client.head.contains("HTTP/1.1 101"));
    CHECK(client.log == "TIF");
    CHECK(client.texts[0]["type"] == "mse");
    CHECK(client.texts[0]["value"].get<std::string>().starts_with("video/mp4; codecs=\"avc1."));
    push_frames(rig, publisher, 1, 30);
    REQUIRE(client.wait_for(31));
    CHECK(client.serials == sequence(1, 31));
    CHECK(client.log.substr(0, 3) == "TIF");
    CHECK(client.log.find_first_not_of('F', 3) == std::string::npos);
    auto sessions = rig.shelf->sessions().describe();
    REQUIRE(sessions.size() == 1);
    CHECK(std::string_view(sessions.front().protocol) == "ws-fmp4");
  }

  TEST_CASE("mse viewer: a new configuration comes between two messages") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig);
    REQUIRE(client.wait_for(1));
    push_frames(rig, publisher, 1, 5);
    REQUIRE(client.wait_for(6));
    client.log.clear();
    SUBCASE("with the type, when it is another one") {
      publisher.publication->set_track(track_of(media::Codec::H264, test::kAvcBaseline));
      push_frames(rig, publisher, 10, 5);
      REQUIRE(client.wait_for(11));
      CHECK(client.log.substr(0, 3) == "TIF");
      CHECK(client.texts.size() == 2);
      CHECK(client.texts[0]["value"] != client.texts[1]["value"]);
    }
    SUBCASE("also for one who gets all of it at once") {
      client.say(R"({"type":"pause"})");
      client.catch_up();
      publisher.publication->set_track(track_of(media::Codec::H264, test::kAvcBaseline));
      push_frames(rig, publisher, 10, 5);
      client.say(R"({"type":"resume"})");
      REQUIRE(client.wait_for(11));
      CHECK(client.log.substr(0, 3) == "TIF");
    }
    SUBCASE("and ends the viewer that cannot play it") {
      client.say("avc1.640028");
      client.catch_up();
      publisher.publication->set_track(track_of(media::Codec::H265, test::kHevc1080));
      for (int i = 10; i < 13; ++i) {
        publisher.publication->push(test::numbered_frame(
            rig.shelf->buffers(),
            {.codec = media::Codec::H265, .key = i == 10, .dts = base::Millis(i * 40)}, 100, 100));
      }
      REQUIRE(client.wait([&] { return client.close_code != 0; }));
      CHECK(client.close_code == wire::websocket::kPolicy);
      CHECK(client.texts.back()["code"] == "codec_not_supported");
      REQUIRE(client.wait([&] { return rig.viewers() == 0; }));
      CHECK(rig.ended("codec_not_supported") == 1);
    }
  }

  TEST_CASE("mse viewer: of renditions it is given the first that is there and that it can play") {
    config::Config config = test::quick_config();
    config.streams["cams/gate"].renditions = {"cams/gate_sub"};
    DeliverRig rig(config);
    FakePublisher sub(rig, "cams/gate_sub");
    begin(sub);
    SUBCASE("not the one whose codec it does not list") {
      FakePublisher main(rig);
      begin_h265(rig, main);
      MseClient plays_both(rig, "/cams/gate.mp4?codecs=avc1.640028,hvc1.1.6.L93.B0");
      MseClient plays_one(rig, "/cams/gate.mp4?codecs=avc1.640028");
      MseClient says_nothing(rig);
      REQUIRE(plays_both.wait_for(1));
      REQUIRE(plays_one.wait_for(1));
      REQUIRE(says_nothing.wait_for(1));
      CHECK(plays_both.texts[0]["stream"] == "cams/gate");
      CHECK_FALSE(plays_both.texts[0].contains("reason"));
      CHECK(plays_one.texts[0]["stream"] == "cams/gate_sub");
      CHECK(plays_one.texts[0]["reason"] == "cams/gate is H.265, which this player does not list");
      CHECK(says_nothing.texts[0]["stream"] == "cams/gate");
      CHECK(rig.viewers() == 3);
    }
    SUBCASE("not the one that is away") {
      MseClient client(rig);
      REQUIRE(client.wait_for(1));
      CHECK(client.texts[0]["stream"] == "cams/gate_sub");
      CHECK(client.texts[0]["reason"] == "cams/gate has no picture");
    }
    SUBCASE("and the last one has the last word") {
      FakePublisher main(rig);
      begin_h265(rig, main);
      MseClient client(rig, "/cams/gate.mp4?codecs=vp09.00.10.08");
      REQUIRE(client.wait([&] { return client.close_code != 0; }));
      CHECK(client.texts[0]["code"] == "codec_not_supported");
      CHECK(client.texts[0]["value"].get<std::string>().contains("cams/gate is H.265"));
    }
    SUBCASE("but only the one that it names") {
      MseClient other(rig, "/cams/gate.mp4?rendition=sub");
      REQUIRE(other.wait_for(1));
      CHECK_FALSE(other.texts[0].contains("reason"));
      test::Client main(rig, upgrade("/cams/gate.mp4?rendition=main"));
      CHECK(main.wait([&] { return main.status == 404; }));
      test::Client none(rig, upgrade("/cams/gate.mp4?rendition=2"));
      CHECK(none.wait([&] { return none.status == 400; }));
    }
  }

  TEST_CASE("mse viewer: a publisher that returns is a new init segment, and no new type") {
    DeliverRig rig;
    auto first = std::make_unique<FakePublisher>(rig);
    begin(*first);
    MseClient client(rig);
    MseClient paused(rig);
    REQUIRE(client.wait_for(1));
    REQUIRE(paused.wait_for(1));
    paused.say(R"({"type":"pause"})");
    paused.catch_up();
    first.reset();
    rig.settle();
    FakePublisher second(rig);
    begin(second);
    push_frames(rig, second, 1, 5);
    REQUIRE(client.wait([&] { return client.serials.size() == 7; }));
    CHECK(client.log.starts_with("TIFIF"));
    CHECK(std::ranges::count(client.log, 'T') == 1);
    paused.catch_up();
    CHECK(paused.log == "TIF");
    paused.say(R"({"type":"resume"})");
    REQUIRE(paused.wait([&] { return paused.serials.size() == 7; }));
    CHECK(paused.log.starts_with("TIFIF"));
  }

  TEST_CASE("mse viewer: nothing but the head comes before a negotiation is over") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig, "/cams/gate.mp4?negotiate=1");
    REQUIRE(client.wait([&] { return !client.head.empty(); }));
    push_frames(rig, publisher, 1, 14);
    client.catch_up();
    CHECK(client.log.empty());
    CHECK(rig.viewers() == 1);
    client.say("avc1.640028,mp4a.40.2");
    REQUIRE(client.wait_for(15));
    CHECK(client.log.starts_with("TIF"));
    CHECK(client.serials == sequence(11, 15));  // from the newest key frame on
  }

  TEST_CASE("mse viewer: who cannot play the stream is told so by the request's answer") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig, "/cams/gate.mp4?codecs=vp09.00.10.08");
    REQUIRE(client.wait([&] { return client.close_code != 0; }));
    CHECK(client.close_code == wire::websocket::kPolicy);
    CHECK(client.log == "T");
    CHECK(client.texts[0]["code"] == "codec_not_supported");
    REQUIRE(client.wait([&] { return client.peer.ended(); }));
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("mse viewer: a pause keeps everything back, and goes on live") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig);
    REQUIRE(client.wait_for(1));
    client.say(R"({"type":"pause"})");
    client.catch_up();
    push_frames(rig, publisher, 1, 35);
    client.catch_up();
    CHECK(client.serials == sequence(1, 1));
    client.say(R"({"type":"resume"})");
    REQUIRE(client.wait_for(36));
    CHECK(client.serials.size() == 7);
    CHECK(client.serials[1] == 31);
    CHECK(client.texts.size() == 1);
    // Level with the stream already: nothing comes twice.
    client.say(R"({"type":"live"})");
    client.catch_up();
    push_frames(rig, publisher, 36, 3);
    REQUIRE(client.wait_for(39));
    CHECK(client.serials.size() == 10);
  }

  TEST_CASE("mse viewer: a pause that is too long is ended") {
    config::Config config = test::quick_config();
    config.deliver.pause_max = base::Millis(50);
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig);
    REQUIRE(client.wait_for(1));
    client.say(R"({"type":"pause"})");
    REQUIRE(client.wait([&] { return client.close_code != 0; }));
    CHECK(client.close_code == wire::websocket::kPolicy);
    CHECK(client.texts.back()["code"] == "paused_too_long");
    REQUIRE(client.wait([&] { return rig.viewers() == 0; }));
    CHECK(rig.ended("paused_too_long") == 1);
  }

  TEST_CASE("mse viewer: commands that are none are answered; too many and too large ones end it") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig);
    REQUIRE(client.wait_for(1));
    client.say(R"({"type":"dance"})");
    REQUIRE(client.wait([&] { return client.texts.size() == 2; }));
    CHECK(client.texts[1]["code"] == "unknown_command");
    for (int i = 0; i < 30; ++i)
      client.say("hello");
    REQUIRE(client.wait([&] { return client.close_code != 0; }));
    CHECK(client.close_code == wire::websocket::kPolicy);
    MseClient large(rig);
    REQUIRE(large.wait([&] { return !large.head.empty(); }));
    large.say(std::string(2'000, 'x'));
    REQUIRE(large.wait([&] { return large.close_code != 0; }));
    CHECK(large.close_code == wire::websocket::kTooBig);
  }

  TEST_CASE("mse viewer: Flussonic's clients get the init segment, and frames when they ask") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig, "/cams/gate.mp4?framing=flussonic");
    REQUIRE(client.wait([&] { return !client.texts.empty(); }));
    push_frames(rig, publisher, 1, 14);
    client.catch_up();
    CHECK(client.log == "T");
    CHECK(client.texts[0]["type"] == "mse_init_segment");
    client.say("resume");
    REQUIRE(client.wait_for(15));
    CHECK(client.log == "TTFFFFF");  // a frame a message
    CHECK(client.texts[1]["event"] == "resumed");
    CHECK(client.serials == sequence(11, 15));
    SUBCASE("a pause goes on live, also one in which tracks were chosen") {
      client.say("pause");
      client.catch_up();
      client.say("set_tracks=a1");
      client.catch_up();
      CHECK(client.texts.back()["type"] == "mse_init_segment");
      client.texts.erase(client.texts.begin() + 3, client.texts.end());
      client.catch_up();
      push_frames(rig, publisher, 15, 10);
      client.catch_up();
      CHECK(client.serials.back() == 15);
      client.say("resume");
      REQUIRE(client.wait_for(25));
      CHECK(client.serials[5] == 21);
      CHECK(client.texts.size() == 4);
    }
    SUBCASE("who chooses tracks gets the init segment again, with a key frame") {
      client.say("set_tracks=v1");
      REQUIRE(client.wait([&] { return client.texts.size() == 4; }));
      CHECK(client.texts[2]["event"] == "tracks_switched");
      CHECK(client.texts[3]["type"] == "mse_init_segment");
      REQUIRE(client.wait_for(15));
      CHECK(client.serials[5] == 11);
    }
  }

  TEST_CASE("mse viewer: Flussonic's clients may be asked for their codecs first") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig, "/cams/gate.mp4?framing=flussonic&negotiate=1");
    REQUIRE(client.wait([&] { return !client.head.empty(); }));
    client.catch_up();
    CHECK(client.log.empty());
    client.say("avc1.640028,mp4a.40.2");
    REQUIRE(client.wait([&] { return client.log == "T"; }));
    CHECK(client.texts[0]["type"] == "mse_init_segment");
    client.say("resume");
    REQUIRE(client.wait_for(1));
    CHECK(client.log == "TTF");
  }

  TEST_CASE("mse viewer: Ivideon's clients get a text before each frame") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient client(rig, "/ws-fmp4?server=cams&camera=gate&framing=ivideon");
    REQUIRE(client.wait_for(1));
    push_frames(rig, publisher, 1, 3);
    REQUIRE(client.wait_for(4));
    CHECK(client.log == "TTFTFTFTF");
    CHECK(client.texts[0]["type"] == "stream-init");
    CHECK(client.texts[1]["is_key"] == true);
    CHECK(client.texts[2]["is_key"] == false);
    SUBCASE("and between two frames a new configuration") {
      publisher.publication->set_track(track_of(media::Codec::H264, test::kAvcBaseline));
      push_frames(rig, publisher, 10, 2);
      REQUIRE(client.wait_for(6));
      CHECK(client.log == "TTFTFTFTFTTFTF");
      CHECK(client.texts[5]["type"] == "stream-init");
      CHECK(client.texts[5]["codec_string"] != client.texts[0]["codec_string"]);
    }
    SUBCASE("and a close frame in the end") {
      rig.delivery->drain();
      REQUIRE(client.wait([&] { return client.close_code != 0; }));
      CHECK(client.close_code == wire::websocket::kGoingAway);
    }
  }

  TEST_CASE("mse viewer: however many messages there are, they are one write") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    MseClient first(rig, "/cams/gate.mp4?framing=ivideon");
    REQUIRE(first.wait_for(1));
    push_frames(rig, publisher, 1, 8);
    REQUIRE(first.wait_for(9));
    auto writes = rig.deliver_metrics.flush_bytes.count();
    MseClient second(rig, "/cams/gate.mp4?framing=ivideon");
    REQUIRE(second.wait_for(9));
    CHECK(second.log == "TTFTFTFTFTFTFTFTFTF");
    CHECK(rig.deliver_metrics.flush_bytes.count() == writes + 1);
  }

  TEST_CASE("mse viewer: a publisher that returns is a new init segment in every dialect") {
    DeliverRig rig;
    auto first = std::make_unique<FakePublisher>(rig);
    begin(*first);
    MseClient paused(rig, "/cams/gate.mp4?framing=flussonic");
    MseClient client(rig, "/cams/gate.mp4?framing=ivideon");
    REQUIRE(client.wait_for(1));
    REQUIRE(paused.wait([&] { return paused.log == "T"; }));
    first.reset();
    rig.settle();
    FakePublisher second(rig);
    begin(second);
    push_frames(rig, second, 1, 1);
    REQUIRE(client.wait([&] { return client.serials.size() == 3; }));
    CHECK(client.log == "TTFTTFTF");
    CHECK(client.texts[2]["type"] == "stream-init");
    // The paused one keeps its buffers in step.
    REQUIRE(paused.wait([&] { return paused.log == "TT"; }));
    paused.say("resume");
    REQUIRE(paused.wait_for(2));
    CHECK(paused.log == "TTTFF");
  }

  TEST_CASE("mse viewer: every dialect refuses a client that cannot play the stream") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    for (const char *dialect : {"flussonic", "ivideon"}) {
      CAPTURE(dialect);
      MseClient client(rig, "/cams/gate.mp4?codecs=vp09.00.10.08&framing=" + std::string(dialect));
      REQUIRE(client.wait([&] { return client.close_code != 0; }));
      CHECK(client.close_code == wire::websocket::kPolicy);
      CHECK(client.log == "T");
      CHECK(client.texts[0]["code"] == "codec_not_supported");
    }
  }

  TEST_CASE("viewer: fMP4 over HTTP ends cleanly when its first init segment holds no longer") {
    DeliverRig rig;
    auto first = std::make_unique<FakePublisher>(rig);
    begin(*first);
    test::SocketPair pair = test::connected_pair(rig.loop);
    rig.server->accept(std::move(pair.socket));
    std::string_view request = "GET /cams/gate.mp4 HTTP/1.1\r\nHost: h\r\n\r\n";
    CHECK(pair.peer.write(request) == request.size());
    std::string got;
    auto count = [&](std::string_view box) {
      std::size_t found = 0;
      for (std::size_t at = 0; (at = got.find(box, at)) != std::string::npos; ++at)
        ++found;
      return found;
    };
    auto wait_for_fragments = [&](std::size_t wanted) {
      return rig.loop.run_until([&] {
        got += pair.peer.read();
        return count("moof") == wanted;
      });
    };
    REQUIRE(wait_for_fragments(1));
    // A publisher that returns with the same tracks is no reason, and its moov is known already.
    first.reset();
    rig.settle();
    FakePublisher second(rig);
    begin(second);
    REQUIRE(wait_for_fragments(2));
    CHECK(count("moov") == 1);
    SUBCASE("in the middle of a publisher's stream") {
      second.publication->set_track(track_of(media::Codec::H264, test::kAvcBaseline));
      second.video(40, true);
    }
    SUBCASE("with a publisher that returns") {
      second.leave();
      rig.settle();
      second.publish();
      second.publication->set_track(track_of(media::Codec::H264, test::kAvcBaseline));
      second.video(0, true);
    }
    REQUIRE(rig.loop.run_until([&] {
      got += pair.peer.read();
      return pair.peer.ended();
    }));
    CHECK(got.ends_with("\r\n0\r\n\r\n"));
    CHECK(count("moof") == 2);
    CHECK(rig.ended("tracks_changed") == 1);
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("viewer: every format has its audience, its type and its name") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    struct Row {
      const char *extension;
      const char *type;
      const char *protocol;
    };
    for (const Row &row :
         {Row{"flv", "video/x-flv", "http-flv"}, Row{"mp4", "video/mp4", "http-fmp4"},
          Row{"ts", "video/mp2t", "http-ts"}}) {
      CAPTURE(row.extension);
      test::SocketPair pair = test::connected_pair(rig.loop);
      rig.server->accept(std::move(pair.socket));
      std::string request =
          "GET /cams/gate." + std::string(row.extension) + " HTTP/1.1\r\nHost: h\r\n\r\n";
      CHECK(pair.peer.write(request) == request.size());
      std::string got;
      REQUIRE(rig.loop.run_until([&] {
        got += pair.peer.read();
        return got.contains("\r\n\r\n");
      }));
      CHECK(got.contains("Content-Type: " + std::string(row.type)));
      auto sessions = rig.shelf->sessions().describe();
      CHECK(std::ranges::count_if(sessions, [&](const auto &info) {
              return std::string_view(info.protocol) == row.protocol;
            }) == 1);
      pair.peer.close();
      REQUIRE(rig.loop.run_until([&] { return rig.viewers() == 0; }));
    }
  }
}
