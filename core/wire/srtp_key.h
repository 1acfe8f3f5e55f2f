// SPDX-License-Identifier: Apache-2.0
// A key of SRTP as SDES and MIKEY carry it. Secret: never log one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::wire {

// Encryption and authentication together, by the names of RFC 4568, 6188 and 7714.
enum class SrtpSuite : std::uint8_t {
  AesCm128HmacSha1Tag80,
  AesCm128HmacSha1Tag32,
  AesCm192HmacSha1Tag80,
  AesCm192HmacSha1Tag32,
  AesCm256HmacSha1Tag80,
  AesCm256HmacSha1Tag32,
  AeadAes128Gcm,
  AeadAes256Gcm,
};

inline constexpr std::size_t kMaxMki = 128;  // of RFC 4568, section 6.1

struct SrtpSuiteInfo {
  std::string_view name;  // "AES_CM_128_HMAC_SHA1_80"
  std::size_t key_bytes;
  std::size_t salt_bytes;
  std::size_t tag_bytes;
};
[[nodiscard]] const SrtpSuiteInfo &info_of(SrtpSuite suite);
[[nodiscard]] inline std::size_t key_and_salt_bytes(SrtpSuite suite) {
  return info_of(suite).key_bytes + info_of(suite).salt_bytes;
}

// Tags of 10 and 4 bytes are HMAC's, of 16 bytes GCM's.
[[nodiscard]] std::optional<SrtpSuite> find_srtp_suite(std::size_t key_bytes,
                                                       std::size_t tag_bytes);

struct SrtpKey {
  SrtpSuite suite = SrtpSuite::AesCm128HmacSha1Tag80;
  std::string key_and_salt;  // key_and_salt_bytes(suite) bytes: the key, then the salt
  std::string mki;           // 0 to kMaxMki bytes, as they stand in packets
  bool encrypts_rtp = true;
  bool encrypts_rtcp = true;
  bool authenticates_rtp = true;
};

// A fresh random key.
[[nodiscard]] SrtpKey make_srtp_key(SrtpSuite suite, std::size_t mki_bytes);

}  // namespace sluice::wire
