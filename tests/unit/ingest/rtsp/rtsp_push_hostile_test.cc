// SPDX-License-Identifier: Apache-2.0
// What hostile RTSP pushers try: lengths that lie, interleaved nonsense, requests without their
// fields, the HTTP tunnel, and transports that lead to somebody else.
#include <doctest/doctest.h>

#include "ingest/rtsp/push_rig.h"
#include "net/udp_socket.h"

using namespace sluice;
using net::Address;
using net::UdpSocket;
using test::interleaved;
using test::push_sdp;
using test::Pusher;
using test::PushRig;
using test::rtp_picture;

namespace {

struct Datagrams final : net::UdpEvents {
  void on_datagram(base::MutableBytes datagram, const Address &) override {
    got.emplace_back(base::as_text(datagram));
  }
  std::vector<std::string> got;
};

// An even port and the next one of a pusher over UDP.
struct UdpPorts {
  explicit UdpPorts(PushRig &rig, const char *host = "127.0.0.1:0")
      : pair(*UdpSocket::open_pair(*rig.loop, batch, *Address::parse(host), {}, {})) {
    pair.rtcp->set_events(&reports);
  }
  [[nodiscard]] std::string wish() const {
    int port = pair.rtp->local().port();
    return "RTP/AVP;unicast;client_port=" + std::to_string(port) + "-" + std::to_string(port + 1) +
           ";mode=record";
  }
  void send(std::string_view packet, std::uint16_t port) {
    Address to = Address::parse("127.0.0.1:0")->with_port(port);
    REQUIRE(pair.rtp->send_to(base::as_bytes(packet), to).has_value());
  }
  void picture(std::uint16_t port, std::uint16_t sequence) {
    send(rtp_picture(sequence, sequence * 3600U), port);
  }

  net::UdpBatch batch;
  UdpSocket::Pair pair;
  Datagrams reports;
};

std::uint16_t server_port(const test::PushAnswer &answer) {
  const std::string &transport = answer.fields.at("Transport");
  std::size_t at = transport.find("server_port=");
  REQUIRE(at != std::string::npos);
  return static_cast<std::uint16_t>(std::stoi(transport.substr(at + 12)));
}

}  // namespace

TEST_SUITE("ingest") {
  TEST_CASE("rtsp push: publishes over UDP") {
    PushRig rig;
    Pusher pusher(rig);
    UdpPorts ports(rig);
    pusher.announce();
    auto setup = pusher.set_up(0, ports.wish());
    REQUIRE(setup.status == 200);
    CHECK(setup.fields["Transport"].starts_with("RTP/AVP;unicast;client_port="));
    CHECK(server_port(setup) % 2 == 0);
    CHECK(pusher.record().status == 200);
    for (std::uint16_t i = 1; i <= 3; ++i)
      ports.picture(server_port(setup), i);
    REQUIRE(rig.wait_for_frames(3));
    CHECK(rig.shelf->sessions().describe()[0].bytes_in > 300);
  }

  TEST_CASE("rtsp push: datagrams of another host are not the pusher's") {
    PushRig rig;
    Pusher pusher(rig);
    UdpPorts ports(rig);
    UdpPorts stranger(rig, "127.0.0.2:0");
    pusher.announce();
    auto setup = pusher.set_up(0, ports.wish());
    REQUIRE(setup.status == 200);
    CHECK(pusher.record().status == 200);
    for (std::uint16_t i = 1; i <= 3; ++i)
      stranger.picture(server_port(setup), i);
    rig.loop.run_ready();
    CHECK(rig.frames_in() == 0);
    for (std::uint16_t i = 1; i <= 2; ++i)
      ports.picture(server_port(setup), i);
    REQUIRE(rig.wait_for_frames(1));
    CHECK(rig.frames_in() <= 2);
  }

  TEST_CASE("rtsp push: transports that cannot be, or lead elsewhere, are refused") {
    PushRig rig;
    Pusher pusher(rig);
    UdpPorts victim(rig, "127.0.0.2:0");
    std::string victim_port = std::to_string(victim.pair.rtp->local().port());
    pusher.announce();
    for (const std::string &wish :
         {std::string(),
          std::string("RTP/AVP"),
          std::string("RTP/AVP;unicast"),
          std::string("RTP/AVP;unicast;client_port=0-1"),
          std::string("RTP/AVP;unicast;client_port=0-0"),
          std::string("RTP/AVP;unicast;client_port=5001-5002"),
          std::string("RTP/AVP;unicast;client_port=5000-5000"),
          std::string("RTP/AVP;unicast;client_port=5000-5002"),
          std::string("RTP/AVP;unicast;client_port=70000-70001"),
          std::string("RTP/AVP;unicast;client_port=65536-65537"),
          std::string("RTP/AVP;unicast;client_port=-2--1"),
          std::string("RTP/AVP;unicast;client_port=x"),
          "RTP/AVP;unicast;destination=127.0.0.2;client_port=" + victim_port + "-" +
              std::to_string(std::stoi(victim_port) + 1),
          std::string("RTP/AVP;unicast;destination=example.org;client_port=5000-5001"),
          std::string("RTP/AVP;multicast;port=5000-5001"),
          std::string("RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001;ttl=9"),
          std::string("RTP/SAVP;unicast;client_port=5000-5001"),
          std::string("RTP/AVP/TCP;unicast;interleaved=0-1;mode=play"),
          std::string("RAW/RAW/UDP;unicast;client_port=5000-5001"),
          std::string(4000, ',')}) {
      CAPTURE(wish);
      auto answer = pusher.set_up(0, wish);
      CHECK(answer.status == 461);
      CHECK(answer.body.contains("RTP/AVP over TCP"));
    }
    victim.pair.rtp->set_events(&victim.reports);
    rig.loop.run_ready();
    CHECK(victim.reports.got.empty());
    CHECK(pusher.set_up_tcp(0).status == 200);
    CHECK(pusher.set_up(1, "RTP/AVP/TCP;unicast;interleaved=1-2").status == 461);
    CHECK(pusher.set_up(1, "RTP/AVP/TCP;unicast").fields["Transport"] ==
          "RTP/AVP/TCP;unicast;interleaved=2-3;mode=record");
  }

  TEST_CASE("rtsp push: the first of several transports that will do is taken") {
    PushRig rig;
    Pusher pusher(rig);
    pusher.announce();
    auto answer = pusher.set_up(0,
                                "RTP/SAVP/TCP;unicast;interleaved=0-1,"
                                "RTP/AVP;unicast;client_port=1-2,"
                                "RTP/AVP/TCP;unicast;interleaved=4-5;mode=\"RECORD\"");
    CHECK(answer.fields["Transport"] == "RTP/AVP/TCP;unicast;interleaved=4-5;mode=record");
  }

  TEST_CASE("rtsp push: without UDP the pusher is told to take TCP") {
    config::Config config;
    config.rtsp.udp = false;
    PushRig rig(config);
    Pusher pusher(rig);
    UdpPorts ports(rig);
    pusher.announce();
    CHECK(pusher.set_up(0, ports.wish()).status == 461);
    CHECK(pusher.set_up(0, ports.wish() + ",RTP/AVP/TCP;unicast;interleaved=0-1").status == 200);
  }

  TEST_CASE("rtsp push: UDP ports come from the configured range, and there may be none left") {
    PushRig probe;
    UdpPorts free(probe);
    int port = free.pair.rtp->local().port();
    config::Config config;
    config.rtsp.udp_port_min = static_cast<std::uint32_t>(port);
    config.rtsp.udp_port_max = static_cast<std::uint32_t>(port + 1);
    PushRig rig(config);
    Pusher pusher(rig);
    UdpPorts ports(rig);
    pusher.announce();
    CHECK(pusher.set_up(0, ports.wish()).status == 503);
    free.pair = {};
    auto setup = pusher.set_up(0, ports.wish());
    REQUIRE(setup.status == 200);
    CHECK(server_port(setup) == port);
  }

  TEST_CASE("rtsp push: lengths that lie are a bad request, and the end") {
    for (const char *length : {"-1", "+1", "2147483648", "4294967296", "18446744073709551616",
                               "1000000000", "0x10", "1e3", "", "1, 1", "1\r\nContent-Length: 2"}) {
      CAPTURE(length);
      PushRig rig;
      Pusher pusher(rig);
      auto answer = pusher.ask_raw(
          "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: " + std::string(length) + "\r\n\r\n");
      CHECK(answer.status == 400);
      CHECK(rig.wait_for_end("protocol_error"));
    }
  }

  TEST_CASE("rtsp push: what is no request is a bad one, and the end") {
    const std::string head = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n";
    std::string many;
    for (int i = 0; i < 1000; ++i)
      many += "Authorization: Basic YTpi\r\n";
    for (const std::string &text :
         {std::string("\x16\x03\x01\x02\x00\x01", 6), std::string("OPTIONS * RTSP/1.0\n\n"),
          std::string("OPTIONS  RTSP/1.0\r\n\r\n"), std::string("OPTIONS *\r\n\r\n"),
          head + "Folded: a\r\n b\r\n\r\n", head + ": x\r\n\r\n", head + "A B: x\r\n\r\n",
          head + many + "\r\n", head + "Long: " + std::string(20'000, 'x') + "\r\n\r\n",
          "OPTIONS rtsp://h/" + std::string(65'535, 'x') + " RTSP/1.0\r\n\r\n"}) {
      CAPTURE(text.substr(0, 60));
      PushRig rig;
      Pusher pusher(rig);
      pusher.peer.write(text);
      REQUIRE(pusher.wait_for_end());
      CHECK(rig.wait_for_end("protocol_error"));
    }
  }

  TEST_CASE("rtsp push: other versions and wishes are told what is missing") {
    PushRig rig;
    Pusher pusher(rig);
    CHECK(pusher.ask_raw("OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n").status == 505);
    CHECK(pusher.ask_raw("OPTIONS * RTSP/1.0\r\n\r\n").status == 400);
    CHECK(pusher.ask_raw("OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n").status == 400);
    auto answer = pusher.ask("OPTIONS", "*", {{"Require", "implicit-play"}});
    CHECK(answer.status == 551);
    CHECK(answer.fields["Unsupported"] == "implicit-play");
  }

  TEST_CASE("rtsp push: the tunnel is not for pushers") {
    for (const char *method : {"GET", "POST"}) {
      PushRig rig;
      Pusher pusher(rig);
      pusher.peer.write(std::string(method) +
                        " /cams/gate HTTP/1.1\r\nHost: h\r\nx-sessioncookie: abc\r\n"
                        "Content-Length: 32767\r\n\r\n");
      REQUIRE(pusher.wait_for_end());
      CHECK(pusher.input().starts_with("HTTP/1.1 501 "));
      CHECK(rig.wait_for_end("refused"));
    }
  }

  TEST_CASE("rtsp push: interleaved packets of any size and channel do no harm, at any time") {
    for (bool live : {false, true}) {
      CAPTURE(live);
      PushRig rig;
      Pusher pusher(rig);
      if (live) pusher.go_live();
      for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4},
                               std::size_t{11}, std::size_t{1537}, std::size_t{65'535}}) {
        for (int channel : {0, 1, 2, 3, 4, 200, 255}) {
          std::string packet =
              interleaved(static_cast<std::uint8_t>(channel), std::string(size, '\x80'));
          REQUIRE(pusher.peer.write(packet) == packet.size());
          rig.loop.run_ready(1);
        }
      }
      CHECK(pusher.ask("OPTIONS", "*").status == 200);
      if (!live) pusher.go_live();
      REQUIRE(pusher.gets_through());
    }
  }

  TEST_CASE("rtsp push: an interleaved packet may be cut at each byte") {
    PushRig rig;
    Pusher pusher(rig);
    pusher.go_live();
    std::uint16_t sequence = 0;
    for (std::size_t cut = 1; cut < 110; cut += 9) {
      ++sequence;
      std::string packet = interleaved(0, rtp_picture(sequence, sequence * 3600U));
      pusher.peer.write(packet.substr(0, cut));
      rig.loop.run_ready(1);
      pusher.peer.write(packet.substr(cut));
    }
    REQUIRE(rig.wait_for_frames(12));
  }

  TEST_CASE("rtsp push: each request with each of its fields left out, or made wrong") {
    const std::vector<std::string> methods = {
        "OPTIONS", "ANNOUNCE", "SETUP",    "RECORD",        "PAUSE",        "TEARDOWN",
        "PLAY",    "DESCRIBE", "REDIRECT", "GET_PARAMETER", "SET_PARAMETER"};
    const Pusher::Fields all = {{"CSeq", "9"},
                                {"Session", ""},
                                {"Transport", "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"},
                                {"Content-Type", "application/sdp"},
                                {"Range", "npt=0-"},
                                {"User-Agent", "test"},
                                {"Authorization", "Basic YTpi"},
                                {"Content-Length", ""}};
    int cases = 0;
    for (int stage = 0; stage < 4; ++stage) {
      for (const std::string &method : methods) {
        for (std::size_t out = 0; out <= 2 * all.size(); ++out) {
          PushRig rig;
          Pusher pusher(rig);
          if (stage > 0) pusher.announce();
          if (stage > 1) pusher.set_up_tcp(0);
          if (stage > 2) pusher.record();
          std::string body = method == "ANNOUNCE" ? push_sdp() : "";
          std::string text = method + " rtsp://h/cams/gate/streamid=0 RTSP/1.0\r\n";
          for (std::size_t i = 0; i < all.size(); ++i) {
            if (i == out) continue;
            std::string value = all[i].second;
            if (all[i].first == "Session") value = pusher.session;
            if (all[i].first == "Content-Length") value = std::to_string(body.size());
            if (value.empty()) continue;
            bool wrong = i + all.size() + 1 == out;
            text += all[i].first + ": " + (wrong ? "\xff;=,\"%" : value) + "\r\n";
          }
          pusher.peer.write(text + "\r\n" + body);
          rig.loop.run_ready(1);
          ++cases;
        }
      }
    }
    CHECK(cases >= 200);
  }
}
