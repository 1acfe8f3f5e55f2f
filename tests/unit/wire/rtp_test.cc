// SPDX-License-Identifier: Apache-2.0
// RTP's header: whatever it says about its own lengths, nothing is read beyond the packet.
#include "wire/rtp.h"

#include <doctest/doctest.h>

#include "wire/hex.h"

namespace sluice::wire::rtp {
namespace {

using test::hex;

std::string payload_of(const std::string &packet) {
  auto parsed = parse(base::as_bytes(packet));
  return parsed ? std::string(base::as_text(parsed->payload)) : "malformed";
}

TEST_SUITE("wire") {
  TEST_CASE("rtp: the fields of a packet") {
    std::string packet = hex("80 e0 1234 deadbeef 00c0ffee 'payload'");
    auto parsed = parse(base::as_bytes(packet));
    REQUIRE(parsed.has_value());
    CHECK(parsed->marker);
    CHECK(parsed->payload_type == 96);
    CHECK(parsed->sequence == 0x1234);
    CHECK(parsed->timestamp == 0xdeadbeef);
    CHECK(parsed->ssrc == 0x00c0ffee);
    CHECK(base::as_text(parsed->payload) == "payload");
    CHECK(parsed->payload.data() == base::as_bytes(packet).data() + 12);
  }

  TEST_CASE("rtp: sources, extension and padding are skipped") {
    std::string rest = hex("60 0001 00000001 00000002");
    CHECK(payload_of(hex("82") + rest + hex("aaaaaaaa bbbbbbbb 'p'")) == "p");
    CHECK(payload_of(hex("90") + rest + hex("bede 0001 aaaaaaaa 'p'")) == "p");
    CHECK(payload_of(hex("90") + rest + hex("bede 0000 'p'")) == "p");
    CHECK(payload_of(hex("a0") + rest + hex("'p' 000003")) == "p");
    CHECK(payload_of(hex("a0") + rest + hex("01")).empty());
    CHECK(payload_of(hex("b1") + rest + hex("cccccccc bede 0001 aaaaaaaa 'p' 01")) == "p");
    CHECK(payload_of(hex("80") + rest).empty());
  }

  TEST_CASE("rtp: extension elements with reserved ids do not move the payload") {
    // RFC 8285: ids 0 and 15 of the one-byte form, lengths that lie, and the two-byte form.
    for (const char *elements :
         {"00000000", "f0ffffff", "ffffffff", "0f000000", "1fffffff", "10aa00ff"}) {
      for (const char *profile : {"bede", "1000", "100f", "ffff"}) {
        std::string packet = hex("90600001 00000001 00000002") + hex(profile) + hex("0001") +
                             hex(elements) + "payload";
        CHECK(payload_of(packet) == "payload");
      }
    }
  }

  TEST_CASE("rtp: counts and lengths beyond the packet are malformed") {
    std::string rest = hex("60 0001 00000001 00000002");
    for (const std::string &bad :
         {hex("8f") + rest, hex("81") + rest + hex("aaaaaa"), hex("90") + rest,
          hex("90") + rest + hex("bede ffff 0000"), hex("90") + rest + hex("bede 0001 aaaaaa"),
          hex("a0") + rest, hex("a0") + rest + hex("'p' ff"), hex("a0") + rest + hex("'p' 00"),
          hex("a0") + rest + hex("'p' 03"), hex("00") + rest, hex("40") + rest, hex("c0") + rest}) {
      CHECK(payload_of(bad) == "malformed");
    }
    std::string whole = hex("b1 60 0001 00000001 00000002 cccccccc bede 0001 aaaaaaaa 'p' 01");
    for (std::size_t size = 0; size < whole.size() - 2; ++size)
      CHECK(payload_of(whole.substr(0, size)) == "malformed");
  }

  TEST_CASE("rtp: RTCP on the same port is told apart") {
    CHECK(looks_like_rtcp(base::as_bytes(hex("80c8"))));
    CHECK(looks_like_rtcp(base::as_bytes(hex("81c9 0000"))));
    CHECK(looks_like_rtcp(base::as_bytes(hex("81cb"))));
    CHECK_FALSE(looks_like_rtcp(base::as_bytes(hex("8060"))));
    CHECK_FALSE(looks_like_rtcp(base::as_bytes(hex("80e0"))));
    CHECK_FALSE(looks_like_rtcp(base::as_bytes(hex("00c8"))));
    CHECK_FALSE(looks_like_rtcp(base::as_bytes(hex("80"))));
    CHECK_FALSE(looks_like_rtcp({}));
  }
}

}  // namespace
}  // namespace sluice::wire::rtp
