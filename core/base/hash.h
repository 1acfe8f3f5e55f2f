// SPDX-License-Identifier: Apache-2.0
// Digests, message authentication, base64 and randomness, by OpenSSL's libcrypto.
#pragma once

#include <array>
#include <string>

#include "base/bytes.h"

namespace sluice::base {

std::array<std::byte, 20> sha1(Bytes data);
std::array<std::byte, 32> hmac_sha256(Bytes key, Bytes data);

std::string base64(Bytes data);

// Cryptographically strong random bytes.
void random_bytes(MutableBytes out);

// Compares in time that depends on the lengths only. For every comparison with a secret.
bool equal_constant_time(Bytes a, Bytes b);

}  // namespace sluice::base
