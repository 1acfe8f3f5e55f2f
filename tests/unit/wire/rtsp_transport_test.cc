// SPDX-License-Identifier: Apache-2.0
// The Transport header: what cameras answer, and what clients may ask for.
#include "wire/rtsp_transport.h"

#include <doctest/doctest.h>

namespace sluice::wire::rtsp {
namespace {

using base::Code;

// An answer, written as we would.
std::string answer(std::string_view value) {
  auto transport = parse_transport_answer(value);
  return transport ? to_string(*transport) : "refused";
}

std::string request(std::string_view value) {
  auto transports = parse_transport_request(value);
  if (!transports) return "refused";
  std::string out;
  for (const Transport &transport : *transports)
    out += (out.empty() ? "" : " | ") + to_string(transport);
  return out;
}

TEST_SUITE("wire") {
  TEST_CASE("rtsp transport: answers that keep to the rules") {
    CHECK(answer("RTP/AVP/TCP;unicast;interleaved=0-1") == "RTP/AVP/TCP;unicast;interleaved=0-1");
    CHECK(answer("RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;ssrc=1234abcd") ==
          "RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;ssrc=1234abcd");
    CHECK(answer("RTP/AVP/UDP;multicast;destination=239.1.1.1;port=7000-7001;ttl=16") ==
          "RTP/AVP;multicast;destination=239.1.1.1;ttl=16;port=7000-7001");
    CHECK(answer("RTP/SAVPF;unicast;source=fe80::1;client_port=5000-5001;mode=\"PLAY\"") ==
          "RTP/SAVPF;unicast;source=fe80::1;client_port=5000-5001;mode=play");
    CHECK(is_encrypted(Profile::Savp));
    CHECK_FALSE(is_encrypted(Profile::Avpf));
  }

  TEST_CASE("rtsp transport: answers of cameras") {
    struct Row {
      const char *value;
      const char *read;
    };
    for (const Row &row : {
             // ssrc before the other parameters (Luckfox), and with blanks in it (Hikvision).
             Row{"RTP/AVP/TCP;ssrc=12;unicast;interleaved=0-1",
                 "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=00000012"},
             Row{"RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=      1d;mode=\"play\"",
                 "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0000001d;mode=play"},
             Row{"RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0x1D ",
                 "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=0000001d"},
             // Other channels than asked, one, and no TCP in the profile (Escam Q6).
             Row{"RTP/AVP/TCP;unicast;interleaved=6-9", "RTP/AVP/TCP;unicast;interleaved=6-9"},
             Row{"RTP/AVP/TCP;unicast;interleaved=0", "RTP/AVP/TCP;unicast;interleaved=0-1"},
             Row{"RTP/AVP;unicast;interleaved=2-3", "RTP/AVP/TCP;unicast;interleaved=2-3"},
             // Blanks after values (Longse), capitals, a semicolon too many.
             Row{"rtp/avp/tcp ; UNICAST ; Interleaved = 0 - 1 ;; ",
                 "RTP/AVP/TCP;unicast;interleaved=0-1"},
             // No server_port (OpenIPC), a single one, zeros.
             Row{"RTP/AVP;unicast;client_port=5000-5001", "RTP/AVP;unicast;client_port=5000-5001"},
             Row{"RTP/AVP;unicast;client_port=5000-5001;server_port=6970",
                 "RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971"},
             Row{"RTP/AVP;unicast;client_port=5000-5001;server_port=0-0",
                 "RTP/AVP;unicast;client_port=5000-5001"},
             Row{"RTP/AVP;unicast;server_port=70000-70001", "RTP/AVP;unicast"},
             Row{"RTP/AVP;unicast;server_port=65535", "RTP/AVP;unicast"},
             Row{"RTP/AVP;unicast;server_port=6971-6972", "RTP/AVP;unicast;server_port=6971-6972"},
             // What cannot be understood is left out.
             Row{"RTP/AVP/TCP;interleaved=0-1;ssrc=123456789;ttl=300;x-dynamic-rate=1;layers=2",
                 "RTP/AVP/TCP;unicast;interleaved=0-1"},
             Row{"RTP/AVP/TCP;interleaved=255", "RTP/AVP/TCP;unicast"},
             Row{"RTP/AVP/TCP;interleaved=256-257", "RTP/AVP/TCP;unicast"},
             Row{"RTP/AVP;unicast;source=<script>;server_port=6970-6971",
                 "RTP/AVP;unicast;server_port=6970-6971"},
             Row{"MP2T/H2221/UDP,RTP/AVP/TCP;interleaved=0-1,RTP/AVP",
                 "RTP/AVP/TCP;unicast;interleaved=0-1"},
         }) {
      CHECK_MESSAGE(answer(row.value) == row.read, row.value);
    }
    for (const char *bad : {"", ";", "RTP", "RTP/AVP/SCTP", "RAW/RAW/UDP;unicast", "RTP/AVP/TCP/x"})
      CHECK_MESSAGE(answer(bad) == "refused", bad);
  }

  TEST_CASE("rtsp transport: what clients ask for, in their order") {
    CHECK(request("RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1") ==
          "RTP/AVP;unicast;client_port=5000-5001 | RTP/AVP/TCP;unicast;interleaved=0-1");
    CHECK(request("RTP/AVP/UDP;unicast;client_port=5000-5001;mode=record") ==
          "RTP/AVP;unicast;client_port=5000-5001;mode=record");
    CHECK(request("RTP/AVP/TCP;unicast;mode=\"PLAY,RECORD\"") == "RTP/AVP/TCP;unicast");
    CHECK(request("RTP/AVP;unicast;client_port=5000") == "RTP/AVP;unicast;client_port=5000-5001");
    CHECK(request("RTP/AVP;multicast") == "RTP/AVP;multicast");
    CHECK(request("RTP/AVP/TCP;unicast;interleaved=0-1;append;mode=RECEIVE") ==
          "RTP/AVP/TCP;unicast;append;interleaved=0-1;mode=record");
  }

  TEST_CASE("rtsp transport: ports that cannot be used are refused with the alternative") {
    for (const char *bad :
         {"RTP/AVP;unicast", "RTP/AVP;unicast;client_port=0-1", "RTP/AVP;unicast;client_port=0",
          "RTP/AVP;unicast;client_port=5001-5002", "RTP/AVP;unicast;client_port=70000-70001",
          "RTP/AVP;unicast;client_port=5000-5000", "RTP/AVP;unicast;client_port=5000-5003",
          "RTP/AVP;unicast;client_port=-1", "RTP/AVP;unicast;client_port=5000-",
          "RTP/AVP;unicast;client_port=65535-65536", "RTP/AVP;unicast;client_port=x", "", "x"}) {
      auto transports = parse_transport_request(bad);
      if (std::string_view(bad).ends_with("5000-")) {
        // A second number that is missing stands for the next one.
        CHECK(transports.has_value());
        continue;
      }
      REQUIRE_MESSAGE(!transports.has_value(), bad);
      CHECK(transports.error().code == Code::Unsupported);
    }
    CHECK(request("RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP;interleaved=4-5") ==
          "RTP/AVP/TCP;unicast;interleaved=4-5");
  }

  TEST_CASE("rtsp transport: a destination is told, and may be anything but a target") {
    auto transports =
        parse_transport_request("RTP/AVP;unicast;destination=192.0.2.7;client_port=5000-5001");
    REQUIRE(transports.has_value());
    CHECK(transports->front().destination == "192.0.2.7");
    CHECK(parse_transport_request("RTP/AVP/TCP;destination=a b")->front().destination.empty());
    std::string too_long = "RTP/AVP/TCP;destination=" + std::string(300, 'a');
    CHECK(parse_transport_request(too_long)->front().destination.empty());
  }

  TEST_CASE("rtsp transport: alternatives are bounded in number") {
    std::string many;
    for (std::size_t i = 0; i < kMaxAlternatives; ++i)
      many += "RTP/AVP/TCP,";
    CHECK(parse_transport_request(many).has_value());
    CHECK(parse_transport_request(many + "RTP/AVP/TCP").error().code == Code::TooLarge);
  }
}

}  // namespace
}  // namespace sluice::wire::rtsp
