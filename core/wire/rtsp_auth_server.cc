// SPDX-License-Identifier: Apache-2.0
// The server's side: reading and checking answers, challenges, nonces.
#include <algorithm>

#include "base/hash.h"
#include "wire/rtsp_auth.h"
#include "wire/rtsp_digest.h"
#include "wire/text.h"

namespace sluice::wire::rtsp {
namespace {

using base::Code;
using base::Domain;
using base::Result;

constexpr std::size_t kMaxAuthorization = 4096;
// Hexadecimal digits of the random bits, of the time, and of the seal.
constexpr std::size_t kRandomDigits = 32;
constexpr std::size_t kTimeDigits = 16;
constexpr std::size_t kSealDigits = 32;

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}

bool equal_secret(std::string_view a, std::string_view b) {
  return base::equal_constant_time(base::as_bytes(a), base::as_bytes(b));
}

Result<Authorization> parse_basic(std::string_view text) {
  auto pair = base::base64_decode(text);
  if (!pair || !pair->contains(':')) return malformed("a Basic authorization is malformed");
  Authorization basic;
  std::string_view password = *pair;
  basic.user = take_until(password, ':');
  basic.password = password;
  return basic;
}

base::Status take_parameter(const Parameter &parameter, Authorization &digest) {
  struct Row {
    std::string_view name;
    std::string Authorization::*member;
  };
  static constexpr Row kRows[] = {
      {"username", &Authorization::user}, {"realm", &Authorization::realm},
      {"nonce", &Authorization::nonce},   {"uri", &Authorization::uri},
      {"qop", &Authorization::qop},       {"response", &Authorization::response},
      {"nc", &Authorization::count},      {"cnonce", &Authorization::client_nonce}};
  for (const Row &row : kRows) {
    if (equal_ignoring_case(parameter.name, row.name)) digest.*row.member = parameter.value;
  }
  if (!equal_ignoring_case(parameter.name, "algorithm")) return {};
  auto algorithm = algorithm_of(trim(parameter.value));
  if (!algorithm) return base::fail(Domain::Wire, Code::Unsupported, "an unknown digest algorithm");
  digest.algorithm = *algorithm;
  return {};
}

// The path and query, without slashes at the end.
std::string_view path_of(std::string_view uri) {
  if (std::size_t scheme = uri.find("://"); scheme != std::string_view::npos) {
    uri.remove_prefix(scheme + 3);
    uri.remove_prefix(std::min(uri.find('/'), uri.size()));
  }
  while (uri.ends_with('/'))
    uri.remove_suffix(1);
  return uri;
}

bool fits(std::string_view digest_uri, const Demand &demand) {
  std::string_view path = path_of(digest_uri);
  std::string_view asked = path_of(demand.uri);
  if (path == asked) return true;
  return demand.method == "SETUP" && !path.empty() && asked.starts_with(path) &&
         asked.substr(path.size()).starts_with('/');
}

}  // namespace

Result<Authorization> parse_authorization(std::string_view value) {
  if (value.size() > kMaxAuthorization) {
    return base::fail(Domain::Wire, Code::TooLarge, "an authorization is too long");
  }
  std::string_view rest = trim(value);
  std::string_view scheme = take_word(rest);
  if (equal_ignoring_case(scheme, "Basic")) return parse_basic(rest);
  if (!equal_ignoring_case(scheme, "Digest")) {
    return base::fail(Domain::Wire, Code::Unsupported, "an unknown authorization scheme");
  }
  Authorization digest;
  digest.scheme = Scheme::Digest;
  ParameterReader reader(rest);
  while (auto parameter = reader.next())
    SLUICE_TRY_VOID(take_parameter(*parameter, digest));
  bool is_whole = !digest.nonce.empty() && !digest.uri.empty() && !digest.response.empty();
  if (!is_whole) return malformed("a Digest authorization lacks a parameter");
  return digest;
}

bool verify(const Authorization &authorization, const Credentials &credentials,
            const Demand &demand) {
  bool user_fits = equal_secret(authorization.user, credentials.user);
  if (authorization.scheme == Scheme::Basic) {
    return equal_secret(authorization.password, credentials.password) && user_fits;
  }
  bool qop_fits = authorization.qop.empty() ||
                  (authorization.qop == "auth" && !authorization.client_nonce.empty());
  if (authorization.realm != demand.realm || !qop_fits || !fits(authorization.uri, demand)) {
    return false;
  }
  std::string expected = digest_response(authorization, credentials.password, demand.method);
  return equal_secret(to_lower(authorization.response), expected) && user_fits;
}

// Realm and nonce come first, and MD5 is left unsaid: live555's client reads it so.
std::string make_digest_challenge(Algorithm algorithm, std::string_view realm,
                                  std::string_view nonce, bool stale) {
  std::string out = "Digest realm=" + quote(realm) + ", nonce=" + quote(nonce);
  if (algorithm != Algorithm::Md5) {
    out += ", algorithm=";
    out += algorithm_name(algorithm);
  }
  if (stale) out += ", stale=true";
  return out;
}

std::string make_basic_challenge(std::string_view realm) { return "Basic realm=" + quote(realm); }

Nonces::Nonces() { base::random_bytes(key_); }

std::string Nonces::make(base::MonoTime now) const {
  std::array<std::byte, (kRandomDigits + kTimeDigits) / 2> bytes{};
  base::random_bytes(base::MutableBytes(bytes).first(kRandomDigits / 2));
  auto seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  std::byte *time = bytes.data() + kRandomDigits / 2;
  base::put_u32(base::put_u32(time, static_cast<std::uint32_t>(seconds >> 32)),
                static_cast<std::uint32_t>(seconds));
  std::string nonce = base::hex(bytes);
  nonce += seal(nonce);
  return nonce;
}

std::string Nonces::seal(std::string_view text) const {
  return base::hex(base::hmac_sha256(key_, base::as_bytes(text))).substr(0, kSealDigits);
}

Nonces::State Nonces::check(std::string_view nonce, base::MonoTime now,
                            std::chrono::seconds max_age) const {
  if (nonce.size() != kRandomDigits + kTimeDigits + kSealDigits) return State::Foreign;
  std::string_view text = nonce.substr(0, kRandomDigits + kTimeDigits);
  if (!equal_secret(nonce.substr(text.size()), seal(text))) return State::Foreign;
  std::uint64_t high = parse_hex32(text.substr(kRandomDigits, 8)).value_or(0);
  std::uint64_t low = parse_hex32(text.substr(kRandomDigits + 8)).value_or(0);
  auto made = base::MonoTime(std::chrono::seconds(high << 32 | low));
  return now - made > max_age ? State::Stale : State::Fresh;
}

}  // namespace sluice::wire::rtsp
