// SPDX-License-Identifier: Apache-2.0
// HlsRig: a worker with HLS whose publisher has sent some segments already; and requests for it,
// each on a connection of its own.
#pragma once

#include <string>
#include <string_view>

#include "deliver/deliver_rig.h"
#include "deliver/hls_delivery.h"

namespace sluice::test {

// Segments of half a second, and sessions that are soon over.
inline config::Config hls_config() {
  config::Config config = quick_config();
  config.hls.segment = base::Millis(500);
  config.hls.session_timeout = base::Millis(1'000);
  return config;
}
// Nothing ends by itself, however slow the machine is.
inline config::Config patient_hls_config() {
  config::Config config = hls_config();
  config.hls.session_timeout = base::Millis(60'000);
  return config;
}

struct HlsAnswer {
  int status = 0;
  std::string head;
  std::string body;

  // Of the head; empty when it has no such field.
  [[nodiscard]] std::string field(std::string_view name) const {
    std::string line = "\r\n" + std::string(name) + ": ";
    std::size_t at = head.find(line);
    if (at == std::string::npos) return {};
    at += line.size();
    return head.substr(at, head.find('\r', at) - at);
  }
};

struct HlsRig : DeliverRig {
  explicit HlsRig(config::Config c = hls_config()) : DeliverRig(std::move(c)) {
    hls.add_routes(router);
    publisher.publish().with_tracks();
    // Who asks first starts the cutting.
    Client first(*this, request("GET", "/cams/gate/live.m3u8"));
    settle();
    play(3'000);
    REQUIRE(first.wait([&] { return first.status == 200; }));
  }
  ~HlsRig() { server.reset(); }

  // That much media with two key frames per second.
  void play(std::int64_t ms) {
    for (std::int64_t end = now_ms + ms; now_ms < end; now_ms += 50) {
      publisher.video(now_ms, now_ms % 500 == 0);
      publisher.audio(now_ms);
      settle();
    }
  }

  static std::string request(std::string_view method, std::string_view target,
                             std::string_view fields = {}) {
    return std::string(method) + " " + std::string(target) +
           " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + std::string(fields) + "\r\n";
  }
  HlsAnswer finish(Client &client) {
    REQUIRE(client.wait_for_end());
    client.poll();
    return {client.status, client.head, client.body};
  }
  HlsAnswer ask(std::string_view method, std::string_view target, std::string_view fields = {}) {
    Client client(*this, request(method, target, fields));
    return finish(client);
  }
  HlsAnswer get(std::string_view target, std::string_view fields = {}) {
    return ask("GET", target, fields);
  }
  // Of a session that begins: "/cams/gate/<session>/".
  std::string begin_session() {
    HlsAnswer master = get("/cams/gate/index.m3u8");
    REQUIRE(master.status == 200);
    std::size_t at = master.body.find('~');
    REQUIRE(at != std::string::npos);
    return "/cams/gate/" + master.body.substr(at, deliver::kHlsSessionLength) + "/";
  }
  // The last line of a playlist that names a file.
  static std::string last_file(const std::string &playlist) {
    std::size_t end = playlist.size();
    while (true) {
      std::size_t start = playlist.rfind('\n', end - 2) + 1;
      if (playlist[start] != '#') return playlist.substr(start, end - 1 - start);
      end = start;
    }
  }
  [[nodiscard]] std::vector<stream::SessionInfo> sessions() const {
    return shelf->sessions().describe();
  }
  [[nodiscard]] stream::SessionInfo only_session() const {
    auto viewers = sessions();
    std::erase_if(viewers, [](const auto &s) { return std::string_view(s.kind) != "viewer"; });
    REQUIRE(viewers.size() == 1);
    return viewers.front();
  }

  deliver::HlsShared shared{registry, deliver_metrics};
  deliver::HlsDelivery hls{*shelf, shared};
  FakePublisher publisher{*this};
  std::int64_t now_ms = 0;
};

}  // namespace sluice::test
