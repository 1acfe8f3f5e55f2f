// SPDX-License-Identifier: Apache-2.0
// What one viewer is sent: framing, order, skips, WebSocket control frames, changes of tape.
#include "deliver/viewer.h"

#include <doctest/doctest.h>

#include "deliver/deliver_rig.h"

using namespace sluice;
using test::Client;
using test::DeliverRig;
using test::FakePublisher;
using test::kGetFlv;
using test::kGetFlv10;
using test::kUpgradeFlv;
using test::sequence;
using wire::websocket::Opcode;

namespace {

void begin(FakePublisher &publisher) {
  publisher.publish().with_tracks();
  publisher.video(0, true);
}

// A key frame every 25 frames, 40 ms apart, behind the frame with the number `from`.
void push_frames(DeliverRig &rig, FakePublisher &publisher, int from, int count, std::size_t size) {
  for (int i = from; i < from + count; ++i) {
    publisher.video(i * 40, i % 25 == 0, size);
    rig.loop.run_ready(2);
  }
}

// Serials grow, and where some are missing a key frame follows.
void check_skips(const test::FlvItems &items) {
  std::uint32_t last = 0;
  for (const auto &item : items.all) {
    if (item.what == 'M' || item.what == 'C' || item.what == 'c') continue;
    CHECK(item.serial > last);
    if (last != 0 && item.serial != last + 1) CHECK(item.what == 'K');
    last = item.serial;
  }
  CHECK(items.intact());
  CHECK(items.size_mismatches() == 0);
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("viewer: one write carries the head, the prefix and the last GOP") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    for (int i = 1; i <= 20; ++i)
      publisher.video(i * 40, false);
    for (const std::string &request : {kGetFlv, kGetFlv10, kUpgradeFlv}) {
      auto writes = rig.deliver_metrics.flush_bytes.count();
      Client client(rig, request);
      REQUIRE(client.wait_for(21));
      CHECK(rig.deliver_metrics.flush_bytes.count() == writes + 1);
      CHECK(client.items.kinds() == "MCcK" + std::string(20, 'V'));
      CHECK(client.items.headers == 1);
      if (request != kGetFlv10) CHECK(client.messages.size() == 1);
      CHECK(client.head.contains(request == kUpgradeFlv ? "Upgrade: websocket"
                                                        : "Content-Type: video/x-flv"));
    }
  }

  TEST_CASE("viewer: one whose start does not fit its socket gets the rest without a new frame") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    for (int i = 1; i <= 20; ++i)
      publisher.video(i * 40, false, 30'000);
    for (const std::string &request : {kGetFlv, kGetFlv10, kUpgradeFlv}) {
      Client client(rig, request, Client::Buffers::Small);
      REQUIRE(client.wait_for(21));
      CHECK(client.items.serials() == sequence(1, 21));
    }
  }

  TEST_CASE("viewer: gets every frame once, in whole messages, over many blocks of the tape") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    Client http(rig, kGetFlv);
    Client raw(rig, kGetFlv10);
    Client ws(rig, kUpgradeFlv);
    REQUIRE(http.wait_for(1));
    REQUIRE(raw.wait_for(1));
    REQUIRE(ws.wait_for(1));
    for (int i = 1; i < 300; ++i) {
      // Some frames are larger than a block of the tape.
      publisher.video(i * 40, i % 25 == 0, i % 40 == 7 ? 300'000 : 10'000);
      rig.loop.run_ready(2);
      http.poll();
      raw.poll();
      ws.poll();
    }
    for (Client *client : {&http, &raw, &ws}) {
      REQUIRE(client->wait_for(300));
      CHECK(client->items.serials() == sequence(1, 300));
      CHECK(client->items.intact());
    }
    CHECK(http.body == raw.body);
    CHECK(ws.body == raw.body);
  }

  TEST_CASE("viewer: many get the same bytes, whenever they joined") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 1; i <= 60; ++i) {
      clients.push_back(std::make_unique<Client>(rig, i % 2 == 0 ? kGetFlv : kUpgradeFlv));
      publisher.video(i * 40, i % 10 == 0, 5'000);
      rig.loop.run_ready(2);
    }
    for (auto &client : clients) {
      REQUIRE(client->wait_for(61));
      check_skips(client->items);
      const auto &items = client->items.all;
      REQUIRE(items.size() > 3);
      CHECK(items[3].what == 'K');
      CHECK(client->items.serials() == sequence(items[3].serial, 61));
      // Behind their prefixes, the later one's bytes are the end of the earlier one's.
      std::size_t prefix = clients.front()->body.find(std::string_view("\x09", 1), 13);
      CHECK(prefix != std::string::npos);
      std::size_t same = std::min<std::size_t>(client->body.size(), 4'000);
      CHECK(clients.front()->body.ends_with(
          std::string_view(client->body).substr(client->body.size() - same)));
    }
    CHECK(rig.viewers() == 60);
    CHECK(rig.metrics.copied_tape_bytes.value() == 100 + 60 * 5'000);
  }

  TEST_CASE("viewer: with an interval everybody gets everything too, in larger pieces") {
    config::Config config = test::quick_config();
    config.deliver.flush_interval_min = base::Millis(16);
    config.deliver.flush_interval_max = base::Millis(16);
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i)
      clients.push_back(std::make_unique<Client>(rig, i % 2 == 0 ? kGetFlv : kUpgradeFlv));
    for (auto &client : clients)
      REQUIRE(client->wait_for(1));
    push_frames(rig, publisher, 1, 100, 2'000);
    for (auto &client : clients) {
      REQUIRE(client->wait_for(101));
      CHECK(client->items.serials() == sequence(1, 101));
    }
    CHECK(rig.figures.flush_interval_ms.load() == 16);
  }

  TEST_CASE("viewer: one that is behind skips to a newer key frame, and others notice nothing") {
    config::Config config = test::quick_config();
    config.deliver.skip_after = base::Millis(1'000);
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    for (const std::string &request : {kGetFlv, kUpgradeFlv, kGetFlv10}) {
      auto first = publisher.last_serial();
      int from = static_cast<int>(first);
      auto skips = rig.deliver_metrics.skips.value();
      Client slow(rig, request, Client::Buffers::Small);
      Client quick(rig, kGetFlv);
      REQUIRE(slow.wait_for(first));
      REQUIRE(quick.wait_for(first));
      for (int i = 0; i < 8; ++i) {
        push_frames(rig, publisher, from + i * 10, 10, 40'000);
        quick.poll();
      }
      REQUIRE(slow.wait_for(first + 80));
      REQUIRE(quick.wait_for(first + 80));
      CHECK(quick.items.serials().size() >= 81);
      check_skips(quick.items);
      check_skips(slow.items);
      CHECK(slow.items.serials().size() < 75);
      CHECK(rig.deliver_metrics.skips.value() > skips);
      CHECK(slow.items.headers == 1);
    }
  }

  TEST_CASE("viewer: one that reads well goes on when its loop was too late for the tape") {
    config::Config config = test::quick_config();
    config.stream.tape_window = 1 << 20;
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client client(rig, kGetFlv);
    REQUIRE(client.wait_for(1));
    // Twice the tape's window between two turns of the loop.
    for (int i = 1; i <= 101; ++i)
      publisher.video(i * 40, i % 25 == 0, 20'000);
    CHECK(client.wait_for(102));
    check_skips(client.items);
    CHECK(rig.deliver_metrics.skips.value() == 1);
  }

  TEST_CASE("viewer: one that reads nothing is closed, and others go on") {
    config::Config config = test::quick_config();
    config.deliver.skip_after = base::Millis(1'000);
    config.deliver.close_after = base::Millis(100);
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client stuck(rig, kGetFlv, Client::Buffers::Small);
    Client quick(rig, kGetFlv);
    REQUIRE(quick.wait_for(1));
    int from = 1;
    REQUIRE(quick.wait([&] {
      push_frames(rig, publisher, from, 5, 20'000);
      from += 5;
      return rig.deliver_metrics.closed_slow.value() == 1;
    }));
    CHECK(rig.viewers() == 1);
    auto last = publisher.last_serial();
    REQUIRE(quick.wait_for(last));
    CHECK(quick.items.serials() == sequence(1, last));
    REQUIRE(stuck.wait_for_end());
    CHECK(stuck.peer.reset());
  }

  TEST_CASE("viewer: one whose bytes have left the tape amid a message is closed") {
    config::Config config = test::quick_config();
    config.stream.tape_window = 1 << 20;
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client stuck(rig, kUpgradeFlv, Client::Buffers::Small);
    rig.settle();
    REQUIRE(rig.viewers() == 1);
    push_frames(rig, publisher, 1, 200, 50'000);
    REQUIRE(rig.loop.run_until([&] { return rig.viewers() == 0; }));
    CHECK(rig.deliver_metrics.closed_slow.value() == 1);
    CHECK(rig.used_bytes() < (4U << 20));
  }

  TEST_CASE("viewer: pings are answered between messages, also while a message is under way") {
    config::Config config = test::quick_config();
    config.deliver.unsent_max = 16 * 1024;
    config.deliver.skip_after = base::Millis(600'000);
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client client(rig, kUpgradeFlv, Client::Buffers::Small);
    REQUIRE(client.wait_for(1));
    client.send_frame(Opcode::Ping, "idle");
    REQUIRE(client.wait([&] { return client.pongs.size() == 1; }));
    CHECK(client.pongs.front() == "idle");
    push_frames(rig, publisher, 1, 100, 20'000);  // fills the socket
    client.send_frame(Opcode::Ping, "busy");
    client.send_frame(Opcode::Text, "hello");
    client.send_frame(Opcode::Pong, "unasked");
    client.send_frame(Opcode::Ping, "");
    rig.settle();
    REQUIRE(client.wait_for(101));
    CHECK(client.items.serials() == sequence(1, 101));
    CHECK(client.pongs == std::vector<std::string>{"idle", "busy", ""});
    CHECK(client.closes.empty());
  }

  TEST_CASE("viewer: what comes in one packet behind the upgrade is heard") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    std::string ping;
    wire::websocket::append_masked_frame(ping, Opcode::Ping, base::as_bytes("early"), 7);
    Client client(rig, kUpgradeFlv + ping);
    REQUIRE(client.wait([&] { return !client.pongs.empty(); }));
    CHECK(client.pongs.front() == "early");
    CHECK(client.items.kinds() == "MCcK");
  }

  TEST_CASE(
      "viewer: a close is answered with a close, after the message under way, and nothing "
      "follows") {
    config::Config config = test::quick_config();
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client idle(rig, kUpgradeFlv);
    Client busy(rig, kUpgradeFlv, Client::Buffers::Small);
    REQUIRE(idle.wait_for(1));
    REQUIRE(busy.wait_for(1));
    push_frames(rig, publisher, 1, 50, 20'000);
    idle.poll();
    idle.send_frame(Opcode::Close, wire::websocket::close_body(1000, "bye"));
    busy.send_frame(Opcode::Close, "");
    REQUIRE(idle.wait_for_end());
    REQUIRE(busy.wait_for_end());
    CHECK(idle.closes == std::vector<std::uint16_t>{1000});
    CHECK(busy.closes == std::vector<std::uint16_t>{1000});
    CHECK(busy.items.serials().size() < 51);
    CHECK(rig.ended("client_closed") == 2);
    CHECK(rig.viewers() == 0);
  }

  TEST_CASE("viewer: a client that breaks the protocol is told so once") {
    DeliverRig rig;
    FakePublisher publisher(rig);
    begin(publisher);
    Client client(rig, kUpgradeFlv);
    REQUIRE(client.wait_for(1));
    std::string unmasked;
    wire::websocket::append_frame(unmasked, Opcode::Text, base::as_bytes("hi"));
    client.peer.write(unmasked + unmasked);
    REQUIRE(client.wait_for_end());
    CHECK(client.closes == std::vector<std::uint16_t>{1002});
    CHECK(rig.ended("protocol_error") == 1);
  }

  TEST_CASE("viewer: pings without end and without reading are answered as far as there is room") {
    config::Config config = test::quick_config();
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    Client client(rig, kUpgradeFlv, Client::Buffers::Small);
    REQUIRE(client.wait_for(1));
    push_frames(rig, publisher, 1, 30, 40'000);
    for (int i = 0; i < 200; ++i) {
      client.send_frame(Opcode::Ping, std::string(100, 'p'));
      rig.loop.run_ready(2);
    }
    REQUIRE(client.wait_for(31));
    CHECK(client.pongs.size() < 50);
    CHECK(rig.viewers() == 1);
  }

  TEST_CASE(
      "viewer: after the publisher's return it gets the new configuration and a growing time, but "
      "no second header") {
    DeliverRig rig;
    FakePublisher first(rig);
    begin(first);
    Client http(rig, kGetFlv);
    Client raw(rig, kGetFlv10);
    Client ws(rig, kUpgradeFlv);
    REQUIRE(http.wait_for(1));
    REQUIRE(raw.wait_for(1));
    REQUIRE(ws.wait_for(1));
    first.video(40, false);
    first.audio(50);  // not passed on before the end
    first.leave();
    for (Client *client : {&http, &raw, &ws})
      REQUIRE(client->wait_for(3));
    for (int returns = 1; returns <= 3; ++returns) {
      FakePublisher next(rig);
      next.publish();
      next.publication->set_track(test::h264_track(test::kAvcBaseline));
      next.publication->set_track(test::aac_track());
      next.video(90'000, false);  // nobody can start here
      rig.settle();
      next.video(90'040, true);
      next.video(90'080, false);
      for (Client *client : {&http, &raw, &ws}) {
        REQUIRE(client->wait([&] {
          return client->items.kinds().ends_with("KV") &&
                 client->items.serials().size() == 3 + 2 * static_cast<std::size_t>(returns);
        }));
      }
      next.leave();
      rig.settle();
    }
    for (Client *client : {&http, &raw, &ws}) {
      CHECK(client->items.kinds() == "MCcKVAMCcKVMCcKVMCcKV");
      CHECK(client->items.headers == 1);
      std::uint32_t last = 0;
      for (const auto &item : client->items.all) {
        if (item.what == 'M') continue;
        CHECK(item.stamp_ms >= last);
        last = item.stamp_ms;
      }
    }
    CHECK(rig.viewers() == 3);
  }

  TEST_CASE("viewer: one that is amid a message when the tape changes finishes it first") {
    config::Config config = test::quick_config();
    config.stream.publish = config::PublishPolicy::Always;
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher first(rig);
    begin(first);
    Client http(rig, kGetFlv, Client::Buffers::Small);
    Client ws(rig, kUpgradeFlv, Client::Buffers::Small);
    REQUIRE(http.wait_for(1));
    REQUIRE(ws.wait_for(1));
    push_frames(rig, first, 1, 24, 40'000);
    FakePublisher second(rig);
    second.publish().with_tracks();
    CHECK(first.revoked);
    for (int i = 0; i < 10; ++i) {
      second.video(i * 40, i == 0, 3'000);
      rig.loop.run_ready(2);
    }
    for (Client *client : {&http, &ws}) {
      REQUIRE(client->wait(
          [&] { return client->items.kinds().ends_with("MCcK" + std::string(9, 'V')); }));
      CHECK(client->items.headers == 1);
      CHECK(client->items.intact());
      CHECK(client->items.size_mismatches() == 0);
      auto serials = client->items.serials();
      auto old = serials.size() - 10;
      CHECK(old < 25);
      CHECK(std::vector(serials.begin(), serials.begin() + static_cast<std::ptrdiff_t>(old)) ==
            sequence(1, static_cast<std::uint32_t>(old)));
    }
    CHECK(rig.viewers() == 2);
  }

  TEST_CASE("viewer: one that is two publishers behind is closed") {
    config::Config config = test::quick_config();
    config.stream.publish = config::PublishPolicy::Always;
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher first(rig);
    begin(first);
    Client stuck(rig, kGetFlv, Client::Buffers::Small);
    Client quick(rig, kGetFlv);
    REQUIRE(stuck.wait_for(1));
    REQUIRE(quick.wait_for(1));
    push_frames(rig, first, 1, 24, 40'000);
    REQUIRE(quick.wait_for(25));
    FakePublisher second(rig);
    begin(second);
    rig.settle();
    REQUIRE(quick.wait_for(1));
    CHECK(rig.viewers() == 2);
    FakePublisher third(rig);
    begin(third);
    rig.settle();
    CHECK(rig.viewers() == 1);
    CHECK(rig.ended("slow") == 1);
    quick.poll();
    CHECK_FALSE(quick.peer.ended());
  }

  TEST_CASE("viewer: a client that resets the connection ends it, wherever it is") {
    config::Config config = test::quick_config();
    config.deliver.unsent_max = 16 * 1024;
    DeliverRig rig(config);
    FakePublisher publisher(rig);
    begin(publisher);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(
          std::make_unique<Client>(rig, i % 2 == 0 ? kGetFlv : kUpgradeFlv,
                                   i % 3 == 0 ? Client::Buffers::Small : Client::Buffers::Normal));
    }
    for (auto &client : clients)
      REQUIRE(client->wait_for(1));
    for (int i = 0; i < 20; ++i) {
      push_frames(rig, publisher, 1 + i * 3, 3, 20'000);
      // Some are noticed by reading, some by writing.
      clients[static_cast<std::size_t>(i)]->peer.close_with_reset();
      publisher.video((3 + i * 3) * 40 + 20, false, 20'000);
    }
    REQUIRE(rig.loop.run_until([&] { return rig.viewers() == 0; }));
    CHECK(rig.ended("connection_lost") == 20);
    CHECK(rig.shelf->sessions().size() == 0);
  }
}
