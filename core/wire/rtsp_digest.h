// SPDX-License-Identifier: Apache-2.0
// What both sides of rtsp_auth share: the digest itself (RFC 7616, section 3.4) and the grammar of
// challenges and answers (RFC 9110, section 11). For rtsp_auth*.cc only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/rtsp_auth.h"

namespace sluice::wire::rtsp {

[[nodiscard]] constexpr bool is_sha256(Algorithm algorithm) {
  return algorithm >= Algorithm::Sha256;
}
[[nodiscard]] constexpr bool is_session(Algorithm algorithm) {
  return algorithm == Algorithm::Md5Sess || algorithm == Algorithm::Sha256Sess;
}
[[nodiscard]] std::string_view algorithm_name(Algorithm algorithm);
[[nodiscard]] std::optional<Algorithm> algorithm_of(std::string_view name);

// What `response` must be, in hexadecimal, from the other parameters.
[[nodiscard]] std::string digest_response(const Authorization &answer, std::string_view password,
                                          std::string_view method);

// In double quotes, escaped; without control characters.
[[nodiscard]] std::string quote(std::string_view text);

// A scheme, whose parameters follow, or a parameter.
struct Parameter {
  std::string_view scheme;
  std::string_view name;
  std::string value;  // without quotes
};

// `Digest realm="a", nonce="b", Basic realm="c"`. What cannot be understood is skipped.
class ParameterReader {
 public:
  explicit ParameterReader(std::string_view text) : rest_(text) {}
  [[nodiscard]] std::optional<Parameter> next();

 private:
  std::string take_value();

  std::string_view rest_;
  bool may_begin_scheme_ = true;
};

}  // namespace sluice::wire::rtsp
