// SPDX-License-Identifier: Apache-2.0
#include "wire/sdes.h"

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "wire/text.h"

namespace sluice::wire::sdes {
namespace {

using base::Code;
using base::Domain;
using base::Result;
using base::Status;

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}
std::unexpected<base::Error> unsupported(const char *what) {
  return base::fail(Domain::Wire, Code::Unsupported, what);
}

constexpr SrtpSuite kLastSuite = SrtpSuite::AeadAes256Gcm;

std::optional<SrtpSuite> suite_of(std::string_view name) {
  // Libraries had these names before RFC 6188 gave its own.
  struct Alias {
    std::string_view name;
    SrtpSuite suite;
  };
  static constexpr Alias kAliases[] = {
      {"AES_CM_256_HMAC_SHA1_80", SrtpSuite::AesCm256HmacSha1Tag80},
      {"AES_CM_256_HMAC_SHA1_32", SrtpSuite::AesCm256HmacSha1Tag32},
  };
  for (const Alias &alias : kAliases) {
    if (equal_ignoring_case(name, alias.name)) return alias.suite;
  }
  for (std::size_t i = 0; i <= static_cast<std::size_t>(kLastSuite); ++i) {
    auto suite = static_cast<SrtpSuite>(i);
    if (equal_ignoring_case(name, info_of(suite).name)) return suite;
  }
  return {};
}

// "1:4" is four bytes of which the last is 1.
Status take_mki(std::string_view text, SrtpKey &key) {
  auto value = parse_decimal(take_until(text, ':'), ~std::uint64_t{0});
  auto size = parse_decimal(text, kMaxMki);
  if (!value || !size || *size == 0) return malformed("an SDES MKI is malformed");
  key.mki.assign(static_cast<std::size_t>(*size), '\0');
  std::uint64_t rest = *value;
  for (std::size_t i = key.mki.size(); i > 0 && rest != 0; --i) {
    key.mki[i - 1] = static_cast<char>(rest & 0xffU);
    rest >>= 8;
  }
  return rest == 0 ? Status{} : malformed("an SDES MKI is longer than it says");
}

// Section 6.3. A minus means that whoever does not know the parameter may ignore it.
Status take_session_parameter(std::string_view text, SrtpKey &key) {
  bool is_optional = text.starts_with('-');
  if (is_optional) text.remove_prefix(1);
  std::string_view name = take_until(text, '=');
  if (equal_ignoring_case(name, "UNENCRYPTED_SRTP")) {
    key.encrypts_rtp = false;
  } else if (equal_ignoring_case(name, "UNENCRYPTED_SRTCP")) {
    key.encrypts_rtcp = false;
  } else if (equal_ignoring_case(name, "UNAUTHENTICATED_SRTP")) {
    key.authenticates_rtp = false;
  } else if (equal_ignoring_case(name, "WSH") ||
             (equal_ignoring_case(name, "KDR") && text == "0")) {
    return {};
  } else if (!is_optional) {
    return unsupported("an unknown SDES session parameter");
  }
  return {};
}

}  // namespace

Result<SrtpKey> parse(const sdp::Crypto &crypto) {
  auto suite = suite_of(crypto.suite);
  if (!suite) return unsupported("an unknown SDES suite");
  SrtpKey key;
  key.suite = *suite;
  std::string_view rest = crypto.parameters;
  std::string_view keys = take_word(rest);
  std::string_view first = take_until(keys, ';');
  if (!starts_with_ignoring_case(first, "inline:")) return unsupported("SDES key is not inline");
  first.remove_prefix(7);
  auto bytes = base::base64_decode(take_until(first, '|'));
  if (!bytes || bytes->size() != key_and_salt_bytes(*suite)) {
    return malformed("an SDES key is of another length than its suite's");
  }
  key.key_and_salt = *std::move(bytes);
  // A lifetime, an MKI, or both. Lifetimes are longer than cameras live.
  while (!first.empty()) {
    std::string_view part = take_until(first, '|');
    if (part.contains(':')) SLUICE_TRY_VOID(take_mki(part, key));
  }
  while (!rest.empty())
    SLUICE_TRY_VOID(take_session_parameter(take_word(rest), key));
  return key;
}

sdp::Crypto make(std::uint32_t tag, const SrtpKey &key) {
  sdp::Crypto crypto;
  crypto.tag = tag;
  crypto.suite = info_of(key.suite).name;
  crypto.parameters = "inline:" + base::base64(base::as_bytes(key.key_and_salt));
  std::size_t digits = std::min<std::size_t>(key.mki.size(), 8);
  std::uint64_t value = 0;
  for (char c : std::string_view(key.mki).substr(key.mki.size() - digits))
    value = value << 8 | static_cast<unsigned char>(c);
  if (!key.mki.empty())
    crypto.parameters += '|' + std::to_string(value) + ':' + std::to_string(key.mki.size());
  if (!key.encrypts_rtp) crypto.parameters += " UNENCRYPTED_SRTP";
  if (!key.encrypts_rtcp) crypto.parameters += " UNENCRYPTED_SRTCP";
  if (!key.authenticates_rtp) crypto.parameters += " UNAUTHENTICATED_SRTP";
  return crypto;
}

std::string to_string(const sdp::Crypto &crypto) {
  return std::to_string(crypto.tag) + ' ' + crypto.suite + ' ' + crypto.parameters;
}

}  // namespace sluice::wire::sdes
