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

template <std::size_t N>
std::array<std::byte, N> digest(Bytes data, const EVP_MD *algorithm) {
  std::array<std::byte, N> out{};
  unsigned int size = 0;
  int ok = EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char *>(out.data()),
                      &size, algorithm, nullptr);
  SLUICE_CHECK(ok == 1 && size == out.size());
  return out;
}

// The six bits that a character stands for; 64 when it stands for none.
std::uint32_t base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
  if (c == '+') return 62;
  return c == '/' ? 63 : 64;
}

}  // namespace

std::array<std::byte, 16> md5(Bytes data) { return digest<16>(data, EVP_md5()); }
std::array<std::byte, 20> sha1(Bytes data) { return digest<20>(data, EVP_sha1()); }
std::array<std::byte, 32> sha256(Bytes data) { return digest<32>(data, EVP_sha256()); }

std::array<std::byte, 32> hmac_sha256(Bytes key, Bytes data) {
  std::array<std::byte, 32> out{};
  unsigned int size = 0;
  auto *ok = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(data), data.size(),
                  reinterpret_cast<unsigned char *>(out.data()), &size);
  SLUICE_CHECK(ok != nullptr && size == out.size());
  return out;
}

std::string hex(Bytes data) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(data.size() * 2);
  for (std::byte b : data) {
    out.push_back(kDigits[std::to_integer<std::size_t>(b) >> 4]);
    out.push_back(kDigits[std::to_integer<std::size_t>(b) & 15U]);
  }
  return out;
}

std::string base64(Bytes data) {
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL.
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(out.data()), raw(data),
                             static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// OpenSSL's decoder counts padding as bytes and knows no missing one.
std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int digits = 0;
  bool padded = false;
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '=') {
      padded = true;
      continue;
    }
    std::uint32_t digit = base64_digit(c);
    if (digit > 63 || padded) return {};
    bits = bits << 6 | digit;
    if (++digits % 4 == 0) ByteWriter(out).u24(bits & 0xffffffU);
  }
  if (digits % 4 == 1) return {};
  if (digits % 4 == 2) ByteWriter(out).u8(static_cast<std::uint8_t>(bits >> 4));
  if (digits % 4 == 3) ByteWriter(out).u16(static_cast<std::uint16_t>(bits >> 2));
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
