// SPDX-License-Identifier: Apache-2.0
#include "wire/rtsp_headers.h"

#include <algorithm>
#include <charconv>

#include "wire/text.h"

namespace sluice::wire::rtsp {
namespace {

constexpr std::string_view kMethodNames[kMethods] = {
    "OPTIONS", "DESCRIBE", "ANNOUNCE",      "SETUP",         "PLAY",    "PAUSE",
    "RECORD",  "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER", "REDIRECT"};
constexpr std::size_t kMaxSessionId = 256;
constexpr std::uint64_t kMaxTimeoutSeconds = 86400;
constexpr double kMaxNptSeconds = 1e9;
constexpr std::size_t kMaxRtpInfo = 32;
constexpr std::size_t kMaxKeyMgmt = 8;

std::optional<double> parse_decimal_fraction(std::string_view text) {
  double value = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || stop != end || !(value >= 0 && value < kMaxNptSeconds)) return {};
  return value;
}

// Seconds, or hours:minutes:seconds.
std::optional<double> parse_npt_time(std::string_view text) {
  double total = 0;
  for (int parts = 0; parts < 3; ++parts) {
    auto part = parse_decimal_fraction(trim(take_until(text, ':')));
    if (!part) return {};
    total = total * 60 + *part;
    if (text.empty()) return total;
  }
  return {};
}

}  // namespace

std::string_view method_name(Method method) {
  return kMethodNames[static_cast<std::size_t>(method)];
}

std::optional<Method> method_of(std::string_view name) {
  const auto *found = std::ranges::find(kMethodNames, name);
  if (found == std::end(kMethodNames)) return {};
  return static_cast<Method>(found - std::begin(kMethodNames));
}

MethodSet parse_public(std::string_view value) {
  MethodSet methods;
  while (!value.empty()) {
    if (auto method = method_of(trim(take_until(value, ','))))
      methods.set(static_cast<std::size_t>(*method));
  }
  return methods;
}

std::string format_public(MethodSet methods) {
  std::string out;
  for (std::size_t i = 0; i < kMethods; ++i) {
    if (!methods.test(i)) continue;
    if (!out.empty()) out += ", ";
    out += kMethodNames[i];
  }
  return out;
}

std::optional<SessionHeader> parse_session(std::string_view value) {
  SessionHeader session;
  session.id = trim(take_until(value, ';'));
  bool is_wrong = std::ranges::any_of(
      session.id, [](char c) { return is_blank(c) || is_control(c) || c == ','; });
  if (session.id.empty() || session.id.size() > kMaxSessionId || is_wrong) return {};
  while (!value.empty()) {
    std::string_view parameter = take_until(value, ';');
    std::string_view name = trim(take_until(parameter, '='));
    auto seconds = parse_decimal(unquote(trim(parameter)), kMaxTimeoutSeconds);
    if (!equal_ignoring_case(name, "timeout") || !seconds || *seconds == 0) continue;
    session.timeout = std::chrono::seconds(*seconds);
    session.timeout_stated = true;
  }
  return session;
}

std::vector<RtpInfo> parse_rtp_info(std::string_view value) {
  std::vector<RtpInfo> streams;
  while (!value.empty() && streams.size() < kMaxRtpInfo) {
    std::string_view part = take_until_unquoted(value, ',');
    RtpInfo info;
    while (!part.empty()) {
      std::string_view parameter = take_until_unquoted(part, ';');
      std::string_view name = trim(take_until(parameter, '='));
      parameter = unquote(trim(parameter));
      auto number = parse_decimal(parameter, 0xffffffff);
      if (equal_ignoring_case(name, "url")) info.url = parameter;
      if (equal_ignoring_case(name, "seq") && number && *number <= 0xffff)
        info.sequence = static_cast<std::uint16_t>(*number);
      if (equal_ignoring_case(name, "rtptime") && number)
        info.rtp_time = static_cast<std::uint32_t>(*number);
    }
    bool is_empty = info.url.empty() && !info.sequence && !info.rtp_time;
    if (!is_empty) streams.push_back(std::move(info));
  }
  return streams;
}

std::optional<NptRange> parse_npt(std::string_view value) {
  std::string_view range = trim(take_until(value, ';'));  // a time= may follow
  std::string_view unit = trim(take_until(range, '='));
  std::size_t dash = range.find('-');
  if (!equal_ignoring_case(unit, "npt") || dash == std::string_view::npos) return {};
  std::string_view start = trim(range.substr(0, dash));
  std::string_view end = trim(range.substr(dash + 1));
  NptRange parsed;
  parsed.now = equal_ignoring_case(start, "now");
  if (!parsed.now) parsed.start = parse_npt_time(start);
  parsed.end = parse_npt_time(end);
  bool start_is_wrong = !parsed.now && !start.empty() && !parsed.start;
  if (start_is_wrong || (!end.empty() && !parsed.end)) return {};
  return parsed;
}

std::vector<KeyMgmt> parse_key_mgmt(std::string_view value) {
  std::vector<KeyMgmt> entries;
  while (!value.empty() && entries.size() < kMaxKeyMgmt) {
    std::string_view part = take_until_unquoted(value, ',');
    KeyMgmt entry;
    while (!part.empty()) {
      std::string_view parameter = take_until_unquoted(part, ';');
      std::string_view name = trim(take_until(parameter, '='));
      parameter = unquote(trim(parameter));
      if (equal_ignoring_case(name, "prot")) entry.protocol = to_lower(parameter);
      if (equal_ignoring_case(name, "uri")) entry.uri = parameter;
      if (equal_ignoring_case(name, "data")) entry.data = parameter;
    }
    if (!entry.protocol.empty()) entries.push_back(std::move(entry));
  }
  return entries;
}

std::string format_key_mgmt(const KeyMgmt &key_mgmt) {
  std::string out = "prot=" + key_mgmt.protocol;
  if (!key_mgmt.uri.empty()) out += ";uri=\"" + key_mgmt.uri + '"';
  out += ";data=\"" + key_mgmt.data + '"';
  return out;
}

}  // namespace sluice::wire::rtsp
