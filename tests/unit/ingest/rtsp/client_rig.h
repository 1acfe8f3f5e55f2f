// SPDX-License-Identifier: Apache-2.0
// ClientRig: an RtspClient that reads a ScriptedCamera, on one TestLoop with it.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/rtsp/rtsp_client.h"
#include "ingest/rtsp/scripted_camera.h"

namespace sluice::test {

struct ClientRig : ingest::rtsp::RtspClientEvents {
  using Way = ingest::rtsp::Way;

  explicit ClientRig(std::vector<Way> ways = {Way::Tcp}) { settings.ways = std::move(ways); }
  ~ClientRig() {
    client.reset();
    loop.run_ready(10);  // What the client leaves behind goes a little later.
  }

  void start(const std::string &url) {
    settings.url = *wire::rtsp::Url::parse(url);
    client = std::make_unique<ingest::rtsp::RtspClient>(
        ingest::rtsp::ClientContext{
            *loop, *resolver, memory, batch, {pool, metrics, stream_metrics}, farewells},
        settings, *this);
    client->start();
  }
  [[nodiscard]] bool plays(ScriptedCamera &camera, const std::string &credentials = "") {
    start(camera.url(credentials));
    return sees_frames();
  }
  [[nodiscard]] bool sees_frames() {
    (void)loop.run_until([&] { return frames > 0 || end.has_value(); });
    return frames > 0 && !end;
  }
  // Why it ended, or nothing when it did not.
  std::optional<stream::PullEndReason> ends(const std::string &url) {
    start(url);
    return wait_for_end();
  }
  std::optional<stream::PullEndReason> wait_for_end() {
    (void)loop.run_until([&] { return end.has_value(); });
    return end ? std::optional(end->reason) : std::nullopt;
  }
  // Waits a short time for what should come and does not.
  void be_impatient() { settings.connect_timeout = base::Millis(200); }
  [[nodiscard]] bool noted(std::string_view what) const {
    return std::ranges::any_of(notes, [&](const auto &note) { return note == what; });
  }

  void on_described() override { client->set_up(); }
  void on_playing() override { ++playing; }
  void on_client_end(const stream::PullEnd &e) override { end = e; }
  void on_track(const media::Track &) override {}
  void on_frame(media::Frame &&) override { ++frames; }
  void on_ignored(const char *what) override { notes.emplace_back(what); }
  void on_quirk(const char *what) override { notes.emplace_back(what); }

  TestLoop loop;
  metrics::Registry registry;
  ingest::rtsp::RtspMetrics metrics{registry};
  stream::StreamMetrics stream_metrics{registry};
  media::BufferPool pool;
  net::UdpBatch batch;
  std::vector<std::byte> memory = std::vector<std::byte>(ingest::rtsp::RtspLink::kReadBytes +
                                                         ingest::rtsp::RtspLink::kSpareBytes);
  std::unique_ptr<net::Resolver> resolver = *net::Resolver::open(*loop, {});
  std::shared_ptr<ingest::rtsp::Farewells> farewells =
      std::make_shared<ingest::rtsp::Farewells>(*loop);
  ingest::rtsp::ClientSettings settings;
  std::unique_ptr<ingest::rtsp::RtspClient> client;
  std::optional<stream::PullEnd> end;
  int frames = 0;
  int playing = 0;
  std::vector<std::string> notes;  // quirks, and what was ignored
};

}  // namespace sluice::test
