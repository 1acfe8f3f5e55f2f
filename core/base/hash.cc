// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace sluice::base {
namespace {

const unsigned char *raw(Bytes b) { return reinterpret_cast<const unsigned char *>(b.data()); }

}  // namespace

std::array<std::byte, 20> sha1(Bytes data) {
  std::array<std::byte, 20> out{};
  unsigned int size = 0;
  int ok = EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char *>(out.data()),
                      &size, EVP_sha1(), nullptr);
  SLUICE_CHECK(ok == 1 && size == out.size());
  return out;
}

std::array<std::byte, 32> hmac_sha256(Bytes key, Bytes data) {
  std::array<std::byte, 32> out{};
  unsigned int size = 0;
  auto *ok = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(data), data.size(),
                  reinterpret_cast<unsigned char *>(out.data()), &size);
  SLUICE_CHECK(ok != nullptr && size == out.size());
  return out;
}

std::string base64(Bytes data) {
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL.
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(out.data()), raw(data),
                             static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

void random_bytes(MutableBytes out) {
  auto *p = reinterpret_cast<unsigned char *>(out.data());
  SLUICE_CHECK(RAND_bytes(p, static_cast<int>(out.size())) == 1);
}

bool equal_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sluice::base
