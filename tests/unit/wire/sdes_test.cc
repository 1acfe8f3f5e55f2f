// SPDX-License-Identifier: Apache-2.0
// Keys in a=crypto: each suite there and back, and what must not be taken for a key.
#include "wire/sdes.h"

#include <doctest/doctest.h>

namespace sluice::wire::sdes {
namespace {

using base::Code;

constexpr SrtpSuite kSuites[] = {SrtpSuite::AesCm128HmacSha1Tag80, SrtpSuite::AesCm128HmacSha1Tag32,
                                 SrtpSuite::AesCm192HmacSha1Tag80, SrtpSuite::AesCm192HmacSha1Tag32,
                                 SrtpSuite::AesCm256HmacSha1Tag80, SrtpSuite::AesCm256HmacSha1Tag32,
                                 SrtpSuite::AeadAes128Gcm,         SrtpSuite::AeadAes256Gcm};

// 40 characters: the 30 bytes of AES-CM with 128 bits.
constexpr std::string_view kKey = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

base::Result<SrtpKey> read(std::string_view suite, std::string_view parameters) {
  return parse({.tag = 1, .suite = std::string(suite), .parameters = std::string(parameters)});
}

base::Result<SrtpKey> read(std::string_view parameters) {
  return read("AES_CM_128_HMAC_SHA1_80", parameters);
}

std::string inline_key(std::string_view behind) {
  return "inline:" + std::string(kKey) + std::string(behind);
}

TEST_SUITE("wire") {
  TEST_CASE("sdes: a key of each suite goes there and back") {
    for (SrtpSuite suite : kSuites) {
      for (std::size_t mki : {0U, 1U, 4U}) {
        SrtpKey key = make_srtp_key(suite, mki);
        CHECK(key.key_and_salt.size() == key_and_salt_bytes(suite));
        CHECK(key.key_and_salt != make_srtp_key(suite, mki).key_and_salt);
        sdp::Crypto crypto = make(3, key);
        CHECK(crypto.suite == info_of(suite).name);
        auto again = parse(crypto);
        REQUIRE(again.has_value());
        CHECK(again->suite == suite);
        CHECK(again->key_and_salt == key.key_and_salt);
        CHECK(again->mki == key.mki);
        CHECK(again->encrypts_rtcp);
      }
    }
    CHECK(find_srtp_suite(16, 10) == SrtpSuite::AesCm128HmacSha1Tag80);
    CHECK(find_srtp_suite(32, 16) == SrtpSuite::AeadAes256Gcm);
    CHECK_FALSE(find_srtp_suite(24, 16).has_value());
  }

  TEST_CASE("sdes: lifetime, MKI, further keys and session parameters") {
    CHECK(read(inline_key("|2^20|1:4"))->mki == std::string("\0\0\0\1", 4));
    CHECK(read(inline_key("|1:4"))->mki == std::string("\0\0\0\1", 4));
    CHECK(read(inline_key("|258:2"))->mki == "\x01\x02");
    CHECK(read(inline_key("|2^31"))->mki.empty());
    CHECK(read(inline_key("|2^20|1:4;inline:x|2^20|2:4"))->mki == std::string("\0\0\0\1", 4));
    auto key = read(inline_key(" UNENCRYPTED_SRTCP UNENCRYPTED_SRTP UNAUTHENTICATED_SRTP WSH=64"));
    REQUIRE(key.has_value());
    CHECK_FALSE(key->encrypts_rtp);
    CHECK_FALSE(key->encrypts_rtcp);
    CHECK_FALSE(key->authenticates_rtp);
    CHECK(to_string(make(7, *key)) ==
          "7 AES_CM_128_HMAC_SHA1_80 " +
              inline_key(" UNENCRYPTED_SRTP UNENCRYPTED_SRTCP UNAUTHENTICATED_SRTP"));
    CHECK(read(inline_key(" -FUTURE=1 KDR=0")).has_value());
    CHECK(read("aes_cm_256_hmac_sha1_80", "inline:" + std::string(61, 'A') + 'A').has_value());
  }

  TEST_CASE("sdes: what is no key of ours") {
    for (const std::string &bad :
         {std::string(), std::string("inline:"), std::string("inline:YWJj"),
          "inline:" + std::string(kKey.substr(1)), inline_key("AAAA"), inline_key("|1:"),
          inline_key("|:4"), inline_key("|1:0"), inline_key("|1:129"), inline_key("|256:1"),
          inline_key("|x:4"), std::string("uri:https://h/"), inline_key(" KDR=1"),
          inline_key(" FEC_ORDER=FEC_SRTP"), inline_key(" FUTURE")}) {
      CHECK_MESSAGE(!read(bad).has_value(), bad);
    }
    CHECK(read("F8_128_HMAC_SHA1_80", inline_key("")).error().code == Code::Unsupported);
    CHECK(read("AEAD_AES_128_GCM", inline_key("")).error().code == Code::Malformed);
  }
}

}  // namespace
}  // namespace sluice::wire::sdes
