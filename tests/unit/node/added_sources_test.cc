// SPDX-License-Identifier: Apache-2.0
#include "node/added_sources.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace sluice;
using node::AddedSources;
using node::parse_added_source;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/sluice-added-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  [[nodiscard]] std::string file() const { return path + "/sources.yaml"; }

  std::string path;
};

config::StreamOverrides camera(const std::string &url) {
  config::StreamOverrides overrides;
  overrides.source = {url};
  overrides.on_demand = true;
  return overrides;
}

}  // namespace

TEST_SUITE("node") {
  TEST_CASE("added sources: what was put is there again, in a file for the node alone") {
    Folder folder;
    AddedSources first(folder.path);
    REQUIRE(first.put("a/b", camera("rtsp://u:p@h/1")).has_value());
    REQUIRE(first.put("c/d", camera("rtsp://h/2")).has_value());
    REQUIRE(first.remove("c/d").has_value());
    struct stat info{};
    REQUIRE(stat(folder.file().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    AddedSources second(folder.path);
    CHECK(second.streams() == first.streams());
    CHECK(second.streams().find("a/b")->second == camera("rtsp://u:p@h/1"));
  }

  TEST_CASE("added sources: the configuration's own entry wins") {
    Folder folder;
    AddedSources added(folder.path);
    REQUIRE(added.put("a/b", camera("rtsp://h/added")).has_value());
    REQUIRE(added.put("c/d", camera("rtsp://h/2")).has_value());
    config::Config own;
    own.streams["a/b"].source = {"rtsp://h/own"};
    const config::Config both = added.laid_over(own);
    CHECK(both.streams.find("a/b")->second.source.front() == "rtsp://h/own");
    CHECK(both.has_source("c/d"));
  }

  TEST_CASE("added sources: a file with mistakes is neither used nor overwritten") {
    Folder folder;
    std::ofstream(folder.file()) << "streams: {a/b: {source: rtsp://h:0/}}\n";
    AddedSources added(folder.path);
    CHECK(added.streams().empty());
    auto put = added.put("c/d", camera("rtsp://h/2"));
    REQUIRE_FALSE(put.has_value());
    CHECK(put.error().code == base::Code::Operator);
    CHECK(std::filesystem::file_size(folder.file()) > 20);
  }

  TEST_CASE("added sources: what cannot be written changes nothing") {
    AddedSources added("/nonexistent/sluice");
    auto put = added.put("a/b", camera("rtsp://h/1"));
    REQUIRE_FALSE(put.has_value());
    CHECK(put.error().code == base::Code::System);
    CHECK(added.streams().empty());
  }

  TEST_CASE("added sources: their number and size are bounded") {
    Folder folder;
    AddedSources added(folder.path);
    config::StreamOverrides large;
    for (int i = 0; i < 8; ++i)
      large.source.push_back("rtsp://h/" + std::string(1'000, 'x'));
    base::Status put;
    int number = 0;
    while (put && number < 200)
      put = added.put("a/" + std::to_string(number++), large);
    REQUIRE_FALSE(put.has_value());
    CHECK(put.error().code == base::Code::Busy);
  }

  TEST_CASE("added sources: a body is checked as the configuration is, and shows no secret") {
    auto good = parse_added_source(
        "a/b", R"({"source":["rtsp://h/1","rtsp://h/2"],"on_demand":true,"stop_after":"5s"})");
    REQUIRE(good.has_value());
    CHECK(good->source.size() == 2);
    CHECK(good->on_demand == true);
    CHECK(good->stop_after == base::Millis(5'000));
    for (const std::string body :
         {"", "5", "[]", "{}", R"({"source":"canary"})", R"({"source":"rtsp://u:canary@h:0/"})",
          R"({"source":"@/etc/passwd"})", R"({"source":["${HOME}"]})", R"({"source":{"a":"b"}})",
          R"({"source":"rtsp://h/","on_demnad":true})", R"({"source":"rtsp://h/","stop_after":5})",
          R"({"source":"rtsp://h/\n"})", R"({"source":null})"}) {
      CAPTURE(body);
      auto bad = parse_added_source("a/b", body);
      REQUIRE_FALSE(bad.has_value());
      CHECK_FALSE(bad.error().empty());
      CHECK_FALSE(bad.error().contains("canary"));
    }
    CHECK_FALSE(parse_added_source("a/b", std::string(60'000, '[')).has_value());
    CHECK_FALSE(parse_added_source("../x", R"({"source":"rtsp://h/"})").has_value());
  }
}
