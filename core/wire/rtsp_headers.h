// SPDX-License-Identifier: Apache-2.0
// The smaller RTSP headers (RFC 2326, section 12; RFC 4567 for KeyMgmt). Pure; takes hostile bytes.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::wire::rtsp {

enum class Method : std::uint8_t {
  Options,
  Describe,
  Announce,
  Setup,
  Play,
  Pause,
  Record,
  Teardown,
  GetParameter,
  SetParameter,
  Redirect,
};
inline constexpr std::size_t kMethods = 11;

[[nodiscard]] std::string_view method_name(Method method);
// Methods are case-sensitive (section 6.1).
[[nodiscard]] std::optional<Method> method_of(std::string_view name);

// Public and Allow. What is not known is left out.
using MethodSet = std::bitset<kMethods>;
[[nodiscard]] MethodSet parse_public(std::string_view value);
[[nodiscard]] std::string format_public(MethodSet methods);
[[nodiscard]] inline bool has(MethodSet methods, Method method) {
  return methods.test(static_cast<std::size_t>(method));
}

// Section 12.37. Without a timeout, or with one that cannot be read, it is 60 s. An id is 1 to 256
// characters without blanks, commas and semicolons; else there is nothing.
struct SessionHeader {
  std::string id;
  std::chrono::seconds timeout{60};  // 1 s to one day
  bool timeout_stated = false;
};
[[nodiscard]] std::optional<SessionHeader> parse_session(std::string_view value);

// Section 12.33, one for each stream, at most 32. Numbers that cannot be read are left out.
struct RtpInfo {
  std::string url;
  std::optional<std::uint16_t> sequence;
  std::optional<std::uint32_t> rtp_time;
};
[[nodiscard]] std::vector<RtpInfo> parse_rtp_info(std::string_view value);

// Section 3.6, "npt=now-" and "npt=1.5-20" and "npt=0:00:01-".
struct NptRange {
  bool now = false;
  std::optional<double> start;  // seconds
  std::optional<double> end;
};
[[nodiscard]] std::optional<NptRange> parse_npt(std::string_view value);

// RFC 4567, section 3.2: "prot=mikey;uri="…";data="…"", several with commas between them; at
// most 8.
struct KeyMgmt {
  std::string protocol;  // in lower case
  std::string uri;
  std::string data;  // base64
};
[[nodiscard]] std::vector<KeyMgmt> parse_key_mgmt(std::string_view value);
[[nodiscard]] std::string format_key_mgmt(const KeyMgmt &key_mgmt);

}  // namespace sluice::wire::rtsp
