// SPDX-License-Identifier: Apache-2.0
#include "config/print.h"

#include <doctest/doctest.h>

#include "config/schema.h"
#include "diagnostics.h"

using namespace sluice;
using namespace sluice::config;

namespace {

// A value that differs from the default in every key.
Config all_changed() {
  Config config;
  config.node = {"edge-1", "/srv/sluice", 3, Millis(1)};
  config.log = {base::log::Level::Error, base::log::Format::Json};
  config.listen = {{"127.0.0.1:1"}, {}, {"[::1]:2", "127.0.0.1:3"}};
  config.rtmp = {Millis(100), Millis(101), Millis(102), 128, 129, 4,
                 16 * kMiB,   kMiB,        4 * kKiB,    1,   2};
  config.http = {Millis(100), Millis(101),           kMiB, 8, 1, 2,
                 Millis(103), "https://example.com", false};
  config.stream = {PublishPolicy::Always, Millis(0), Millis(1), Millis(2), kMiB,
                   Millis(1001),          4 * kGiB,  Millis(3), 1,         64,
                   H265InFlv::Legacy};
  config.sound = {SoundTranscode::Never, SoundInFlv::Aac, 16'000, true};
  config.source = {SourceTransport::Udp, true,  Millis(1),   Millis(100), Millis(2),
                   Damaged::Pass,        false, Millis(101), Millis(500), Millis(100),
                   Millis(101),          9};
  config.deliver = {Millis(1), Millis(10), 4 * kKiB, Millis(100), Millis(101), Millis(1'000), 1, 2};
  config.hls = {Millis(500),   Millis(1'000), Millis(100),       3,
                Millis(1'001), false,         HlsSession::Cookie};
  config.snapshot = {Millis(0), 16};
  config.watchdog = {Millis(10), Millis(0)};
  config.streams["a/b"].publish = PublishPolicy::SameAddress;
  config.streams["c:d@e/f"];
  StreamOverrides &camera = config.streams["cams/gate"];
  camera.source = {"rtsp://10.0.0.5/main", "rtsps://[fe80::1]:322/sub?channel=1"};
  camera.transport = SourceTransport::Multicast;
  camera.on_demand = false;
  camera.stop_after = Millis(7);
  camera.start_timeout = Millis(150);
  camera.keep_viewers = Millis(0);
  camera.damaged = Damaged::Drop;
  camera.verify_tls = true;
  camera.connect_timeout = Millis(102);
  camera.media_timeout = Millis(501);
  camera.renditions = {"cams/gate_sub", "cams/gate_tiny"};
  return config;
}

}  // namespace

TEST_SUITE("config") {
  TEST_CASE("print: what is printed loads as the same configuration") {
    for (const Config &config : {Config{}, all_changed()}) {
      const LoadResult result = load_text("f", print(config));
      CHECK(lines_of(result).empty());
      REQUIRE(result.config.has_value());
      CHECK(*result.config == config);
    }
  }

  TEST_CASE("print: every key is printed") {
    const std::string text = print(Config{});
    for (const Field &field : fields()) {
      if (!field.is_override()) CHECK(text.find(std::string(field.key()) + ":") != text.npos);
    }
  }

  TEST_CASE("print: URLs are shown without what is secret in them, and kept with it") {
    Config config;
    config.streams["a/b"].source = {"rtsp://viewer:canary@10.0.0.5/s?token=canary&channel=1"};
    const std::string shown = print(config);
    CHECK(shown.contains("\"rtsp://***@10.0.0.5/s?token=***&channel=1\""));
    CHECK_FALSE(shown.contains("canary"));
    const LoadResult kept = load_text("f", print_streams_in_clear(config.streams));
    REQUIRE(kept.config.has_value());
    CHECK(kept.config->streams == config.streams);
  }

  TEST_CASE("print: a secret is a row of stars, and an empty one is empty") {
    Config config;
    CHECK(print(config).find("  token: \"\"\n") != std::string::npos);
    config.admin.token = "0123456789abcdef";
    const std::string text = print(config);
    CHECK(text.find("  token: \"***\"\n") != std::string::npos);
    CHECK(text.find("0123456789abcdef") == std::string::npos);
  }
}
