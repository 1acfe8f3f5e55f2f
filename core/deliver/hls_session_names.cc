// SPDX-License-Identifier: Apache-2.0
#include "deliver/hls_session_names.h"

#include <algorithm>

#include "base/hash.h"
#include "deliver/hls_query.h"

namespace sluice::deliver {
namespace {

constexpr std::size_t kHalf = (kHlsSessionLength - 1) / 2;

// As many characters of base64url (RFC 4648 section 5) as half a name has.
std::string half_of(base::Bytes bytes) {
  std::string text = base::base64(bytes).substr(0, kHalf);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

}  // namespace

HlsSessionNames::HlsSessionNames() : key_() { base::random_bytes(key_); }

std::string HlsSessionNames::make() const {
  std::array<std::byte, 9> bytes;
  base::random_bytes(bytes);
  std::string random = half_of(bytes);
  return "~" + random + seal(random);
}

bool HlsSessionNames::gave(std::string_view name) const {
  if (!is_hls_session(name)) return false;
  std::string expected = seal(name.substr(1, kHalf));
  return base::equal_constant_time(base::as_bytes(name.substr(1 + kHalf)),
                                   base::as_bytes(expected));
}

std::string HlsSessionNames::seal(std::string_view random) const {
  return half_of(base::hmac_sha256(key_, base::as_bytes(random)));
}

}  // namespace sluice::deliver
