// SPDX-License-Identifier: Apache-2.0
// Digests, message authentication, base64 and randomness, by OpenSSL's libcrypto.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sluice::base {

std::array<std::byte, 16> md5(Bytes data);  // for RTSP's digests only
std::array<std::byte, 20> sha1(Bytes data);
std::array<std::byte, 32> sha256(Bytes data);
std::array<std::byte, 32> hmac_sha256(Bytes key, Bytes data);

// Two lower-case digits for each byte.
std::string hex(Bytes data);

std::string base64(Bytes data);

// The bytes of a base64 text (RFC 4648, section 4). Blanks and line ends are skipped and the
// padding may be missing, as devices write it; any other character, and a length that no bytes
// have, are nothing.
std::optional<std::string> base64_decode(std::string_view text);

// Cryptographically strong random bytes.
void random_bytes(MutableBytes out);

// Compares in time that depends on the lengths only. For every comparison with a secret.
bool equal_constant_time(Bytes a, Bytes b);

}  // namespace sluice::base
