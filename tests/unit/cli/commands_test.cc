// SPDX-License-Identifier: Apache-2.0
// Dispatch and help, and run and check, which work on a configuration file of this machine.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "cli/fake_terminal.h"

namespace sluice::cli {
namespace {

// A configuration file that is gone when the test is.
class ConfigFile {
 public:
  explicit ConfigFile(std::string_view text) {
    char folder[] = "/tmp/sluice-cli-test-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    folder_ = folder;
    std::ofstream(path()) << text;
  }
  ~ConfigFile() { std::filesystem::remove_all(folder_); }
  ConfigFile(const ConfigFile &) = delete;
  ConfigFile &operator=(const ConfigFile &) = delete;

  [[nodiscard]] std::string path() const { return folder_ + "/sluice.yaml"; }

 private:
  std::string folder_;
};

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("dispatch: without a command the help goes to the error stream and usage is wrong") {
    FakeTerminal terminal;
    CHECK(terminal.run({}) == kExitUsage);
    CHECK(terminal.out.str().empty());
    CHECK(terminal.err.str().starts_with("Usage: sluice COMMAND"));
  }

  TEST_CASE("dispatch: help names every command, and each command has help of its own") {
    FakeTerminal general;
    CHECK(general.run({"--help"}) == kExitOk);
    for (const Command &command : commands()) {
      CAPTURE(command.name);
      CHECK(general.out.str().find(command.name) != std::string::npos);
      FakeTerminal by_option;
      CHECK(by_option.run({command.name, "--help"}) == kExitOk);
      FakeTerminal by_command;
      CHECK(by_command.run({"help", command.name}) == kExitOk);
      CHECK(by_option.out.str() == by_command.out.str());
      for (const Option &option : command.options) {
        CHECK(by_option.out.str().find("--" + std::string(option.name)) != std::string::npos);
      }
    }
  }

  TEST_CASE("dispatch: help fits into 100 columns") {
    std::string all = general_help();
    for (const Command &command : commands())
      all += command_help(command);
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);)
      CHECK(line.size() <= 100);
  }

  TEST_CASE("dispatch: a wrong command, option or operand is wrong usage and says what was meant") {
    FakeTerminal command;
    CHECK(command.run({"stauts"}) == kExitUsage);
    CHECK(command.err.str().find("did you mean status?") != std::string::npos);
    FakeTerminal option;
    CHECK(option.run({"status", "--jsno"}) == kExitUsage);
    CHECK(option.err.str().find("did you mean --json?") != std::string::npos);
    FakeTerminal missing;
    CHECK(missing.run({"kick"}) == kExitUsage);
    CHECK(missing.err.str().find("ID... is missing") != std::string::npos);
    FakeTerminal surplus;
    CHECK(surplus.run({"status", "now"}) == kExitUsage);
    CHECK(surplus.err.str().find("now is one too many") != std::string::npos);
    CHECK(surplus.requests.empty());
  }

  TEST_CASE("version: printed by command and by option, for people and for programs") {
    FakeTerminal word, option, json;
    CHECK(word.run({"version"}) == kExitOk);
    CHECK(option.run({"--version"}) == kExitOk);
    CHECK(word.out.str() == "sluice " SLUICE_VERSION "\n");
    CHECK(option.out.str() == word.out.str());
    CHECK(json.run({"version", "--json"}) == kExitOk);
    CHECK(json.out.str().find("\"version\": \"" SLUICE_VERSION "\"") != std::string::npos);
  }

  TEST_CASE("run: hands the configuration's path to the node") {
    FakeTerminal terminal;
    CHECK(terminal.run({"run", "--config", "/x/y.yaml"}) == kExitOk);
    CHECK(terminal.ran_with == "/x/y.yaml");
    CHECK(terminal.run({"run"}) == kExitOk);
    CHECK(terminal.ran_with == kDefaultConfig);
  }

  TEST_CASE("check: a good configuration is said to be good") {
    ConfigFile file("log: {level: debug}\n");
    FakeTerminal terminal;
    CHECK(terminal.run({"check", "--config", file.path()}) == kExitOk);
    CHECK(terminal.out.str() == file.path() + ": good (1 file read)\n");
    CHECK(terminal.err.str().empty());
  }

  TEST_CASE("check: every mistake is listed with its place, and the exit code is EX_CONFIG") {
    ConfigFile file("lgo: {level: debug}\nhttp:\n  idle_timeout: 5\n");
    FakeTerminal terminal;
    CHECK(terminal.run({"check", "-c", file.path()}) == kExitBadConfig);
    CHECK(terminal.err.str().find(file.path() + ":1:1: error: ") != std::string::npos);
    CHECK(terminal.err.str().find(file.path() + ":3:") != std::string::npos);
    CHECK(terminal.err.str().ends_with(": 2 mistakes found\n"));
    FakeTerminal json;
    CHECK(json.run({"check", "-c", file.path(), "--json"}) == kExitBadConfig);
    CHECK(json.out.str().find("\"ok\": false") != std::string::npos);
    CHECK(json.out.str().find("\"line\": 3") != std::string::npos);
  }

  TEST_CASE("check: a file that is not there is a mistake in the configuration") {
    FakeTerminal terminal;
    CHECK(terminal.run({"check", "-c", "/nonexistent/sluice.yaml"}) == kExitBadConfig);
    CHECK(terminal.err.str().find("/nonexistent/sluice.yaml") != std::string::npos);
  }

  TEST_CASE("check: --print shows what is in effect, without secrets") {
    ConfigFile file("admin: {token: 0123456789abcdef-canary}\n");
    FakeTerminal terminal;
    CHECK(terminal.run({"check", "-c", file.path(), "--print"}) == kExitOk);
    CHECK(terminal.out.str().find("viewer_grace: 30s") != std::string::npos);
    CHECK(terminal.out.str().find("canary") == std::string::npos);
  }

  TEST_CASE("admin address: it and the token come from the configuration that is named") {
    ConfigFile file(
        "listen: {admin: [\"0.0.0.0:9191\"]}\nadmin: {token: 0123456789abcdef-config}\n");
    FakeTerminal terminal;
    terminal.run({"status", "-c", file.path()});
    CHECK(
        terminal.requests ==
        std::vector<std::string>{"GET http://127.0.0.1:9191/api/v1/node 0123456789abcdef-config"});
    terminal.environment["SLUICE_ADMIN_TOKEN"] = "from-environment";
    terminal.run({"status", "-c", file.path(), "--admin", "http://[::1]:7/"});
    CHECK(terminal.requests.back() == "GET http://[::1]:7/api/v1/node from-environment");
  }

  TEST_CASE("admin address: a broken configuration is named with its first mistake") {
    ConfigFile file("nonsense: 1\n");
    FakeTerminal terminal;
    CHECK(terminal.run({"streams", "-c", file.path()}) == kExitBadConfig);
    CHECK(terminal.err.str().find(file.path() + ":1:1: error: ") != std::string::npos);
    CHECK(terminal.requests.empty());
  }
}

}  // namespace sluice::cli
