// SPDX-License-Identifier: Apache-2.0
// A whole node in the test's process: its start, and its end.
#include "node/node.h"

#include <doctest/doctest.h>
#include <signal.h>

#include "support/socket_pair.h"

using namespace sluice;
using node::Node;

namespace {

config::Config on_free_ports() {
  config::Config config;
  config.node.workers = 2;
  config.node.drain_timeout = base::Millis(1'000);
  config.listen.http = {"127.0.0.1:0"};
  config.listen.rtmp = {"127.0.0.1:0"};
  config.listen.rtsp = {"127.0.0.1:0"};
  config.listen.admin = {"127.0.0.1:0"};
  return config;
}

// Ends the node as an operator does.
int run_and_terminate(Node &node) {
  loop::Timer soon(node.loop(), [] { raise(SIGTERM); });
  soon.start(base::Millis(1));
  return node.run();
}

}  // namespace

TEST_SUITE("node") {
  TEST_CASE("node: starts, says where it listens, and ends in order") {
    Node node("", on_free_ports());
    REQUIRE(node.start().has_value());
    CHECK(node.state() == node::State::Starting);
    auto bound = node.addresses();
    REQUIRE(bound.http.size() == 1);
    CHECK(bound.http.front() != "127.0.0.1:0");
    CHECK(bound.rtmp.size() == 1);
    CHECK(bound.rtsp.size() == 1);
    CHECK(bound.admin.size() == 1);
    CHECK(run_and_terminate(node) == 0);
  }

  TEST_CASE("node: ends with connections in every stage") {
    Node node("", on_free_ports());
    REQUIRE(node.start().has_value());
    auto connect = [&](const std::vector<std::string> &to) {
      return test::Peer::connect_to(*net::Address::parse(to.front()));
    };
    std::vector<test::Peer> peers;
    for (int i = 0; i < 8; ++i) {
      peers.push_back(connect(node.addresses().http));
      peers.back().write(i % 2 == 0 ? "GET /cams/gate.flv HTTP/1.1\r\nHost: h\r\n\r\n" : "GET /");
      peers.push_back(connect(node.addresses().rtmp));
      peers.back().write(std::string(1, '\x03') + std::string(i % 2 == 0 ? 100 : 1'536, 'x'));
      peers.push_back(connect(node.addresses().rtsp));
      peers.back().write(i % 2 == 0 ? "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" : "OPTIONS ");
      peers.push_back(connect(node.addresses().admin));
      peers.back().write("GET /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }
    CHECK(run_and_terminate(node) == 0);
  }

  TEST_CASE("node: does not start on a port that somebody listens on, and the other goes on") {
    Node first("", on_free_ports());
    REQUIRE(first.start().has_value());
    auto bound = first.addresses();
    config::Config config = on_free_ports();
    SUBCASE("for HTTP") { config.listen.http = bound.http; }
    SUBCASE("for RTMP") { config.listen.rtmp = bound.rtmp; }
    SUBCASE("for the admin API") { config.listen.admin = bound.admin; }
    SUBCASE("for another of its kinds") { config.listen.rtmp = bound.http; }
    {
      Node second("", config);
      auto started = second.start();
      REQUIRE_FALSE(started.has_value());
      CHECK(started.error().sys == EADDRINUSE);
    }
    CHECK(run_and_terminate(first) == 0);
  }

  TEST_CASE("node: does not start with two kinds on one port of its own") {
    auto loop = std::make_unique<test::TestLoop>();
    std::string free;
    {
      auto listener = net::Listener::open(**loop, *net::Address::parse("127.0.0.1:0"), [](auto) {});
      REQUIRE(listener.has_value());
      free = (*listener)->address().to_string();
    }
    loop.reset();
    config::Config config = on_free_ports();
    config.listen.http = {free};
    SUBCASE("HTTP and RTMP") { config.listen.rtmp = {free}; }
    SUBCASE("HTTP and admin") { config.listen.admin = {free}; }
    Node node("", config);
    auto started = node.start();
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().sys == EADDRINUSE);
  }
}
