// SPDX-License-Identifier: Apache-2.0
#include "net/udp_socket.h"

#include <doctest/doctest.h>
#include <net/if.h>

#include <functional>
#include <string>
#include <vector>

#include "support/test_loop.h"

using namespace sluice;
using net::Address;
using net::UdpBatch;
using net::UdpSocket;
using test::TestLoop;

namespace {

struct Receiver final : net::UdpEvents {
  void on_datagram(base::MutableBytes datagram, const Address &from) override {
    got.emplace_back(base::as_text(datagram));
    senders.push_back(from.to_string());
    then(datagram);
  }
  void on_batch_end() override { ++batches; }

  std::vector<std::string> got;
  std::vector<std::string> senders;
  int batches = 0;
  std::function<void(base::MutableBytes)> then = [](auto) {};
};

std::unique_ptr<UdpSocket> open(TestLoop &loop, UdpBatch &batch,
                                const char *address = "127.0.0.1:0",
                                UdpSocket::Options options = {}) {
  auto socket = UdpSocket::open(*loop, batch, *Address::parse(address), options);
  REQUIRE(socket.has_value());
  return std::move(*socket);
}

}  // namespace

TEST_SUITE("net") {
  TEST_CASE("udp socket: datagrams arrive whole, in order, with their sender, in batches") {
    TestLoop loop;
    UdpBatch batch;
    auto to = open(loop, batch);
    auto from = open(loop, batch);
    Receiver receiver;
    std::vector<std::string> sent;
    for (int i = 0; i < 100; ++i) {
      sent.push_back("datagram " + std::to_string(i));
      REQUIRE(from->send_to(base::as_bytes(sent.back()), to->local()).has_value());
    }
    loop.run_ready();
    CHECK(receiver.got.empty());  // nobody listens yet
    to->set_events(&receiver);
    REQUIRE(loop.run_until([&] { return receiver.got.size() == 100; }));
    CHECK(receiver.got == sent);
    CHECK(receiver.senders[50] == from->local().to_string());
    CHECK(receiver.batches == 4);
  }

  TEST_CASE("udp socket: the largest datagram, an empty one, and bytes to spare behind each") {
    TestLoop loop;
    UdpBatch batch;
    auto to = open(loop, batch);
    auto from = open(loop, batch);
    Receiver receiver;
    receiver.then = [](base::MutableBytes datagram) {
      std::byte *end = datagram.data() + datagram.size();
      std::fill(end, end + UdpBatch::kSpare, std::byte{0xee});
    };
    to->set_events(&receiver);
    const std::string large(65'507, 'x');  // what IPv4 carries
    for (const std::string &text : {large, std::string(), std::string("after")})
      REQUIRE(from->send_to(base::as_bytes(text), to->local()).has_value());
    REQUIRE(loop.run_until([&] { return receiver.got.size() == 3; }));
    CHECK(receiver.got == std::vector<std::string>{large, "", "after"});
  }

  TEST_CASE("udp socket: a connected one hears its peer alone") {
    TestLoop loop;
    UdpBatch batch;
    auto to = open(loop, batch);
    auto friendly = open(loop, batch);
    auto stranger = open(loop, batch);
    Receiver receiver;
    to->set_events(&receiver);
    REQUIRE(to->connect(friendly->local()).has_value());
    REQUIRE(stranger->send_to(base::as_bytes("forged"), to->local()).has_value());
    REQUIRE(friendly->send_to(base::as_bytes("good"), to->local()).has_value());
    REQUIRE(loop.run_until([&] { return !receiver.got.empty(); }));
    CHECK(receiver.got == std::vector<std::string>{"good"});
  }

  TEST_CASE("udp socket: refusals by ICMP are no errors, and reading goes on after them") {
    TestLoop loop;
    UdpBatch batch;
    auto to = open(loop, batch);
    auto peer = open(loop, batch);
    Address peer_address = peer->local();
    Receiver receiver;
    to->set_events(&receiver);
    REQUIRE(to->connect(peer_address).has_value());
    peer.reset();
    for (int i = 0; i < 5; ++i) {
      CHECK(to->send(base::as_bytes("punch")).has_value());
      loop.run_ready();
    }
    auto back = UdpSocket::open(*loop, batch, peer_address, {});
    REQUIRE(back.has_value());
    REQUIRE((*back)->send_to(base::as_bytes("media"), to->local()).has_value());
    REQUIRE(loop.run_until([&] { return !receiver.got.empty(); }));
    CHECK(receiver.got.front() == "media");
  }

  TEST_CASE("udp socket: a datagram may end the events or the socket in the middle of a batch") {
    TestLoop loop;
    UdpBatch batch;
    auto to = open(loop, batch);
    auto from = open(loop, batch);
    Receiver receiver;
    for (int i = 0; i < 6; ++i)
      REQUIRE(from->send_to(base::as_bytes("x"), to->local()).has_value());
    receiver.then = [&](auto) { to->set_events(nullptr); };
    to->set_events(&receiver);
    REQUIRE(loop.run_until([&] { return !receiver.got.empty(); }));
    loop.run_ready();
    CHECK(receiver.got.size() == 1);
    CHECK(receiver.batches == 0);
    for (int i = 0; i < 6; ++i)
      REQUIRE(from->send_to(base::as_bytes("y"), to->local()).has_value());
    receiver.then = [&](auto) { to.reset(); };
    to->set_events(&receiver);
    REQUIRE(loop.run_until([&] { return to == nullptr; }));
    loop.run_ready();
    CHECK(receiver.got.size() == 2);
  }

  TEST_CASE("udp socket: the kernel's drops are counted") {
    TestLoop loop;
    UdpBatch batch;
    auto to = open(loop, batch, "127.0.0.1:0", {.receive_buffer_bytes = 4096});
    auto from = open(loop, batch);
    CHECK(to->receive_buffer_bytes() > 0);
    const std::string text(1000, 'x');
    for (int i = 0; i < 1000; ++i)
      REQUIRE(from->send_to(base::as_bytes(text), to->local()).has_value());
    Receiver receiver;
    to->set_events(&receiver);
    REQUIRE(loop.run_until([&] { return !receiver.got.empty(); }));
    loop.run_ready();
    REQUIRE(receiver.got.size() < 1000);
    // A datagram tells of those that were dropped before it.
    std::size_t before = receiver.got.size();
    REQUIRE(from->send_to(base::as_bytes("last"), to->local()).has_value());
    REQUIRE(loop.run_until([&] { return receiver.got.size() > before; }));
    int value = 0;
    socklen_t size = sizeof value;
    bool counted =
        ::getsockopt(to->fd(), SOL_SOCKET, SO_RXQ_OVFL, &value, &size) == 0 && value != 0;
    if (counted) CHECK(to->kernel_drops() == 1000 - before);
  }

  TEST_CASE("udp socket: a pair is an even port and the next one") {
    TestLoop loop;
    UdpBatch batch;
    Address local = *Address::parse("127.0.0.1:0");
    auto anywhere = UdpSocket::open_pair(*loop, batch, local, {}, {});
    REQUIRE(anywhere.has_value());
    std::uint16_t port = anywhere->rtp->local().port();
    CHECK(port % 2 == 0);
    CHECK(anywhere->rtcp->local().port() == port + 1);
    // The same two ports are all that the ranges below hold.
    auto first = static_cast<std::uint16_t>(port - 1);
    auto last = static_cast<std::uint16_t>(port + 2);
    auto full = UdpSocket::open_pair(*loop, batch, local, {first, last}, {});
    REQUIRE_FALSE(full.has_value());
    CHECK(full.error().code == base::Code::Busy);
    auto rtp = std::move(anywhere->rtp);
    anywhere->rtcp.reset();
    CHECK_FALSE(UdpSocket::open_pair(*loop, batch, local, {first, last}, {}).has_value());
    rtp.reset();
    auto again = UdpSocket::open_pair(*loop, batch, local, {first, last}, {});
    REQUIRE(again.has_value());
    CHECK(again->rtp->local().port() == port);
  }

  TEST_CASE("udp socket: ranges without a pair hold none") {
    TestLoop loop;
    UdpBatch batch;
    Address local = *Address::parse("127.0.0.1:0");
    for (UdpSocket::PortRange range : {UdpSocket::PortRange{6001, 6001},
                                       {6000, 6000},
                                       {6001, 6002},
                                       {6002, 6001},
                                       {65'535, 65'535}}) {
      CAPTURE(range.first);
      CAPTURE(range.last);
      CHECK_FALSE(UdpSocket::open_pair(*loop, batch, local, range, {}).has_value());
    }
    CHECK_FALSE(UdpSocket::open_pair(*loop, batch, *Address::parse("192.0.2.1:0"), {}, {}));
  }

  TEST_CASE("udp socket: an IPv6 socket hears IPv4 too") {
    TestLoop loop;
    UdpBatch batch;
    auto to = UdpSocket::open(*loop, batch, *Address::parse("[::]:0"), {});
    if (!to) return;  // a host without IPv6
    auto from = open(loop, batch);
    Receiver receiver;
    (*to)->set_events(&receiver);
    Address there = Address::parse("127.0.0.1:0")->with_port((*to)->local().port());
    REQUIRE(from->send_to(base::as_bytes("x"), there).has_value());
    REQUIRE(loop.run_until([&] { return !receiver.got.empty(); }));
    CHECK(receiver.senders.front() == from->local().to_string());
  }

  TEST_CASE("udp socket: a group's datagrams arrive, those to the port alone do not") {
    TestLoop loop;
    UdpBatch batch;
    unsigned loopback = if_nametoindex("lo");
    Address group = Address::parse("239.255.7.7:0")->with_port(open(loop, batch)->local().port());
    auto to = UdpSocket::open_group(*loop, batch, {.group = group, .interface = loopback}, {});
    REQUIRE(to.has_value());
    auto from = open(loop, batch);
    ip_mreqn out{};
    out.imr_ifindex = static_cast<int>(loopback);
    REQUIRE(::setsockopt(from->fd(), IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out) == 0);
    Receiver receiver;
    (*to)->set_events(&receiver);
    Address alone = Address::parse("127.0.0.1:0")->with_port(group.port());
    REQUIRE(from->send_to(base::as_bytes("alone"), alone).has_value());
    REQUIRE(from->send_to(base::as_bytes("group"), group).has_value());
    REQUIRE(loop.run_until([&] { return !receiver.got.empty(); }));
    CHECK(receiver.got == std::vector<std::string>{"group"});
  }

  TEST_CASE("udp socket: only a multicast address can be joined, and sources are of its family") {
    TestLoop loop;
    UdpBatch batch;
    for (const char *group : {"10.0.0.1:5000", "255.255.255.255:5000", "[fd00::1]:5000"}) {
      CAPTURE(group);
      CHECK_FALSE(UdpSocket::open_group(*loop, batch, {.group = *Address::parse(group)}, {}));
    }
    CHECK_FALSE(UdpSocket::open_group(
        *loop, batch,
        {.group = *Address::parse("232.1.1.1:5000"), .source = *Address::parse("[fd00::1]:0")},
        {}));
  }
}
