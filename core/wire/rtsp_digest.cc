// SPDX-License-Identifier: Apache-2.0
#include "wire/rtsp_digest.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/hash.h"
#include "wire/text.h"

namespace sluice::wire::rtsp {
namespace {

constexpr std::string_view kAlgorithmNames[] = {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"};

std::string hash(Algorithm algorithm, std::string_view text) {
  base::Bytes bytes = base::as_bytes(text);
  return is_sha256(algorithm) ? base::hex(base::sha256(bytes)) : base::hex(base::md5(bytes));
}

std::string with_colons(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (std::string_view part : parts) {
    out += part;
    out += ':';
  }
  out.pop_back();
  return out;
}

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) {
  return kAlgorithmNames[static_cast<std::size_t>(algorithm)];
}

std::optional<Algorithm> algorithm_of(std::string_view name) {
  const auto *found = std::ranges::find_if(
      kAlgorithmNames, [&](std::string_view known) { return equal_ignoring_case(known, name); });
  if (found == std::end(kAlgorithmNames)) return {};
  return static_cast<Algorithm>(found - std::begin(kAlgorithmNames));
}

std::string digest_response(const Authorization &answer, std::string_view password,
                            std::string_view method) {
  auto h = [&](std::initializer_list<std::string_view> parts) {
    return hash(answer.algorithm, with_colons(parts));
  };
  std::string a1 = h({answer.user, answer.realm, password});
  if (is_session(answer.algorithm)) a1 = h({a1, answer.nonce, answer.client_nonce});
  std::string a2 = h({method, answer.uri});
  if (answer.qop.empty()) return h({a1, answer.nonce, a2});  // RFC 2069
  return h({a1, answer.nonce, answer.count, answer.client_nonce, answer.qop, a2});
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (is_control(c)) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

// A word with an equals sign behind it is a parameter's name; another one is a scheme, if a comma
// or nothing is before it, else it is the rest of a value that should have been quoted.
std::optional<Parameter> ParameterReader::next() {
  while (true) {
    std::size_t start = std::min(rest_.find_first_not_of(" \t,;"), rest_.size());
    if (rest_.substr(0, start).contains(',')) may_begin_scheme_ = true;
    rest_.remove_prefix(start);
    if (rest_.empty()) return {};
    std::size_t end = std::min(rest_.find_first_of(" \t,;=\""), rest_.size());
    std::string_view word = rest_.substr(0, end);
    // Noise is taken by the character.
    rest_.remove_prefix(std::max<std::size_t>(end, 1));
    std::size_t equals = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    if (!word.empty() && rest_.substr(equals).starts_with('=')) {
      rest_.remove_prefix(equals + 1);
      may_begin_scheme_ = false;
      return Parameter{.name = word, .value = take_value()};
    }
    if (!word.empty() && std::exchange(may_begin_scheme_, false)) return Parameter{.scheme = word};
  }
}

std::string ParameterReader::take_value() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  if (!rest_.starts_with('"')) {
    std::size_t end = std::min(rest_.find_first_of(" \t,;"), rest_.size());
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return value;
  }
  std::string value;
  std::size_t i = 1;
  for (; i < rest_.size() && rest_[i] != '"'; ++i) {
    if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
    value += rest_[i];
  }
  rest_.remove_prefix(std::min(i + 1, rest_.size()));
  return value;
}

}  // namespace sluice::wire::rtsp
