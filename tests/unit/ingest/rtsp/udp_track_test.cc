// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/udp_track.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "support/socket_pair.h"

using namespace sluice;
using ingest::rtsp::UdpTrack;
using test::TestLoop;

namespace {

// A port of some host.
class Host {
 public:
  explicit Host(std::string_view address)
      : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    net::Address any = *net::Address::parse(std::string(address) + ":0");
    REQUIRE(::bind(fd_.get(), any.get(), any.length()) == 0);
  }

  void send(std::string_view text, std::uint16_t port) {
    net::Address to = *net::Address::parse("127.0.0.1:" + std::to_string(port));
    REQUIRE(::sendto(fd_.get(), text.data(), text.size(), 0, to.get(), to.length()) > 0);
  }
  // The datagram that waits, or nothing.
  std::string receive() {
    std::array<char, 2048> chunk;
    ssize_t got = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    return got > 0 ? std::string(chunk.data(), static_cast<std::size_t>(got)) : "";
  }
  [[nodiscard]] net::Address address() const { return test::local_address(fd_.get()); }
  [[nodiscard]] std::uint16_t port() const { return address().port(); }

 private:
  net::Fd fd_;
};

struct TrackRig final : ingest::rtsp::UdpTrackEvents {
  TrackRig() {
    track = *UdpTrack::open({*loop, batch, *this, 5}, *net::Address::parse("127.0.0.1:554"),
                            rtp.address(), {});
  }

  void on_rtp(std::size_t number, base::MutableBytes datagram) override {
    CHECK(number == 5);
    seen += "rtp(" + std::string(base::as_text(datagram)) + ") ";
  }
  void on_rtcp(std::size_t number, base::MutableBytes datagram) override {
    CHECK(number == 5);
    seen += "rtcp(" + std::string(base::as_text(datagram)) + ") ";
  }
  [[nodiscard]] bool sees(std::string_view what) {
    return loop.run_until([&] { return seen == what; });
  }
  [[nodiscard]] std::string arrival_at(Host &host) {
    std::string got;
    (void)loop.run_until([&] { return !(got = host.receive()).empty(); });
    return got;
  }

  TestLoop loop;
  net::UdpBatch batch;
  Host rtp{"127.0.0.1"};  // of the peer
  Host rtcp{"127.0.0.1"};
  Host stranger{"127.0.0.2"};
  std::unique_ptr<UdpTrack> track;
  std::string seen;
};

}  // namespace

TEST_SUITE_BEGIN("ingest/rtsp");

TEST_CASE("udp track: an even port is for RTP and the next one for RTCP") {
  TrackRig rig;
  CHECK(rig.track->ports().rtp % 2 == 0);
  CHECK(rig.track->ports().rtcp == rig.track->ports().rtp + 1);
  rig.rtp.send("a", rig.track->ports().rtp);
  REQUIRE(rig.sees("rtp(a) "));
  rig.rtcp.send("b", rig.track->ports().rtcp);
  REQUIRE(rig.sees("rtp(a) rtcp(b) "));
}

TEST_CASE("udp track: what other hosts send is not looked at") {
  TrackRig rig;
  rig.stranger.send("x", rig.track->ports().rtp);
  rig.rtp.send("a", rig.track->ports().rtp);
  REQUIRE(rig.sees("rtp(a) "));
  rig.stranger.send("y", rig.track->ports().rtcp);
  rig.rtcp.send("b", rig.track->ports().rtcp);
  REQUIRE(rig.sees("rtp(a) rtcp(b) "));
}

TEST_CASE("udp track: another port of the peer is the peer too") {
  TrackRig rig;
  rig.track->set_peer_ports({rig.rtp.port(), rig.rtcp.port()});
  Host other("127.0.0.1");
  other.send("a", rig.track->ports().rtp);
  CHECK(rig.sees("rtp(a) "));
}

TEST_CASE("udp track: reports go to the port that the peer named, wherever others come from") {
  TrackRig rig;
  rig.track->set_peer_ports({rig.rtp.port(), rig.rtcp.port()});
  Host other("127.0.0.1");
  other.send("a", rig.track->ports().rtcp);
  REQUIRE(rig.sees("rtcp(a) "));
  rig.track->send_report("report");
  CHECK(rig.arrival_at(rig.rtcp) == "report");
  CHECK(other.receive().empty());
}

TEST_CASE("udp track: without named ports reports go where the peer's come from") {
  TrackRig rig;
  rig.track->send_report("too early");
  rig.stranger.send("x", rig.track->ports().rtcp);
  rig.rtcp.send("b", rig.track->ports().rtcp);
  REQUIRE(rig.sees("rtcp(b) "));
  rig.track->send_report("report");
  CHECK(rig.arrival_at(rig.rtcp) == "report");
  CHECK(rig.stranger.receive().empty());
}

TEST_CASE("udp track: both ports are punched open towards the peer") {
  TrackRig rig;
  rig.track->punch();  // Nobody is known yet.
  rig.track->set_peer_ports({rig.rtp.port(), rig.rtcp.port()});
  rig.track->punch();
  CHECK(rig.arrival_at(rig.rtp).size() == 12);
  CHECK(rig.arrival_at(rig.rtcp).size() == 8);
}

TEST_SUITE_END();
