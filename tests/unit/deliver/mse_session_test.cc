// SPDX-License-Identifier: Apache-2.0
// What is said beside fMP4 on a WebSocket.
#include "deliver/mse_session.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "wire/websocket.h"

using namespace sluice;
using base::Json;
using deliver::MseReply;
using deliver::MseSession;

namespace {

const std::string kMime = R"(video/mp4; codecs="avc1.64001f,mp4a.40.2")";
const std::string kOtherMime = R"(video/mp4; codecs="hvc1.1.6.L93.B0")";

struct Talk {
  explicit Talk(MseSession::Options options) : session(std::move(options), now) {}

  MseReply say(std::string_view text) { return session.take(base::as_bytes(text), now); }
  static Json json(const MseReply &reply) { return Json::parse(reply.text, nullptr, false); }

  base::MonoTime now = base::mono_now();
  MseSession session;
};

Talk talk() { return Talk({.stream = "cams/gate", .codecs = {}}); }
Talk in(deliver::MseDialect dialect) {
  return Talk({.stream = "cams/gate", .codecs = {}, .dialect = dialect});
}
Talk negotiation() { return Talk({.stream = "cams/gate", .codecs = {}, .negotiate = true}); }

deliver::CodecList list(std::string_view text) {
  auto codecs = deliver::parse_codec_list(text);
  REQUIRE(codecs);
  return *codecs;
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("mse: a list of codecs is names, however they are wrapped") {
    using List = deliver::CodecList;
    CHECK(list("avc1.640029,mp4a.40.2") == List{"avc1.640029", "mp4a.40.2"});
    CHECK(list(" avc1.640029 , opus, ") == List{"avc1.640029", "opus"});
    CHECK(list(kMime) == List{"avc1.64001f", "mp4a.40.2"});
    CHECK(list("").empty());
    CHECK_FALSE(deliver::parse_codec_list("avc1 640029"));
    CHECK_FALSE(deliver::parse_codec_list("<script>"));
    CHECK_FALSE(deliver::parse_codec_list(std::string(65, 'a')));
    std::string many;
    for (int i = 0; i < 65; ++i)
      many += "a,";
    CHECK(deliver::parse_codec_list(many).error().code == base::Code::TooLarge);
  }

  TEST_CASE("mse: codecs are compared without profile, level and place of parameter sets") {
    CHECK(deliver::lists_codec(list("avc3.42e01e"), "avc1.64001f"));
    CHECK(deliver::lists_codec(list("hev1.1.6.L93.B0"), "hvc1.2.4.L153.B0"));
    CHECK(deliver::lists_codec(list("mp4a.40.5"), "mp4a.40.2"));
    CHECK(deliver::lists_codec(list("Opus"), "opus"));
    CHECK(deliver::lists_codec(list("mp3"), "mp4a.6B"));
    CHECK_FALSE(deliver::lists_codec(list("mp4a.69"), "mp4a.40.2"));
    CHECK_FALSE(deliver::lists_codec(list("avc1.640029"), "hvc1.1.6.L93.B0"));
    CHECK_FALSE(deliver::lists_codec({}, "avc1.640029"));
  }

  TEST_CASE("mse: the type is told once, and again when it changes") {
    Talk t = talk();
    Json told = Talk::json(t.session.announce(kMime));
    CHECK(told["type"] == "mse");
    CHECK(told["value"] == kMime);
    CHECK(told["stream"] == "cams/gate");
    CHECK(t.session.announce(kMime).text.empty());
    CHECK(Talk::json(t.session.announce(kOtherMime))["value"] == kOtherMime);
  }

  TEST_CASE("mse: who asks for it gets nothing before its codecs are known") {
    for (std::string_view message :
         {R"({"type":"mse","value":"avc1.640029,mp4a.40.2"})", "avc1.640029,mp4a.40.2"}) {
      Talk t = negotiation();
      CHECK(t.session.held());
      CHECK_FALSE(t.say(R"({"type":"live"})").go_live);
      MseReply reply = t.say(message);
      CHECK(reply.go_live);
      CHECK(reply.text.empty());
      CHECK_FALSE(t.session.held());
      CHECK(Talk::json(t.session.announce(kMime))["value"] == kMime);
    }
  }

  TEST_CASE("mse: a request that has the codecs has nothing to negotiate") {
    Talk t({.stream = "s/c", .codecs = list("avc1.640029"), .negotiate = true});
    CHECK_FALSE(t.session.held());
  }

  TEST_CASE("mse: a negotiation that takes too long is ended") {
    Talk t = negotiation();
    t.now += MseSession::kNegotiationTime;
    CHECK(t.session.check_time(t.now, base::Millis(1'000)).close_code == 0);
    t.now += base::Millis(1);
    MseReply late = t.session.check_time(t.now, base::Millis(1'000));
    CHECK(late.close_code == wire::websocket::kPolicy);
    CHECK(std::string_view(late.end_reason) == "protocol_error");
  }

  TEST_CASE("mse: a client that lacks the picture's codec is told both sides and closed") {
    Talk t = talk();
    CHECK(t.say("hvc1.1.6.L153.B0,mp4a.40.2").close_code == 0);
    MseReply refused = t.session.announce(kMime);
    CHECK(refused.close_code == wire::websocket::kPolicy);
    CHECK(std::string_view(refused.end_reason) == "codec_not_supported");
    Json json = Talk::json(refused);
    CHECK(json["type"] == "error");
    CHECK(json["code"] == "codec_not_supported");
    auto why = json["value"].get<std::string>();
    CHECK(why.contains("avc1.64001f"));
    CHECK(why.contains("hvc1.1.6.L153.B0"));
  }

  TEST_CASE("mse: why it is another stream than asked for is said once, with the first type") {
    Talk talk({.stream = "cams/gate_sub", .reason = "cams/gate is away", .codecs = {}});
    CHECK(Talk::json(talk.session.announce(kMime))["reason"] == "cams/gate is away");
    CHECK_FALSE(Talk::json(talk.session.announce(kOtherMime)).contains("reason"));
  }

  TEST_CASE("mse: what a client lacks is the picture's codec, and the sound's where that is all") {
    CHECK(deliver::missing_codec(list("avc1.640029,opus"), kOtherMime) == "hvc1.1.6.L93.B0");
    CHECK(deliver::missing_codec(list("avc1.640029,opus"), kMime) == std::nullopt);
    CHECK(deliver::missing_codec(list("avc1.640029"), "audio/mp4; codecs=\"opus\"") == "opus");
    CHECK(deliver::missing_codec({}, "video/mp4") == std::nullopt);
    CHECK(deliver::plain_name("hev1.1.6.L93.B0") == "H.265");
    CHECK(deliver::plain_name("opus") == "opus");
  }

  TEST_CASE("mse: a list that comes late is judged, and not answered when it suits") {
    Talk t = talk();
    CHECK_FALSE(t.session.announce(kMime).text.empty());
    CHECK(t.say("avc1.640029,mp4a.40.2").text.empty());
    CHECK(t.say("vp09.00.10.08").close_code == wire::websocket::kPolicy);
  }

  TEST_CASE("mse: sound that the client cannot play is stated and no reason to refuse") {
    Talk t = talk();
    CHECK(t.say("avc1.640029,opus").close_code == 0);
    MseReply reply = t.session.announce(kMime);
    CHECK(reply.close_code == 0);
    CHECK(Talk::json(reply)["unsupported"] == Json::array({"mp4a.40.2"}));
    // It is one when there is nothing else.
    MseReply refused = t.session.announce(R"(video/mp4; codecs="mp4a.40.2")");
    CHECK(refused.close_code == wire::websocket::kPolicy);
  }

  TEST_CASE("mse: a stream that turns into what the client cannot play is ended") {
    Talk t = talk();
    CHECK(t.say("avc1.640029").close_code == 0);
    CHECK(t.session.announce(kMime).close_code == 0);
    CHECK(t.session.announce(kOtherMime).close_code == wire::websocket::kPolicy);
  }

  TEST_CASE("mse: pause holds, resume and live go to the newest key frame") {
    Talk t = talk();
    CHECK_FALSE(t.say(R"({"type":"resume"})").go_live);  // nothing was paused
    CHECK(t.say(R"({"type":"live"})").go_live);
    for (const char *word : {"resume", "live"}) {
      CHECK_FALSE(t.say(R"({"type":"pause"})").go_live);
      CHECK(t.session.held());
      CHECK(t.say(R"({"type":")" + std::string(word) + "\"}").go_live);
      CHECK_FALSE(t.session.held());
    }
  }

  TEST_CASE("mse: a pause is bounded from its beginning") {
    Talk t = talk();
    CHECK(t.say(R"({"type":"pause"})").close_code == 0);
    t.now += base::Millis(900);
    CHECK(t.say(R"({"type":"pause"})").close_code == 0);
    CHECK(t.session.check_time(t.now, base::Millis(1'000)).close_code == 0);
    t.now += base::Millis(200);
    MseReply late = t.session.check_time(t.now, base::Millis(1'000));
    CHECK(late.close_code == wire::websocket::kPolicy);
    CHECK(std::string_view(late.end_reason) == "paused_too_long");
  }

  TEST_CASE("mse: what is no command is answered, and the connection stays") {
    Talk t = talk();
    for (std::string_view text :
         {"", " ", "hello", "{", "[]", R"({"type":1})", R"({"type":"mse"})",
          R"({"type":"mse","value":7})", R"({"type":"mse","value":"a b"})", "\xff\xfe."}) {
      CAPTURE(text);
      MseReply reply = t.say(text);
      CHECK(reply.close_code == 0);
      CHECK(Talk::json(reply)["code"] == "bad_command");
    }
    CHECK(Talk::json(t.say(R"({"type":"dance"})"))["code"] == "unknown_command");
  }

  TEST_CASE("mse: commands that come too fast end the connection; those in good time do not") {
    Talk t = talk();
    for (unsigned i = 0; i < MseSession::kBurst; ++i)
      CHECK(t.say(R"({"type":"live"})").close_code == 0);
    CHECK(t.say(R"({"type":"live"})").close_code == wire::websocket::kPolicy);
    Talk patient = talk();
    for (int i = 0; i < 100; ++i) {
      patient.now += MseSession::kRefill;
      CHECK(patient.say(R"({"type":"live"})").close_code == 0);
    }
  }

  TEST_CASE("mse: bare words are commands in every dialect") {
    using Kind = deliver::MseCommand::Kind;
    auto kind = [](std::string_view text) {
      return deliver::parse_mse_command(base::as_bytes(text))->kind;
    };
    CHECK(kind("pause") == Kind::Pause);
    CHECK(kind(" resume\n") == Kind::Resume);
    CHECK(kind("live") == Kind::Live);
    CHECK(kind("set_tracks=v1a1") == Kind::Tracks);
    CHECK_FALSE(deliver::parse_mse_command(base::as_bytes("play_from=1700000000")));
    CHECK_FALSE(deliver::parse_mse_command(base::as_bytes("paused")));
  }

  TEST_CASE("mse: a client of Flussonic's asks for media, and hears what its commands did") {
    Talk talk = in(deliver::MseDialect::Flussonic);
    auto event = [&](std::string_view command) {
      Json said = Talk::json(talk.say(command));
      CHECK(said["type"] == "event");
      return said["event"].get<std::string>();
    };
    CHECK(talk.session.held());
    CHECK(talk.session.wants_init());
    CHECK(talk.session.announce(kMime).text.empty());
    CHECK(event("resume") == "resumed");
    CHECK_FALSE(talk.session.held());
    CHECK(event("resume") == "resumed");
    CHECK(event("pause") == "paused");
    CHECK(talk.session.held());
    MseReply live = talk.say("live");
    CHECK(live.go_live);
    CHECK(Talk::json(live)["event"] == "switched_to_live");
    MseReply tracks = talk.say("set_tracks=v1");
    CHECK(tracks.go_live);
    CHECK(tracks.anew);
    CHECK(Talk::json(tracks)["event"] == "tracks_switched");
    CHECK(Talk::json(talk.say("play_from=1700000000"))["code"] == "bad_command");
  }

  TEST_CASE("mse: a client of Flussonic's that never asks for media is closed as a pause is") {
    Talk talk = in(deliver::MseDialect::Flussonic);
    CHECK(talk.session.check_time(talk.now + base::Millis(900), base::Millis(1'000)).close_code ==
          0);
    MseReply late = talk.session.check_time(talk.now + base::Millis(1'100), base::Millis(1'000));
    CHECK(late.close_code == wire::websocket::kPolicy);
    CHECK(std::string_view(late.end_reason) == "paused_too_long");
  }

  TEST_CASE("mse: a client of Ivideon's is told no type and no event, but why it is refused") {
    Talk talk = in(deliver::MseDialect::Ivideon);
    CHECK_FALSE(talk.session.held());
    CHECK(talk.session.announce(kMime).text.empty());
    CHECK(talk.say("pause").text.empty());
    CHECK(talk.session.held());
    CHECK_FALSE(talk.session.wants_init());
    MseReply resumed = talk.say("resume");
    CHECK(resumed.text.empty());
    CHECK(resumed.go_live);
    MseReply refused = talk.say("vp09.00.10.08");
    CHECK(refused.close_code == wire::websocket::kPolicy);
    CHECK(Talk::json(refused)["code"] == "codec_not_supported");
  }
}
