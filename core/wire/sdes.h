// SPDX-License-Identifier: Apache-2.0
// Keys in SDP's a=crypto (RFC 4568, RFC 6188, RFC 7714). Pure; takes hostile bytes.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "wire/sdp.h"
#include "wire/srtp_key.h"

namespace sluice::wire::sdes {

// The first key of an attribute; further keys of the same attribute (key rotation by MKI) are left
// out. Unsupported: a suite, a method or a mandatory session parameter that we do not know.
// Malformed: a key of another length, an MKI that does not fit.
[[nodiscard]] base::Result<SrtpKey> parse(const sdp::Crypto &crypto);

[[nodiscard]] sdp::Crypto make(std::uint32_t tag, const SrtpKey &key);
// The text behind "a=crypto:".
[[nodiscard]] std::string to_string(const sdp::Crypto &crypto);

}  // namespace sluice::wire::sdes
