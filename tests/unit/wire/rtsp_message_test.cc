// SPDX-License-Identifier: Apache-2.0
// RTSP's byte stream: what cameras write is understood, what breaks it is found again or refused,
// and what clients send is held to the grammar.
#include "wire/rtsp_message.h"

#include <doctest/doctest.h>

#include "wire/rtsp_recorder.h"

namespace sluice::wire::rtsp {
namespace {

using base::Code;
using test::packet;
using test::Recorder;
using namespace std::string_literals;

using Log = std::vector<std::string>;

const std::string kOk = "RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n";
const std::string kOptions = "OPTIONS rtsp://h/s/c RTSP/1.0\r\nCSeq: 1\r\n\r\n";

Code error_of(Peer peer, std::string bytes, SplitterLimits limits = {}) {
  Recorder recorder(peer, limits);
  auto result = recorder.splitter.feed(std::as_writable_bytes(std::span(bytes)), recorder);
  REQUIRE_MESSAGE(!result.has_value(), bytes.substr(0, 200));
  return result.error().code;
}

std::string with_length(std::string_view value) {
  return "ANNOUNCE rtsp://h/s/c RTSP/1.0\r\nCSeq: 1\r\nContent-Length: " + std::string(value) +
         "\r\n\r\n";
}

// Puts down what a message's accessors say.
class Fields : public SplitterEvents {
 public:
  bool on_message(const Message &message) override {
    cseq = message.cseq();
    accept = message.find("accept").value_or("none");
    challenges.clear();
    for (std::string_view value : message.find_all("WWW-authenticate"))
      challenges.emplace_back(value);
    protocol = message.protocol;
    return true;
  }
  bool on_packet(std::uint8_t, base::MutableBytes) override { return true; }
  void on_skipped(std::size_t) override {}

  std::optional<std::uint32_t> cseq;
  std::string accept, protocol;
  Log challenges;
};

TEST_SUITE("wire") {
  TEST_CASE("rtsp message: responses, packets and bodies come out in their order") {
    std::string bytes = kOk + packet(0, 12, 'a') +
                        "RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\nv=0\n" +
                        packet(1, 8, 'b') + kOk;
    Log expected = {"200 OK [CSeq=2]", "$0 \x80"s + std::string(11, 'a'),
                    "200 OK [CSeq=3] [Content-Length=4] {v=0\n}", "$1 \x80"s + std::string(7, 'b'),
                    "200 OK [CSeq=2]"};
    for (std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{3}, std::size_t{17}}) {
      Recorder recorder(Peer::Server);
      CHECK(recorder.feed(bytes, piece) == "");
      CHECK(recorder.log == expected);
      CHECK(recorder.buffer.empty());
      CHECK(recorder.skipped == 0);
      CHECK(recorder.inside_input);
    }
  }

  TEST_CASE("rtsp message: requests come out in any pieces") {
    std::string bytes = kOptions + packet(2, 20) + "\r\n" + with_length("3") + "abc" + kOptions;
    for (std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{7}}) {
      Recorder recorder(Peer::Client);
      CHECK(recorder.feed(bytes, piece) == "");
      REQUIRE(recorder.log.size() == 4);
      CHECK(recorder.log[0] == "OPTIONS rtsp://h/s/c [CSeq=1]");
      CHECK(recorder.log[2] == "ANNOUNCE rtsp://h/s/c [CSeq=1] [Content-Length=3] {abc}");
    }
  }

  TEST_CASE("rtsp message: fields are found without case, and all of a name") {
    Fields fields;
    Splitter splitter(Peer::Server);
    std::string bytes =
        "RTSP/1.0 401 Unauthorized\r\ncseq:   7 \r\nACCEPT:x\r\n"
        "WWW-Authenticate: Basic realm=\"/\"\r\nWww-Authenticate: Digest\r\n\r\n";
    REQUIRE(splitter.feed(std::as_writable_bytes(std::span(bytes)), fields).has_value());
    CHECK(fields.cseq == 7);
    CHECK(fields.accept == "x");
    CHECK(fields.protocol == "RTSP/1.0");
    CHECK(fields.challenges == Log{"Basic realm=\"/\"", "Digest"});
    bytes = "RTSP/1.0 200 OK\r\nCSeq: seven\r\n\r\n";
    REQUIRE(splitter.feed(std::as_writable_bytes(std::span(bytes)), fields).has_value());
    CHECK_FALSE(fields.cseq.has_value());
    CHECK(fields.accept == "none");
  }

  TEST_CASE("rtsp message: cameras write lines in many ways") {
    struct Row {
      std::string bytes;
      std::string found;
    };
    for (const Row &row : {
             Row{"RTSP/1.0 200 OK\nCSeq: 2\n\n", "200 OK [CSeq=2]"},
             Row{"RTSP/1.0 200\r\nCSeq:2\r\n\r\n", "200  [CSeq=2]"},
             Row{"RTSP/1.0   200   Very  well \r\nCSeq \t:\t2  \r\n\r\n",
                 "200 Very  well [CSeq=2]"},
             Row{"\r\n \r\nRTSP/1.0 200 OK\r\n\r\n", "200 OK"},
             Row{"RTSP/1.0 200 OK\r\nno colon here\r\n: no name\r\nA:\r\n\r\n", "200 OK [A=]"},
             Row{"RTSP/1.0 200 OK\r\nA: b\r\n  c\r\n\td\r\nE: f\r\n\r\n",
                 "200 OK [A=b    c  \td] [E=f]"},
             Row{"RTSP/1.0 200 OK\r\nContent-Length: \r\n\r\n", "200 OK [Content-Length=]"},
             Row{"RTSP/1.0 200 \xb3\xc9\xb9\xa6\r\n\r\n", "200 \xb3\xc9\xb9\xa6"},
             Row{"OPTIONS  * RTSP/1.0 \nCSeq: 9\n\n", "OPTIONS * [CSeq=9]"},
         }) {
      Recorder recorder(Peer::Server);
      CHECK_MESSAGE(recorder.feed(row.bytes) == "", row.bytes);
      CHECK_MESSAGE(recorder.log == Log{row.found}, row.bytes);
      CHECK(recorder.buffer.empty());
    }
  }

  TEST_CASE("rtsp message: what is no status or request line is refused") {
    for (std::string_view line :
         {"RTSP/1.0 20 OK", "RTSP/1.0 2000 OK", "RTSP/1.0 099 OK", "RTSP/1.0 abc", "RTSP/1.0",
          "RTSP/x 200 OK", "OPTIONS * HTTP", "OPTIONS *"}) {
      CHECK_MESSAGE(error_of(Peer::Server, std::string(line) + "\r\n\r\n") == Code::Malformed,
                    line);
    }
    for (std::string_view line :
         {"OPTIONS", "OPTIONS *", "OPTIONS * RTSP", "OPTIONS * RTSP/1.0 ", "OPTIONS * RTSP/10",
          "OPTIONS a b RTSP/1.0", "OP(IONS * RTSP/1.0", " OPTIONS * RTSP/1.0", "\x16\x03\x01"}) {
      CHECK_MESSAGE(error_of(Peer::Client, std::string(line) + "\r\n\r\n") == Code::Malformed,
                    line);
    }
  }

  TEST_CASE("rtsp message: requests are held to the grammar of fields") {
    for (std::string_view field : {"CSeq 1", ": 1", "CSeq : 1", " folded", "A: b\r\n folded",
                                   "A: b\nC: d", "A: \x01", "A\xe4: b", "A: b\rc"}) {
      std::string bytes = "OPTIONS * RTSP/1.0\r\n" + std::string(field) + "\r\n\r\n";
      CHECK_MESSAGE(error_of(Peer::Client, bytes) == Code::Malformed, field);
    }
    CHECK(error_of(Peer::Client, "OPTIONS * RTSP/1.0\nCSeq: 1\n\n") == Code::Malformed);
    CHECK(error_of(Peer::Client, "OPTIONS * RTSP/1.0\r\nA: "s + '\0' + "\r\n\r\n") ==
          Code::Malformed);
  }

  TEST_CASE("rtsp message: Content-Length is digits, one number, and bounded") {
    for (std::string_view value : {"-1", "+1", "0x10", "1 2", "1,1", "ten", ""}) {
      CHECK_MESSAGE(error_of(Peer::Client, with_length(value)) == Code::Malformed, value);
    }
    for (std::string_view value : {"262145", "1000000000", "2147483648", "4294967296",
                                   "18446744073709551616", "99999999999999999999999999"}) {
      CHECK_MESSAGE(error_of(Peer::Client, with_length(value)) == Code::TooLarge, value);
      CHECK_MESSAGE(error_of(Peer::Server, "RTSP/1.0 200 OK\r\nContent-Length: " +
                                               std::string(value) + "\r\n\r\n") == Code::TooLarge,
                    value);
    }
    std::string twice = with_length("1\r\nContent-Length: 2");
    CHECK(error_of(Peer::Client, twice) == Code::Malformed);
    Recorder recorder(Peer::Client);
    CHECK(recorder.feed(with_length("1\r\ncontent-length: 1") + "x") == "");
    CHECK(recorder.log.size() == 1);
  }

  TEST_CASE("rtsp message: a body is announced to the caller, who need not have it yet") {
    Recorder recorder(Peer::Server);
    std::string head = "RTSP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n";
    CHECK(recorder.feed(head) == "");
    CHECK(recorder.log.empty());
    CHECK(recorder.splitter.wanted() == head.size() + 1000);
    CHECK(recorder.feed(std::string(1000, 'b')) == "");
    CHECK(recorder.log.size() == 1);
    CHECK(recorder.splitter.wanted() == 0);
    CHECK(recorder.feed("$\x01\xff\xff"s) == "");
    CHECK(recorder.splitter.wanted() == 4 + 65535);
  }

  TEST_CASE("rtsp message: a hostile camera is bounded in everything") {
    std::string start = "RTSP/1.0 200 OK\r\n";
    auto fails = [&](const std::string &bytes) {
      for (std::size_t piece : {std::string::npos, std::size_t{500}}) {
        Recorder recorder(Peer::Server);
        CHECK(recorder.feed(bytes, piece) != "");
        CHECK(recorder.log.empty());
        CHECK(recorder.largest_buffer <= 17 * 1024);
      }
    };
    fails(start + std::string(9000, 'n') + ": v\r\n\r\n");
    fails(start + std::string(9000, 'n'));
    fails("RTSP/1.0 200 " + std::string(1 << 20, 'O'));
    std::string folded = start + "A: b\r\n";
    std::string endless = start;
    std::string many = start;
    for (int i = 0; i < 1000; ++i) {
      folded += " " + std::string(30, 'f') + "\r\n";
      endless += "Name" + std::to_string(i) + ": value of it\r\n";
    }
    for (int i = 0; i < 129; ++i)
      many += "N: v\r\n";
    fails(folded + "\r\n");
    fails(endless);
    fails(many + "\r\n");
    CHECK(error_of(Peer::Client, "OPTIONS * RTSP/1.0\r\n" + many.substr(start.size()) + "\r\n") ==
          Code::TooLarge);
  }

  TEST_CASE("rtsp message: interleaved packets of every size, cut anywhere") {
    for (std::size_t size : {0U, 1U, 3U, 4U, 11U, 1537U, 65535U}) {
      std::string bytes = packet(0, size) + kOk;
      std::size_t step = size > 2000 ? 9973 : 1;
      for (std::size_t cut = 0; cut <= bytes.size(); cut += step) {
        Recorder recorder(Peer::Server);
        recorder.splitter.expect_channel(0);
        CHECK(recorder.feed(bytes.substr(0, cut)) == "");
        CHECK(recorder.feed(bytes.substr(cut)) == "");
        REQUIRE(recorder.log.size() == 2);
        CHECK(recorder.log[0].size() == size + 3);
        CHECK(recorder.inside_input);
        CHECK(recorder.skipped == 0);
      }
    }
  }

  TEST_CASE("rtsp message: packets of channels that were never set up, and before PLAY, are told") {
    Recorder recorder(Peer::Server);
    CHECK(recorder.feed(packet(7, 20) + kOk) == "");
    recorder.splitter.expect_channel(0);
    recorder.splitter.expect_channel(1);
    CHECK(recorder.feed(packet(200, 20) + packet(0, 12) + kOk) == "");
    CHECK(recorder.log.size() == 5);
    CHECK(recorder.skipped == 0);
    Recorder server(Peer::Client);
    CHECK(server.feed(packet(200, 0) + packet(0, 12) + kOptions) == "");
    CHECK(server.log.size() == 3);
  }

  TEST_CASE("rtsp message: blanks and line ends before a packet are nothing") {
    Recorder recorder(Peer::Server);
    recorder.splitter.expect_channel(0);
    CHECK(recorder.feed("\r\n" + packet(0, 12) + " \r\n\n" + packet(0, 12) + "\r\n" + kOk) == "");
    CHECK(recorder.log.size() == 3);
    CHECK(recorder.skipped == 0);
  }

  TEST_CASE("rtsp message: order is found again after torn text and torn packets") {
    std::string garbage = "\x01\x02$$\x05garbage RTSP GET$";
    std::string good = packet(0, 40, 'g');
    struct Row {
      const char *name;
      std::string torn;
      std::size_t skipped;
    };
    for (const Row &row : {
             Row{"garbage", garbage, garbage.size()},
             Row{"torn head", "RTSP/1.0 200 OK\r\nCSe", 20},
             Row{"torn line end", "RTSP/1.0 200 OK\r\nCSeq: 2\r\n", 26},
             Row{"torn start", "RTSP/1.0 2", 10},
             Row{"packet of another channel", "$\x09\x00\x02\x80\x80\xff"s, 7},
             Row{"malformed status", "RTSP/1.0 what\r\n", 15},
         }) {
      Recorder recorder(Peer::Server);
      recorder.splitter.expect_channel(0);
      recorder.splitter.expect_channel(1);
      CHECK(recorder.feed(packet(0, 12) + row.torn + good + kOk) == "");
      REQUIRE_MESSAGE(recorder.log.size() == 3, row.name);
      CHECK_MESSAGE(recorder.log[1].substr(3) == good.substr(4), row.name);
      CHECK_MESSAGE(recorder.skipped == row.skipped, row.name);
    }
  }

  TEST_CASE("rtsp message: a response after garbage is found too") {
    Recorder recorder(Peer::Server);
    recorder.splitter.expect_channel(0);
    CHECK(recorder.feed(packet(0, 12) + "\xff\xfe noise OPTION RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n",
                        1) == "");
    REQUIRE(recorder.log.size() == 2);
    CHECK(recorder.log[1] == "200 OK [CSeq=2]");
    CHECK(recorder.skipped == 16);
  }

  TEST_CASE("rtsp message: garbage has an end, and a peer that is no RTSP server has none") {
    Recorder recorder(Peer::Server);
    recorder.splitter.expect_channel(0);
    CHECK(recorder.feed(kOk + std::string(100000, '\x01'), 1000) == "");
    CHECK(recorder.feed(std::string(100000, '\x01'), 1000) != "");
    CHECK(recorder.largest_buffer < 1001);
    CHECK(error_of(Peer::Server, "SSH-2.0-dropbear\r\n") == Code::Malformed);
    CHECK(error_of(Peer::Server, "\x15\x03\x03") == Code::Malformed);
  }

  TEST_CASE("rtsp message: HTTP is told apart, and its body is left to the tunnel") {
    Fields fields;
    Splitter splitter(Peer::Server);
    std::string bytes = "HTTP/1.0 200 OK\r\nContent-Length: 32767\r\n\r\n" + kOk;
    CHECK(splitter.feed(std::as_writable_bytes(std::span(bytes)), fields) == bytes.size());
    CHECK(fields.protocol == "RTSP/1.0");
    Recorder recorder(Peer::Client);
    recorder.go_on = false;
    CHECK(recorder.feed("POST /s/c HTTP/1.0\r\nContent-Length: 32767\r\n\r\nAAAA") == "");
    CHECK(recorder.log.size() == 1);
    CHECK(recorder.buffer == "AAAA");
  }

  TEST_CASE("rtsp message: feed ends at once when a callback says so") {
    Recorder recorder(Peer::Server);
    recorder.go_on = false;
    CHECK(recorder.feed(kOk + kOk) == "");
    CHECK(recorder.log.size() == 1);
    CHECK(recorder.buffer == kOk);
  }

  TEST_CASE("rtsp message: repeated fields cost nothing that stays") {
    Recorder recorder(Peer::Client);
    std::string request = "OPTIONS * RTSP/1.0\r\n";
    for (int i = 0; i < 128; ++i)
      request += "Authorization: Basic YTpi\r\n";
    request += "\r\n";
    for (int i = 0; i < 1000; ++i)
      CHECK(recorder.feed(request) == "");
    CHECK(recorder.log.size() == 1000);
    CHECK(recorder.buffer.empty());
  }

  TEST_CASE("rtsp message: what we write is read back, and starts no line of its own") {
    const Field fields[] = {{"User-Agent", "Sluice"}, {"Session", "1\r\nEvil: yes"}};
    std::string request = make_request("ANNOUNCE", "rtsp://h/a b\r\n\r\n", 5, fields, "v=0\r\n");
    CHECK(request ==
          "ANNOUNCE rtsp://h/a b RTSP/1.0\r\nCSeq: 5\r\nUser-Agent: Sluice\r\n"
          "Session: 1Evil: yes\r\nContent-Length: 5\r\n\r\nv=0\r\n");
    CHECK(make_response(461, "3\r\n", {}) ==
          "RTSP/1.0 461 Unsupported Transport\r\nCSeq: 3\r\n\r\n");
    CHECK(make_response(200, "", {}) == "RTSP/1.0 200 OK\r\n\r\n");
    CHECK(reason_phrase(299) == "Unknown");
    CHECK(base::as_text(interleaved_header(3, 0x1234)) == "$\x03\x12\x34");
  }
}

}  // namespace
}  // namespace sluice::wire::rtsp
