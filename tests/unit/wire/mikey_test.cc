// SPDX-License-Identifier: Apache-2.0
// MIKEY as GStreamer, Axis and Milestone write it, and with every length lying.
#include "wire/mikey.h"

#include <doctest/doctest.h>

#include "base/hash.h"
#include "wire/hex.h"

namespace sluice::wire::mikey {
namespace {

using base::Code;
using test::hex;

const std::string kKey = "0123456789abcdef0123456789abcd";  // 16 bytes of key, 14 of salt

struct Parts {
  std::string streams = hex("01 00 00 00000005 00000000");
  std::string policy = hex("01 00 00 0015 000101 010110 020101 03010a 070101 080101 0a0101");
  std::string key = hex("00 20 001e") + kKey;
  std::string encryption = hex("00");
  std::string mac = hex("00");
};

// The order of payloads is GStreamer's: time, random bytes, policy, keys.
std::string message(const Parts &parts) {
  std::string size;
  base::ByteWriter(size).u16(static_cast<std::uint16_t>(parts.key.size()));
  return hex("01 00 05 00 0000002a") + parts.streams + hex("0b 00 ebfe6f2db1c13fd0") +
         hex("0a 10 00000000000000000000000000000000") + parts.policy + hex("00") +
         parts.encryption + size + parts.key + parts.mac;
}

Code error_of(const Parts &parts) {
  auto parsed = parse(base::as_bytes(message(parts)));
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error().code;
}

Message read(const Parts &parts) {
  auto parsed = parse(base::as_bytes(message(parts)));
  REQUIRE(parsed.has_value());
  return *std::move(parsed);
}

Parts with_policy(std::string_view parameters) {
  Parts parts;
  std::string bytes = hex(parameters);
  parts.policy = hex("01 00 00 00") + static_cast<char>(bytes.size()) + bytes;
  return parts;
}

Parts with_key(std::string_view head, std::string bytes) {
  Parts parts;
  parts.key = hex(head) + std::move(bytes);
  return parts;
}

TEST_SUITE("wire") {
  TEST_CASE("mikey: a message as GStreamer writes it") {
    Message parsed = read({});
    CHECK(parsed.bundle_id == 42);
    REQUIRE(parsed.streams.size() == 1);
    CHECK(parsed.streams[0].ssrc == 5);
    CHECK(parsed.key.suite == SrtpSuite::AesCm128HmacSha1Tag80);
    CHECK(parsed.key.key_and_salt == kKey);
    CHECK(parsed.key.mki.empty());
    CHECK(parsed.key.encrypts_rtp);
    CHECK(parsed.key.authenticates_rtp);
  }

  TEST_CASE("mikey: bytes behind the message are ignored, as Milestone pads it") {
    std::string padded = message({}) + '\0';
    CHECK(parse(base::as_bytes(padded)).has_value());
    CHECK(parse_base64(base::base64(base::as_bytes(padded))).has_value());
    CHECK(parse_base64(" " + base::base64(base::as_bytes(message({}))) + "\r\n").has_value());
    CHECK(parse_base64("!").error().code == Code::Malformed);
    CHECK(parse_base64(std::string(20000, 'A')).error().code == Code::TooLarge);
    CHECK(parse(base::as_bytes(std::string(9000, 'A'))).error().code == Code::TooLarge);
  }

  TEST_CASE("mikey: an MKI, an interval, and a salt of its own") {
    CHECK(read(with_key("00 21 001e", kKey + hex("04 00000001"))).key.mki ==
          std::string("\0\0\0\1", 4));
    CHECK(read(with_key("00 22 001e", kKey + hex("02 aaaa 01 bb"))).key.mki.empty());
    Parts salted =
        with_key("00 31 0010", kKey.substr(0, 16) + hex("000e") + kKey.substr(16) + hex("02 0102"));
    CHECK(read(salted).key.key_and_salt == kKey);
    CHECK(read(salted).key.mki == "\x01\x02");
    // The first of several keys.
    Parts two = with_key("14 20 001e", kKey + hex("00 20 001e") + std::string(30, 'x'));
    CHECK(read(two).key.key_and_salt == kKey);
    Parts authenticated;
    authenticated.mac = hex("01") + std::string(20, 'm');
    CHECK(read(authenticated).key.key_and_salt == kKey);
  }

  TEST_CASE("mikey: policies, and what they say with other words") {
    auto suite = [](std::string_view parameters, std::size_t key_bytes = 30) {
      Parts parts = with_policy(parameters);
      std::string bytes(key_bytes, 'k');
      parts.key = hex("00 20 00") + static_cast<char>(key_bytes) + bytes;
      return read(parts).key;
    };
    CHECK(suite("").suite == SrtpSuite::AesCm128HmacSha1Tag80);
    CHECK(suite("030114").suite == SrtpSuite::AesCm128HmacSha1Tag80);
    CHECK(suite("030104").suite == SrtpSuite::AesCm128HmacSha1Tag32);
    CHECK(suite("0b0104").suite == SrtpSuite::AesCm128HmacSha1Tag32);
    CHECK(suite("030104 0b010a").suite == SrtpSuite::AesCm128HmacSha1Tag80);
    CHECK(suite("010120", 46).suite == SrtpSuite::AesCm256HmacSha1Tag80);
    CHECK(suite("010118", 38).suite == SrtpSuite::AesCm192HmacSha1Tag80);
    CHECK(suite("000106 010110 140110", 28).suite == SrtpSuite::AeadAes128Gcm);
    CHECK(suite("000106 010120", 44).suite == SrtpSuite::AeadAes256Gcm);
    CHECK_FALSE(suite("000100").encrypts_rtp);
    CHECK_FALSE(suite("000100").encrypts_rtcp);
    CHECK_FALSE(suite("070100").encrypts_rtp);
    CHECK_FALSE(suite("080100").encrypts_rtcp);
    CHECK_FALSE(suite("020100").authenticates_rtp);
    CHECK_FALSE(suite("0a0100").authenticates_rtp);
    CHECK(suite("ff02aaaa 0c0100 0000").suite == SrtpSuite::AesCm128HmacSha1Tag80);
  }

  TEST_CASE(
      "mikey: no policy means the defaults, and a stream's own policy is the one that counts") {
    Parts none;
    none.policy = "";
    std::string bytes = message(none);
    // The random bytes' next payload is the keys.
    bytes[19 + 10] = 1;
    auto parsed = parse(base::as_bytes(bytes));
    REQUIRE(parsed.has_value());
    CHECK(parsed->key.suite == SrtpSuite::AesCm128HmacSha1Tag80);
    Parts two;
    two.streams = hex("01 00 02 00000005 00000007");
    two.policy = hex("0a 01 00 0003 0b010a 01 02 00 0003 0b0104");
    CHECK(read(two).key.suite == SrtpSuite::AesCm128HmacSha1Tag32);
    CHECK(read(two).streams[0].rollover == 7);
  }

  TEST_CASE("mikey: what we make is read back, with the MKI that Axis wants") {
    for (std::size_t i = 0; i < 8; ++i) {
      auto suite = static_cast<SrtpSuite>(i);
      for (std::size_t mki : {0U, 4U}) {
        Message ours{.bundle_id = 7,
                     .streams = {{.ssrc = 1, .rollover = 0}, {.ssrc = 2, .rollover = 3}},
                     .key = make_srtp_key(suite, mki)};
        std::string bytes = make(ours, 0x1122334455667788);
        auto parsed = parse(base::as_bytes(bytes));
        REQUIRE(parsed.has_value());
        CHECK(parsed->bundle_id == 7);
        CHECK(parsed->streams.size() == 2);
        CHECK(parsed->streams[1].rollover == 3);
        CHECK(parsed->key.suite == suite);
        CHECK(parsed->key.key_and_salt == ours.key.key_and_salt);
        CHECK(parsed->key.mki == ours.key.mki);
        CHECK(bytes.contains(hex("1122334455667788")));
        CHECK(make(ours, 1) != make(ours, 1));
      }
    }
  }

  TEST_CASE("mikey: kinds of messages and keys that we do not do") {
    std::string bytes = message({});
    for (std::size_t at : {0U, 1U, 9U}) {
      std::string other = bytes;
      other[at] = 5;
      CHECK(parse(base::as_bytes(other)).error().code == Code::Unsupported);
    }
    bytes[2] = 9;
    CHECK(parse(base::as_bytes(bytes)).error().code == Code::Unsupported);
    Parts encrypted;
    encrypted.encryption = hex("01");
    CHECK(error_of(encrypted) == Code::Unsupported);
    CHECK(error_of(with_key("00 00 001e", kKey)) == Code::Unsupported);
    CHECK(error_of(with_key("00 25 001e", kKey)) == Code::Unsupported);
    CHECK(error_of(with_key("05 20 001e", kKey)) == Code::Unsupported);
    CHECK(error_of(with_policy("000102")) == Code::Unsupported);
    CHECK(error_of(with_policy("010111")) == Code::Unsupported);
    CHECK(error_of(with_policy("0b0108")) == Code::Unsupported);
    Parts other_protocol;
    other_protocol.policy = hex("01 00 01 0000");
    CHECK(error_of(other_protocol) == Code::Unsupported);
  }

  TEST_CASE("mikey: lengths that lie, cuts, and floods") {
    CHECK(error_of(with_key("00 20 0010", kKey.substr(0, 16))) == Code::Malformed);
    CHECK(error_of(with_key("00 20 ffff", kKey)) == Code::Malformed);
    CHECK(error_of(with_key("00 21 001e", kKey + hex("ff 00"))) == Code::Malformed);
    CHECK(error_of(with_key("", "")) == Code::Malformed);
    CHECK(error_of(with_policy("0001")) == Code::Malformed);
    CHECK(error_of(with_policy("00ff01")) == Code::Malformed);
    Parts many;
    many.streams = hex("21 00") + std::string(33 * 9, '\0');
    CHECK(error_of(many) == Code::TooLarge);
    std::string keys;
    for (int i = 0; i < 40; ++i)
      keys += hex("14 20 0000");
    CHECK(error_of(with_key("", keys)) == Code::TooLarge);
    std::string flood = hex("01 00 0b 00 00000000 00 00");
    for (int i = 0; i < 40; ++i)
      flood += hex("0b 00");
    CHECK(parse(base::as_bytes(flood)).error().code == Code::TooLarge);
    CHECK(parse(base::as_bytes(hex("01 00 00 00 00000000 00 00"))).error().code == Code::Malformed);
    std::string whole = message({});
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK_FALSE(parse(base::as_bytes(whole).first(size)).has_value());
  }
}

}  // namespace
}  // namespace sluice::wire::mikey
