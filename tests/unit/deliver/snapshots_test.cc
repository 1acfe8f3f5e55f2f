// SPDX-License-Identifier: Apache-2.0
// How many pictures are made for how many requests, and what is answered where there is none.
#include "deliver/snapshots.h"

#include <doctest/doctest.h>

#include "deliver/deliver_rig.h"

using namespace sluice;
using test::Client;
using test::DeliverRig;
using test::FakePublisher;

namespace {

const std::string kGet = "GET /cams/gate.jpg HTTP/1.1\r\nHost: a\r\n\r\n";

std::string get(const std::string &path, const std::string &headers = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

// The smallest thing that passes for a JPEG as it is: pictures are looked at elsewhere.
const std::string kJpeg = "\xff\xd8\xff\xe0 a picture";

config::Config patient_config() {
  config::Config config = test::quick_config();
  config.snapshot.max_age = base::Millis(60'000);
  return config;
}

struct SnapshotRig : DeliverRig {
  explicit SnapshotRig(config::Config c = patient_config()) : DeliverRig(std::move(c)) {
    delivery->set_snapshots(*snapshots);
  }
  ~SnapshotRig() {
    server.reset();
    snapshots.reset();
    pool.close();
  }

  deliver::SnapshotMetrics snapshot_metrics{registry};
  loop::WorkPool pool{{.threads = 1, .max_queued = 4}};
  std::unique_ptr<deliver::Snapshots> snapshots =
      std::make_unique<deliver::Snapshots>(*shelf, snapshot_metrics, pool);
};

// A camera of Motion JPEG.
void picture(SnapshotRig &rig, FakePublisher &publisher, std::int64_t ms,
             const std::string &bytes = kJpeg) {
  publisher.publication->set_track(
      {.codec = media::Codec::MJPEG, .width = 64, .height = 48, .codec_string = "mjpeg"});
  media::Buffer buffer = rig.shelf->buffers().take(bytes.size());
  std::memcpy(buffer.memory().data(), bytes.data(), bytes.size());
  publisher.publication->push({.codec = media::Codec::MJPEG,
                               .key = true,
                               .dts = base::Millis(ms),
                               .payload = {buffer, 0, static_cast<std::uint32_t>(bytes.size())}});
}

bool answered(Client &client) {
  return client.wait([&] { return client.status != 0; });
}

}  // namespace

TEST_SUITE("deliver") {
  TEST_CASE("snapshots: many who ask at once share one picture, and so does who comes later") {
    SnapshotRig rig;
    FakePublisher publisher(rig);
    publisher.publish();
    picture(rig, publisher, 0);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i)
      clients.push_back(std::make_unique<Client>(rig, kGet));
    for (auto &client : clients) {
      REQUIRE(answered(*client));
      CHECK(client->status == 200);
      CHECK(client->head.contains("Content-Type: image/jpeg\r\n"));
      CHECK(client->head.contains("Cache-Control: max-age=60\r\n"));
      REQUIRE(client->wait([&] { return client->body.size() >= kJpeg.size(); }));
      CHECK(client->body == kJpeg);
    }
    Client later(rig, kGet);
    REQUIRE(answered(later));
    CHECK(rig.snapshot_metrics.made.value() == 1);
    CHECK(rig.snapshot_metrics.reused.value() == 20);
  }

  TEST_CASE("snapshots: widths within a step are one picture, and those above the limit are it") {
    SnapshotRig rig;
    FakePublisher publisher(rig);
    publisher.publish();
    picture(rig, publisher, 0);
    for (const char *path : {"/cams/gate.jpg", "/cams/gate.jpg?w=1920", "/cams/gate.jpg?w=99999"}) {
      Client client(rig, get(path));
      REQUIRE(answered(client));
      CHECK(client.status == 200);
    }
    CHECK(rig.snapshot_metrics.made.value() == 1);
    for (const char *path : {"/cams/gate.jpg?w=65", "/cams/gate.jpg?w=80"}) {
      Client client(rig, get(path));
      REQUIRE(answered(client));
      CHECK(client.status == 200);
    }
    CHECK(rig.snapshot_metrics.made.value() == 2);
    for (const char *path : {"/cams/gate.jpg?w=0", "/cams/gate.jpg?w=", "/cams/gate.jpg?w=-1",
                             "/cams/gate.jpg?w=12x", "/cams/gate.jpg?w=99999999999"}) {
      Client client(rig, get(path));
      REQUIRE(answered(client));
      CHECK(client.status == 400);
    }
  }

  TEST_CASE("snapshots: an old picture is made anew from a new key frame only") {
    config::Config config = test::quick_config();
    config.snapshot.max_age = base::Millis(0);
    SnapshotRig rig(config);
    FakePublisher publisher(rig);
    publisher.publish();
    picture(rig, publisher, 0);
    for (int i = 0; i < 3; ++i) {
      Client client(rig, kGet);
      REQUIRE(answered(client));
      CHECK(client.status == 200);
    }
    picture(rig, publisher, 40, kJpeg + "!");
    Client client(rig, kGet);
    REQUIRE(client.wait([&] { return client.body == kJpeg + "!"; }));
  }

  TEST_CASE("snapshots: HEAD has no body, and who has the picture already is told so") {
    SnapshotRig rig;
    FakePublisher publisher(rig);
    publisher.publish();
    picture(rig, publisher, 0);
    Client head(rig, "HEAD" + kGet.substr(3));
    REQUIRE(answered(head));
    CHECK(head.status == 200);
    CHECK(head.head.contains("Content-Length: " + std::to_string(kJpeg.size()) + "\r\n"));
    std::size_t at = head.head.find("ETag: ");
    REQUIRE(at != std::string::npos);
    std::string etag = head.head.substr(at + 6, head.head.find('\r', at) - at - 6);
    Client again(rig, get("/cams/gate.jpg", "If-None-Match: " + etag + "\r\n"));
    REQUIRE(answered(again));
    CHECK(again.status == 304);
  }

  TEST_CASE("snapshots: an unknown stream is 404 after its wait") {
    SnapshotRig rig;
    Client unknown(rig, kGet);
    REQUIRE(answered(unknown));
    CHECK(unknown.status == 404);
  }

  TEST_CASE("snapshots: a stream of which there will be no picture is 406") {
    config::Config config = patient_config();
    config.stream.unknown_wait = base::Millis(60'000);
    SnapshotRig rig(config);
    FakePublisher publisher(rig, "cams/radio");
    publisher.publish();
    publisher.publication->set_track(test::aac_track());
    publisher.audio(0);
    Client radio(rig, get("/cams/radio.jpg"));
    REQUIRE(answered(radio));
    CHECK(radio.status == 406);
    FakePublisher other(rig, "cams/vp9");
    other.publish();
    other.publication->set_track({.codec = media::Codec::VP9});
    Client vp9(rig, get("/cams/vp9.jpg"));
    REQUIRE(answered(vp9));
    CHECK(vp9.status == 406);
  }

  TEST_CASE("snapshots: who comes before the first picture waits for it") {
    config::Config config = patient_config();
    config.stream.unknown_wait = base::Millis(60'000);
    SnapshotRig rig(config);
    Client client(rig, kGet);
    rig.settle();
    client.poll();
    CHECK(client.status == 0);
    FakePublisher publisher(rig);
    publisher.publish();
    rig.settle();
    picture(rig, publisher, 0);
    REQUIRE(answered(client));
    CHECK(client.status == 200);
  }

  TEST_CASE("snapshots: a key frame that is none is 503, and is not tried over and over") {
    SnapshotRig rig;
    FakePublisher publisher(rig);
    publisher.publish();
    picture(rig, publisher, 0, "no picture");
    for (int i = 0; i < 3; ++i) {
      Client client(rig, kGet);
      REQUIRE(answered(client));
      CHECK(client.status == 503);
    }
    CHECK(rig.snapshot_metrics.failed.value() == 1);
    picture(rig, publisher, 40);
    CHECK(rig.snapshot_metrics.made.value() == 0);
  }

  TEST_CASE("snapshots: clients that leave while they wait are forgotten") {
    config::Config config = patient_config();
    config.stream.unknown_wait = base::Millis(60'000);
    SnapshotRig rig(config);
    {
      Client leaves(rig, kGet);
      rig.settle();
      leaves.peer.close();
      REQUIRE(rig.loop.run_until([&] { return rig.server->size() == 0; }));
    }
    FakePublisher publisher(rig);
    publisher.publish();
    picture(rig, publisher, 0);
    Client client(rig, kGet);
    REQUIRE(answered(client));
    CHECK(client.status == 200);
  }

  TEST_CASE("snapshots: a full pool is 503, and whoever waits at the end is answered") {
    SnapshotRig rig;
    FakePublisher publisher(rig);
    publisher.publish();
    picture(rig, publisher, 0);
    SUBCASE("a closed pool takes nothing") {
      rig.pool.close();
      Client client(rig, kGet);
      REQUIRE(answered(client));
      CHECK(client.status == 503);
      CHECK(rig.snapshot_metrics.refused.value() == 1);
    }
    SUBCASE("the node drains") {
      Client waits(rig, get("/cams/other.jpg"));
      rig.settle();
      rig.snapshots->drain();
      REQUIRE(answered(waits));
      CHECK(waits.status == 503);
      Client late(rig, kGet);
      REQUIRE(answered(late));
      CHECK(late.status == 503);
    }
  }
}
