// SPDX-License-Identifier: Apache-2.0
// Who is let in, who waits, who is turned away, and how it all ends.
#include "deliver/audience.h"

#include <doctest/doctest.h>

#include "deliver/deliver_rig.h"

using namespace sluice;
using test::Client;
using test::DeliverRig;
using test::FakePublisher;
using test::kGetFlv;
using test::kUpgradeFlv;
using test::sequence;

namespace {

// A publisher with both tracks and a first key frame.
void begin(FakePublisher &publisher) {
  publisher.publish().with_tracks();
  publisher.video(0, true);
}

// What a loop knows of a source, told as the directory of sources does.
struct Source : stream::SourceEntry {
  void tell(DeliverRig &rig) {
    rig.shelf->post_source(name, std::make_shared<const stream::SourceEntry>(*this));
    rig.settle();
  }
};

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("audience: a viewer of an unknown stream is answered 404 after its wait") {
    DeliverRig rig;
    Client client(rig, kGetFlv);
    rig.settle();
    client.poll();
    CHECK(client.status == 0);
    REQUIRE(client.wait([&] { return client.status != 0; }));
    CHECK(client.status == 404);
    CHECK(client.head.contains("Access-Control-Allow-Origin: *"));
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("audience: a viewer of a stream that FLV has no place for is told so at once") {
    config::Config config = test::quick_config();
    config.stream.viewer_grace = base::Millis(60'000);
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    publisher.publish();
    publisher.publication->set_track({.codec = media::Codec::MJPEG});
    publisher.publication->push(test::numbered_frame(
        rig.shelf->buffers(), {.codec = media::Codec::MJPEG, .key = true}, 0, 100));
    Client client(rig, kGetFlv);
    REQUIRE(client.wait([&] { return client.status != 0; }));
    CHECK(client.status == 406);
  }

  TEST_CASE("audience: requests behind each other on one connection are answered one by one") {
    DeliverRig rig;
    Client client(rig, kGetFlv + kGetFlv + kGetFlv);
    std::size_t answers = 0;
    REQUIRE(client.wait([&] {
      answers = 0;
      std::string all = client.head + client.body;
      for (std::size_t at = 0; (at = all.find("HTTP/1.1 404", at)) != std::string::npos; ++at)
        ++answers;
      return answers == 3;
    }));
  }

  TEST_CASE("audience: viewers who wait are let in when the stream begins") {
    config::Config config = test::quick_config();
    config.stream.unknown_wait = base::Millis(60'000);
    DeliverRig rig(config);
    Client http(rig, kGetFlv);
    Client ws(rig, kUpgradeFlv);
    rig.settle();
    FakePublisher publisher(rig);
    begin(publisher);
    REQUIRE(http.wait_for(1));
    REQUIRE(ws.wait_for(1));
    CHECK(http.status == 200);
    CHECK(ws.status == 101);
    CHECK(http.items.kinds() == "MCcK");
    CHECK(rig.viewers() == 2);
  }

  TEST_CASE("audience: a client that leaves while it waits is forgotten") {
    config::Config config = test::quick_config();
    config.stream.unknown_wait = base::Millis(60'000);
    DeliverRig rig(config);
    Client stays(rig, kGetFlv);
    {
      Client closes(rig, kGetFlv);
      Client resets(rig, kGetFlv);
      rig.settle();
      closes.peer.close();
      resets.peer.close_with_reset();
      REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 1; }));
    }
    FakePublisher publisher(rig);
    begin(publisher);
    REQUIRE(stays.wait_for(1));
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE("audience: a client that is gone when the stream begins does no harm") {
    config::Config config = test::quick_config();
    config.stream.unknown_wait = base::Millis(60'000);
    DeliverRig rig(config);
    Client client(rig, kGetFlv);
    rig.settle();
    FakePublisher publisher(rig);
    begin(publisher);
    // The messages that let the client in are on their way, and nobody has looked at its socket.
    client.peer.close_with_reset();
    REQUIRE(rig.loop.run_until([&] { return rig.viewers() == 0 && rig.server->size() == 0; }));
    for (int i = 1; i < 20; ++i) {
      publisher.video(i * 40, false);
      rig.settle();
    }
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("audience: a viewer of a source waits for its start, and is then answered 503") {
    config::Config config = test::quick_config();
    config.stream.unknown_wait = config.stream.viewer_grace = config.stream.track_wait =
        base::Millis(1);
    DeliverRig rig(config);
    Source source{"cams/gate", stream::SourceState::Idle, std::nullopt, base::Millis(60'000)};
    source.tell(rig);
    Client client(rig, kGetFlv);
    SUBCASE("when the camera plays in time") {
      source.state = stream::SourceState::Connecting;
      source.tell(rig);
      FakePublisher publisher(rig);
      begin(publisher);
      REQUIRE(client.wait_for(1));
      CHECK(client.status == 200);
    }
    SUBCASE("when the camera's first picture takes longer than a publisher's may") {
      FakePublisher publisher(rig);
      publisher.publish().with_tracks();
      Client other(rig, "GET /cams/other.flv HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(other.wait([&] { return other.status == 404; }));
      client.poll();
      CHECK(client.status == 0);
      publisher.video(0, true);
      REQUIRE(client.wait_for(1));
      CHECK(client.status == 200);
    }
    SUBCASE("when it takes too long") {
      source.start_timeout = base::Millis(1);
      source.tell(rig);
      REQUIRE(client.wait([&] { return client.status != 0; }));
      CHECK(client.status == 503);
      CHECK(client.head.contains("Retry-After: 5\r\n"));
    }
    SUBCASE("when it is tried again too late") {
      source.state = stream::SourceState::Waiting;
      source.next_try_at = base::mono_now() + base::Millis(600'000);
      source.tell(rig);
      REQUIRE(client.wait([&] { return client.status != 0; }));
      CHECK(client.status == 503);
      std::size_t at = client.head.find("Retry-After: ");
      REQUIRE(at != std::string::npos);
      int seconds = std::stoi(client.head.substr(at + 13));
      CHECK(seconds > 500);
      CHECK(seconds <= 600);
    }
    SUBCASE("when the source is taken away") {
      rig.shelf->post_source("cams/gate", nullptr);
      REQUIRE(client.wait([&] { return client.status != 0; }));
      CHECK(client.status == 404);
    }
  }

  TEST_CASE("audience: HEAD of a source says what GET would") {
    DeliverRig rig;
    const std::string head = "HEAD" + kGetFlv.substr(3);
    Source source{"cams/gate", stream::SourceState::Idle, std::nullopt, base::Millis(60'000)};
    source.tell(rig);
    Client idle(rig, head);
    REQUIRE(idle.wait([&] { return idle.status != 0; }));
    CHECK(idle.status == 200);
    source.state = stream::SourceState::Waiting;
    source.tell(rig);
    Client away(rig, head);
    REQUIRE(away.wait([&] { return away.status != 0; }));
    CHECK(away.status == 503);
  }

  TEST_CASE("audience: a viewer who comes while the publisher is away is answered 503") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    SUBCASE("when nobody watches") {
      publisher.leave();
      rig.settle();
      Client client(rig, kGetFlv);
      REQUIRE(client.wait([&] { return client.status != 0; }));
      CHECK(client.status == 503);
      CHECK(client.head.contains("Retry-After: "));
    }
    SUBCASE("when others have stayed") {
      Client stays(rig, kGetFlv);
      REQUIRE(stays.wait_for(1));
      publisher.leave();
      rig.settle();
      Client client(rig, kGetFlv);
      REQUIRE(client.wait([&] { return client.status != 0; }));
      CHECK(client.status == 503);
      CHECK(rig.viewers() == 1);
    }
  }

  TEST_CASE("audience: a viewer who comes after the stream's end gets no picture of it") {
    config::Config config = test::quick_config();
    config.stream.viewer_grace = base::Millis(20);
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client watched(rig, kGetFlv);
    REQUIRE(watched.wait_for(1));
    publisher.leave();
    REQUIRE(watched.wait_for_end());
    // The audience of before may still be there.
    Client late(rig, kGetFlv);
    REQUIRE(late.wait([&] { return late.status != 0; }));
    CHECK(late.status == 404);
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("audience: a viewer who comes between two publishers starts with the second one") {
    config::Config config = test::quick_config();
    config.stream.unknown_wait = base::Millis(60'000);
    DeliverRig rig(config);
    FakePublisher first(rig);
    begin(first);
    Client stays(rig, kGetFlv);
    REQUIRE(stays.wait_for(1));
    first.leave();
    rig.settle();
    Client comes(rig, kGetFlv);
    rig.settle();
    FakePublisher second(rig);
    second.publish().with_tracks();
    second.video(7'000, true, 300);
    second.video(7'040, false, 300);
    REQUIRE(comes.wait_for(2));
    REQUIRE(stays.wait_for(2));
    CHECK(comes.items.kinds() == "MCcKV");
    CHECK(stays.items.kinds() == "MCcKMCcKV");
    CHECK(rig.viewers() == 2);
  }

  TEST_CASE("audience: when the grace is over, viewers are ended cleanly") {
    config::Config config = test::quick_config();
    config.stream.viewer_grace = base::Millis(20);
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client http(rig, kGetFlv);
    Client ws(rig, kUpgradeFlv);
    Client raw(rig, test::kGetFlv10);
    REQUIRE(http.wait_for(1));
    REQUIRE(ws.wait_for(1));
    REQUIRE(raw.wait_for(1));
    publisher.leave();
    REQUIRE(http.wait_for_end());
    REQUIRE(ws.wait_for_end());
    REQUIRE(raw.wait_for_end());
    CHECK(http.ended_cleanly);
    CHECK(ws.closes == std::vector<std::uint16_t>{1001});
    CHECK(raw.peer.ended());
    CHECK(rig.ended("stream_ended") == 3);
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("audience: seats are limited per stream and in the node, and are given back") {
    config::Config config = test::quick_config();
    config.deliver.max_viewers_per_stream = 1;
    config.deliver.max_viewers = 2;
    DeliverRig rig(config);
    FakePublisher gate(rig);
    begin(gate);
    FakePublisher door(rig, "cams/door");
    begin(door);
    FakePublisher yard(rig, "cams/yard");
    begin(yard);
    auto get = [](const std::string &name) {
      return "GET /cams/" + name + ".flv HTTP/1.1\r\nHost: h\r\n\r\n";
    };
    Client first(rig, get("gate"));
    REQUIRE(first.wait_for(1));
    Client second(rig, get("gate"));
    REQUIRE(second.wait([&] { return second.status != 0; }));
    CHECK(second.status == 503);
    Client at_door(rig, get("door"));
    REQUIRE(at_door.wait_for(1));
    Client in_yard(rig, get("yard"));
    REQUIRE(in_yard.wait([&] { return in_yard.status != 0; }));
    CHECK(in_yard.status == 503);
    CHECK(rig.deliver_metrics.refused_viewers.value() == 2);
    first.peer.close();
    REQUIRE(rig.loop.run_until([&] { return rig.viewers() == 1; }));
    Client third(rig, get("gate"));
    REQUIRE(third.wait_for(1));
    CHECK(rig.shelf->find("cams/gate")->counters->viewers.load() == 1);
  }

  TEST_CASE("audience: draining ends viewers cleanly, answers those who wait, and lets nobody in") {
    config::Config config = test::quick_config();
    config.stream.unknown_wait = base::Millis(60'000);
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client http(rig, kGetFlv);
    Client ws(rig, kUpgradeFlv);
    Client waits(rig, "GET /cams/door.flv HTTP/1.1\r\nHost: h\r\n\r\n" + kGetFlv);
    REQUIRE(http.wait_for(1));
    REQUIRE(ws.wait_for(1));
    rig.settle();
    rig.delivery->drain();
    rig.server->drain();
    REQUIRE(http.wait_for_end());
    REQUIRE(ws.wait_for_end());
    REQUIRE(waits.wait_for_end());
    CHECK(http.ended_cleanly);
    CHECK(ws.closes == std::vector<std::uint16_t>{1001});
    CHECK((waits.status == 404 || waits.status == 503));
    CHECK(rig.ended("shutdown") == 2);
    // Frames, and a new publisher, may still come.
    publisher.video(40, true);
    publisher.leave();
    FakePublisher next(rig);
    begin(next);
    rig.settle();
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE(
      "audience: a worker that goes with viewers and requests under way leaves nothing behind") {
    config::Config config = test::quick_config();
    config.stream.unknown_wait = base::Millis(60'000);
    auto rig = std::make_unique<DeliverRig>(config);
    auto publisher = std::make_unique<FakePublisher>(*rig);
    begin(*publisher);
    Client watches(*rig, kGetFlv);
    REQUIRE(watches.wait_for(1));
    Client waits(*rig, "GET /cams/door.flv HTTP/1.1\r\nHost: h\r\n\r\n");
    Client asks(*rig, kUpgradeFlv);
    publisher->video(40, false);
    SUBCASE("the publisher first") { publisher.reset(); }
    SUBCASE("the viewers first") {
      rig->server.reset();
      rig->delivery.reset();
      CHECK(rig->viewers() == 0);
      publisher->video(80, false);
      publisher.reset();
    }
    publisher.reset();
    rig.reset();
    CHECK(watches.peer.read().size() < 1'000);
  }

  TEST_CASE("audience: a session is listed with what it has got, and can be kicked once") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    Client client(rig,
                  "GET /cams/gate.flv HTTP/1.1\r\nHost: h\r\nUser-Agent: player/1\r\n"
                  "X-Correlation-ID: abc\r\n\r\n");
    REQUIRE(client.wait_for(1));
    auto listed = rig.shelf->sessions().describe();
    REQUIRE(listed.size() == 1);
    CHECK(std::string_view(listed.front().kind) == "viewer");
    CHECK(std::string_view(listed.front().protocol) == "http-flv");
    CHECK(listed.front().stream == "cams/gate");
    CHECK(listed.front().user_agent == "player/1");
    CHECK(listed.front().correlation_id == "abc");
    CHECK(listed.front().bytes_out > client.body.size());
    CHECK(rig.shelf->sessions().kick(listed.front().id));
    CHECK_FALSE(rig.shelf->sessions().kick(listed.front().id));
    REQUIRE(client.wait_for_end());
    CHECK(client.ended_cleanly);
    CHECK(rig.ended("kicked") == 1);
  }

  TEST_CASE("audience: HEAD tells whether there is a picture, without a seat") {
    DeliverRig rig;
    const std::string head = "HEAD /cams/gate.flv HTTP/1.1\r\nHost: h\r\n\r\n";
    Client unknown(rig, head);
    REQUIRE(unknown.wait([&] { return unknown.status != 0; }));
    CHECK(unknown.status == 404);
    FakePublisher publisher(rig);
    begin(publisher);
    rig.settle();
    Client live(rig, head);
    REQUIRE(live.wait([&] { return live.status != 0; }));
    CHECK(live.status == 200);
    publisher.leave();
    rig.settle();
    Client away(rig, head);
    REQUIRE(away.wait([&] { return away.status != 0; }));
    CHECK(away.status == 503);
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("audience: what is no stream's URL is answered as such") {
    DeliverRig rig;
    auto status_of = [&](const std::string &target, const std::string &fields = "") {
      Client client(rig, "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
      REQUIRE(client.wait([&] { return client.status != 0; }));
      return client.status;
    };
    CHECK(status_of("/flv") == 400);
    CHECK(status_of("/flv?server=cams") == 400);
    CHECK(status_of("/flv?server=cams&camera=..") == 400);
    CHECK(status_of("/flv?server=cams&camera=a%2Fb") == 400);
    CHECK(status_of("/ws-flv?server=cams&camera=gate") == 426);
    CHECK(status_of("/cams/gate.mp4") == 404);
    CHECK(status_of("/cams/gate") == 404);
    CHECK(status_of("/cams/.flv") == 404);
    CHECK(status_of("/cams/%2e%2e.flv") == 404);
    CHECK(status_of("/cams/gate.flv", "Connection: Upgrade\r\nUpgrade: websocket\r\n") == 426);
  }
}
