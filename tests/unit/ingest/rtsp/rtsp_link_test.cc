// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/rtsp_link.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>

#include <functional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "support/socket_pair.h"

using namespace sluice;
using ingest::rtsp::RtspLink;
using test::connected_pair;
using test::Peer;
using test::SocketPair;
using test::TestLoop;

namespace {

// Writes down what it is told, one line for each event.
struct Recorder final : ingest::rtsp::RtspLinkEvents {
  void on_message(const wire::rtsp::Message &message) override {
    seen += message.is_request ? std::string(message.method) : std::to_string(message.status);
    seen += "(" + std::string(message.body) + ") ";
    on_event();
  }
  void on_packet(std::uint8_t channel, base::MutableBytes packet) override {
    seen += "$" + std::to_string(channel) + "(" + std::string(base::as_text(packet)) + ") ";
    on_event();
  }
  void on_bytes_skipped(std::size_t) override { seen += "skipped "; }
  void on_link_lost(const base::Error &error) override {
    seen += "lost ";
    why = error;
    ++lost;
  }

  std::string seen;
  base::Error why;
  int lost = 0;
  std::function<void()> on_event = [] {};
};

struct LinkRig {
  LinkRig() : pair(connected_pair(loop)) {
    int on = 1;
    ::setsockopt(pair.peer.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    link = std::make_unique<RtspLink>(std::move(pair.socket), memory, wire::rtsp::Peer::Server,
                                      recorder);
    link->expect_channel(0);
    link->expect_channel(1);
    link->start();
  }

  // Until so many bytes have been read in all.
  void take(std::string_view bytes) {
    std::uint64_t wanted = link->bytes_in() + bytes.size();
    REQUIRE(pair.peer.write(bytes) == bytes.size());
    REQUIRE(loop.run_until([&] { return link->bytes_in() == wanted || recorder.lost > 0; }));
  }
  [[nodiscard]] Peer &peer() { return pair.peer; }

  TestLoop loop;
  std::vector<std::byte> memory =
      std::vector<std::byte>(RtspLink::kReadBytes + RtspLink::kSpareBytes);
  Recorder recorder;
  SocketPair pair;
  std::unique_ptr<RtspLink> link;
};

std::string packet(std::uint8_t channel, std::string_view payload) {
  auto header = wire::rtsp::interleaved_header(channel, static_cast<std::uint16_t>(payload.size()));
  return std::string(base::as_text(header)) + std::string(payload);
}

const std::string kAnswer = "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc";
const std::string kRequest = "OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n";

}  // namespace

TEST_SUITE("ingest/rtsp") {
  TEST_CASE("link: several messages and packets in one read are told in their order") {
    LinkRig rig;
    rig.take(kAnswer + packet(0, "video") + packet(1, "") + kRequest + packet(1, "rtcp"));
    CHECK(rig.recorder.seen == "200(abc) $0(video) $1() OPTIONS() $1(rtcp) ");
  }

  TEST_CASE("link: messages and packets are the same wherever they are cut") {
    const std::string text = kAnswer + packet(0, "video") + kRequest + packet(1, "rtcp") + kAnswer;
    const std::string expected = "200(abc) $0(video) OPTIONS() $1(rtcp) 200(abc) ";
    LinkRig rig;
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      CAPTURE(cut);
      rig.recorder.seen.clear();
      rig.take(text.substr(0, cut));
      rig.take(text.substr(cut));
      REQUIRE(rig.recorder.seen == expected);
    }
    rig.recorder.seen.clear();
    for (char c : text)
      rig.take({&c, 1});
    CHECK(rig.recorder.seen == expected);
  }

  TEST_CASE("link: the largest packet and the largest message come in pieces") {
    LinkRig rig;
    std::string large = packet(0, std::string(65'535, 'v'));
    std::string body(256 * 1024, 'b');
    std::string message =
        "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    std::string all = large + message + packet(1, "end");
    for (std::size_t at = 0; at < all.size(); at += 10'000)
      rig.take(std::string_view(all).substr(at, 10'000));
    CHECK(rig.recorder.seen == "$0(" + std::string(65'535, 'v') + ") 200(" + body + ") $1(end) ");
  }

  TEST_CASE("link: what stood behind a packet is still there when it is read") {
    LinkRig rig;
    rig.take(packet(0, "one") + packet(1, "two"));
    rig.recorder.seen.clear();
    rig.take(packet(0, "three") + "$");
    rig.take(packet(1, "four").substr(1) + kAnswer.substr(0, 7));
    rig.take(kAnswer.substr(7));
    CHECK(rig.recorder.seen == "$0(three) $1(four) 200(abc) ");
  }

  TEST_CASE("link: bytes that are neither are told once order is found again") {
    LinkRig rig;
    rig.take(kAnswer + "torn off bytes" + packet(0, "video") + kAnswer);
    CHECK(rig.recorder.seen.ends_with("200(abc) "));
    CHECK(rig.recorder.seen.contains("skipped "));
    CHECK(rig.recorder.lost == 0);
  }

  TEST_CASE("link: what came early is taken like what is read") {
    LinkRig rig;
    rig.link->take_early(kAnswer + packet(0, "video").substr(0, 3));
    CHECK(rig.recorder.seen == "200(abc) ");
    rig.take(packet(0, "video").substr(3));
    CHECK(rig.recorder.seen == "200(abc) $0(video) ");
  }

  TEST_CASE("link: the peer's end is told once, after what it sent") {
    LinkRig rig;
    REQUIRE(rig.peer().write(kAnswer) == kAnswer.size());
    rig.peer().close();
    REQUIRE(rig.loop.run_until([&] { return rig.recorder.lost > 0; }));
    rig.loop.run_ready();
    CHECK(rig.recorder.seen == "200(abc) lost ");
    CHECK(rig.recorder.why.code == base::Code::Closed);
  }

  TEST_CASE("link: a broken message loses the link once, and nothing is told afterwards") {
    LinkRig rig;
    rig.take("RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n" + kAnswer);
    CHECK(rig.recorder.seen == "lost ");
    rig.peer().write(kAnswer);
    rig.loop.run_ready();
    CHECK(rig.recorder.seen == "lost ");
  }

  TEST_CASE("link: garbage without an end loses the link") {
    LinkRig rig;
    std::string garbage(64 * 1024, '\x7f');
    for (int i = 0; i < 8 && rig.recorder.lost == 0; ++i) {
      rig.peer().write(garbage);
      rig.loop.run_ready();
    }
    CHECK(rig.recorder.seen == "lost ");
  }

  TEST_CASE("link: closed in the midst of a read, it tells nothing more") {
    LinkRig rig;
    rig.recorder.on_event = [&] { rig.link->close(); };
    REQUIRE(rig.peer().write(kAnswer + packet(0, "video") + kAnswer) > 0);
    REQUIRE(rig.loop.run_until([&] { return !rig.recorder.seen.empty(); }));
    rig.peer().close();
    rig.loop.run_ready();
    CHECK(rig.recorder.seen == "200(abc) ");
  }

  TEST_CASE("link: text and packets go out as they are") {
    LinkRig rig;
    REQUIRE(rig.link->send(kRequest).has_value());
    REQUIRE(rig.link->send_packet(1, base::as_bytes("report")).has_value());
    std::string expected = kRequest + packet(1, "report");
    CHECK(rig.peer().read_exactly(rig.loop, expected.size()) == expected);
    CHECK(rig.link->bytes_out() == expected.size());
  }

  TEST_CASE("link: a peer that does not read is an error of send, not an event") {
    LinkRig rig;
    std::string chunk(30'000, 'x');
    base::Status sent;
    for (int i = 0; i < 2000 && sent; ++i)
      sent = rig.link->send(chunk);
    REQUIRE_FALSE(sent.has_value());
    CHECK(sent.error().code == base::Code::TooLarge);
    rig.loop.run_ready();
    CHECK(rig.recorder.seen.empty());
  }

  TEST_CASE("link: with a return path everything goes there in base64, behind its head") {
    LinkRig rig;
    SocketPair post = connected_pair(rig.loop);
    REQUIRE(rig.link->set_return_path(std::move(post.socket), "POST / HTTP/1.0\r\n\r\n"));
    REQUIRE(rig.link->send(kRequest).has_value());
    REQUIRE(rig.link->send_packet(1, base::as_bytes("report")).has_value());
    std::string expected = "POST / HTTP/1.0\r\n\r\n" + base::base64(base::as_bytes(kRequest)) +
                           base::base64(base::as_bytes(packet(1, "report")));
    CHECK(post.peer.read_exactly(rig.loop, expected.size()) == expected);
    CHECK(rig.peer().read().empty());
    rig.take(kAnswer);
    CHECK(rig.recorder.seen == "200(abc) ");
  }

  TEST_CASE("link: what the camera says on the return path, and its end there, is nothing") {
    LinkRig rig;
    SocketPair post = connected_pair(rig.loop);
    REQUIRE(rig.link->set_return_path(std::move(post.socket), "POST"));
    post.peer.write("HTTP/1.0 200 OK\r\n\r\n");
    rig.loop.run_ready();
    post.peer.close();
    rig.loop.run_ready();
    rig.take(packet(0, "video"));
    CHECK(rig.recorder.seen == "$0(video) ");
  }

  TEST_CASE("link: destroyed with output under way, it leaves quietly") {
    LinkRig rig;
    SocketPair post = connected_pair(rig.loop);
    REQUIRE(rig.link->set_return_path(std::move(post.socket), "POST"));
    std::string chunk(30'000, 'x');
    base::Status sent;
    for (int i = 0; i < 2000 && sent; ++i)
      sent = rig.link->send(chunk);
    REQUIRE_FALSE(sent.has_value());
    rig.link->close();
    post.peer.close_with_reset();
    rig.loop.run_ready();
    rig.link.reset();
    CHECK(rig.recorder.seen.empty());
  }
}
