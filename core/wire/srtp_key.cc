// SPDX-License-Identifier: Apache-2.0
#include "wire/srtp_key.h"

#include "base/hash.h"

namespace sluice::wire {
namespace {

constexpr SrtpSuiteInfo kSuites[] = {
    {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10}, {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4},
    {"AES_192_CM_HMAC_SHA1_80", 24, 14, 10}, {"AES_192_CM_HMAC_SHA1_32", 24, 14, 4},
    {"AES_256_CM_HMAC_SHA1_80", 32, 14, 10}, {"AES_256_CM_HMAC_SHA1_32", 32, 14, 4},
    {"AEAD_AES_128_GCM", 16, 12, 16},        {"AEAD_AES_256_GCM", 32, 12, 16},
};

std::string random_text(std::size_t size) {
  std::string out(size, '\0');
  base::random_bytes(std::as_writable_bytes(std::span(out)));
  return out;
}

}  // namespace

const SrtpSuiteInfo &info_of(SrtpSuite suite) { return kSuites[static_cast<std::size_t>(suite)]; }

std::optional<SrtpSuite> find_srtp_suite(std::size_t key_bytes, std::size_t tag_bytes) {
  for (std::size_t i = 0; i < std::size(kSuites); ++i) {
    if (kSuites[i].key_bytes == key_bytes && kSuites[i].tag_bytes == tag_bytes)
      return static_cast<SrtpSuite>(i);
  }
  return {};
}

SrtpKey make_srtp_key(SrtpSuite suite, std::size_t mki_bytes) {
  SrtpKey key;
  key.suite = suite;
  key.key_and_salt = random_text(key_and_salt_bytes(suite));
  key.mki = random_text(mki_bytes);
  return key;
}

}  // namespace sluice::wire
