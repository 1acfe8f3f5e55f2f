// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "diagnostics.h"
#include "support/temp_folder.h"

using namespace sluice;
using namespace sluice::config;
using std::chrono::milliseconds;

TEST_SUITE("config") {
  TEST_CASE("load: nothing at all is the defaults") {
    for (const char *text : {"", "\n", "# only a comment\n", "---\n", "{}", "rtmp:\nhttp: {}\n"}) {
      CAPTURE(text);
      const LoadResult result = load_text("f", text);
      CHECK(result.diagnostics.empty());
      REQUIRE(result.config.has_value());
      CHECK(*result.config == Config{});
    }
  }

  TEST_CASE("load: a value of each type reaches its member") {
    const LoadResult result = load_text("f",
                                        "node: {id: edge-1, workers: 4}\n"
                                        "log: {level: debug, format: json}\n"
                                        "listen: {http: [\"127.0.0.1:80\"], rtmp: []}\n"
                                        "rtmp: {stall_timeout: 1m, max_message_size: 2MiB}\n"
                                        "http: {max_headers: 32}\n"
                                        "stream: {publish: same-address, h265_in_flv: legacy}\n"
                                        "watchdog: {fatal: 0s}\n"
                                        "streams: {uin1/gate: {publish: always}, uin1/door: }\n");
    CHECK(result.diagnostics.empty());
    REQUIRE(result.config.has_value());
    const Config &config = *result.config;
    CHECK(config.node.id == "edge-1");
    CHECK(config.node.workers == 4);
    CHECK(config.log.level == base::log::Level::Debug);
    CHECK(config.log.format == base::log::Format::Json);
    CHECK(config.listen.http == std::vector<std::string>{"127.0.0.1:80"});
    CHECK(config.listen.rtmp.empty());
    CHECK(config.rtmp.stall_timeout == milliseconds(60'000));
    CHECK(config.rtmp.max_message_size == 2 * kMiB);
    CHECK(config.http.max_headers == 32);
    CHECK(config.stream.h265_in_flv == H265InFlv::Legacy);
    CHECK(config.watchdog.fatal == milliseconds(0));
    CHECK(config.publish_policy("uin1/gate") == PublishPolicy::Always);
    CHECK(config.publish_policy("uin1/door") == PublishPolicy::SameAddress);
    CHECK(config.publish_policy("uin1/other") == PublishPolicy::SameAddress);
  }

  TEST_CASE("load: every mistake of a file is found in one run, each at its place") {
    const auto lines = mistakes(
        "nod: {}\n"
        "rtmp:\n"
        "  stall_timout: 3s\n"
        "  publish_timeout: 10\n"
        "  max_chunk_streams: 1\n"
        "http:\n"
        "  max_headers: [1]\n"
        "  cors_origin:\n"
        "log:\n"
        "  level: verbose\n"
        "listen:\n"
        "  http: 127.0.0.1:80\n"
        "  rtmp: [localhost:1935, \"[::]:1935\", {}]\n"
        "streams:\n"
        "  gate: {}\n"
        "  a/b: {publsh: always}\n"
        "watchdog: 3s\n");
    const std::vector<std::string> expected = {
        "f:1:1: error: unknown key \"nod\"; the nearest known key is \"node\"",
        "f:3:3: error: unknown key \"stall_timout\" in rtmp; the nearest known key is "
        "\"stall_timeout\"",
        "f:4:20: error: rtmp.publish_timeout \"10\" has no unit; write 10s if that is meant",
        "f:5:22: error: rtmp.max_chunk_streams \"1\" is out of range, which is 4 to 1024",
        "f:7:16: error: http.max_headers must be a single value, and this is a list",
        "f:8:3: error: http.cors_origin needs a value",
        "f:10:10: error: log.level \"verbose\" must be debug, info, warning or error",
        "f:12:9: error: listen.http must be a list, such as [\"[::]:8080\"]",
        "f:13:10: error: listen.rtmp \"localhost:1935\" must be an address in numbers with a port, "
        "such as \"127.0.0.1:8080\" or \"[::]:8080\"",
        "f:13:39: error: listen.rtmp takes single values, and this is a section",
        "f:15:3: error: the stream name \"gate\" must be \"<server>/<camera>\", each of letters, "
        "digits and . _ ~ @ : + = - and not starting with a dot",
        "f:16:9: error: unknown key \"publsh\" in streams; the nearest known key is \"publish\"",
        "f:17:11: error: watchdog must hold keys with values, and this is a single value"};
    CHECK(lines == expected);
    CHECK_FALSE(load_text("f", "nod: {}\n").config.has_value());
  }

  TEST_CASE("load: numbers at the ends of their range are taken, and not beyond") {
    CHECK(mistake("rtmp: {chunk_size_out: 128B}").empty());
    CHECK(mistake("rtmp: {chunk_size_out: 64KiB}").empty());
    CHECK(mistake("rtmp: {chunk_size_out: 127B}") ==
          "f:1:24: error: rtmp.chunk_size_out \"127B\" is out of range, which is 128B to 64KiB");
    CHECK_FALSE(mistake("rtmp: {chunk_size_out: 65537B}").empty());
    CHECK(mistake("node: {workers: auto}").empty());
    CHECK(mistake("node: {workers: 256}").empty());
    CHECK_FALSE(mistake("node: {workers: 0}").empty());
    CHECK_FALSE(mistake("node: {workers: 257}").empty());
  }

  TEST_CASE("load: a list cannot be made huge") {
    std::string text = "listen:\n  http:\n";
    for (int i = 0; i < 65; ++i)
      text += "    - 127.0.0.1:" + std::to_string(1000 + i) + "\n";
    CHECK(mistake(text) == "f:3:5: error: listen.http has more than 64 items");
  }

  TEST_CASE("load: a broken token is named by its key and never shown") {
    for (const char *token : {"hunter2", "\"hunter2 hunter2 hunter2\"", "[hunter2]", "{hunter2: x}",
                              "password", "\"@hunter2\""}) {
      CAPTURE(token);
      const std::string said = mistake("admin: {token: " + std::string(token) + "}");
      CHECK(said.starts_with("f:1:16: error: admin.token"));
      CHECK(said.find("hunter2") == std::string::npos);
    }
  }

  TEST_CASE("load: conf.d and plugins-enabled are read after the main file, by name") {
    test::TempFolder folder;
    const std::string main = folder.write(
        "sluice.yaml",
        "node: {id: main, workers: 2}\nlisten: {http: [\"127.0.0.1:1\", \"127.0.0.1:2\"]}\n"
        "streams: {a/b: {publish: always}}\n");
    folder.write("conf.d/20-b.yaml", "node: {id: second}\nlisten: {http: [\"127.0.0.1:3\"]}\n");
    folder.write("conf.d/10-a.yaml", "node: {id: first}\nstreams: {c/d: {publish: refuse}}\n");
    folder.write("conf.d/30-c.yaml.dpkg-old", "node: {id: old}\n");
    folder.write("conf.d/.40-hidden.yaml", "node: {id: hidden}\n");
    folder.write("plugins-enabled/auth.yaml", "log: {level: debug}\n");
    const LoadResult result = load(main);
    CHECK(lines_of(result).empty());
    REQUIRE(result.config.has_value());
    CHECK(result.config->node.id == "second");
    CHECK(result.config->node.workers == 2);
    CHECK(result.config->listen.http == std::vector<std::string>{"127.0.0.1:3"});
    CHECK(result.config->streams.size() == 2);
    CHECK(result.config->log.level == base::log::Level::Debug);
    const std::vector<std::string> files = {main, folder.path("conf.d/10-a.yaml"),
                                            folder.path("conf.d/20-b.yaml"),
                                            folder.path("plugins-enabled/auth.yaml")};
    CHECK(result.files == files);
  }

  TEST_CASE("load: mistakes of all files come in one run, in the order of reading") {
    test::TempFolder folder;
    const std::string main = folder.write("sluice.yaml", "nod: {}\n");
    folder.write("conf.d/a.yaml", "log: {level: 3}\n");
    std::filesystem::create_symlink("/nonexistent", folder.path("conf.d/b.yaml"));
    const auto lines = lines_of(load(main));
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].starts_with(main + ":1:1: error: unknown key"));
    CHECK(lines[1].starts_with(folder.path("conf.d/a.yaml") + ":1:14: error: log.level"));
    CHECK(lines[2] ==
          folder.path("conf.d/b.yaml") + ": error: cannot be read: No such file or directory");
  }

  TEST_CASE("load: a main file that is missing or no file is an error") {
    test::TempFolder folder;
    const auto lines = lines_of(load(folder.path("none.yaml")));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].ends_with("none.yaml: error: cannot be read: No such file or directory"));
    CHECK_FALSE(load("/dev/zero").config.has_value());
    CHECK_FALSE(load(folder.path("")).config.has_value());
  }

  TEST_CASE("load: a file of a hundred megabytes is refused without being read") {
    test::TempFolder folder;
    const std::string main = folder.write("sluice.yaml", "[");
    std::filesystem::resize_file(main, 100'000'000);
    const auto lines = lines_of(load(main));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] == main + ": error: is larger than 1MiB");
  }
}
