// SPDX-License-Identifier: Apache-2.0
#include "config/source_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>

namespace sluice::config {
namespace {

constexpr std::size_t kMaxUrl = 1024;
constexpr std::size_t kMaxHost = 253;
constexpr std::string_view kStars = "***";

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// All that stands between "scheme://" and the path, and the path.
struct Parts {
  std::string_view scheme;  // with "://"; empty when there is none
  std::string_view authority;
  std::string_view rest;  // the path, the query and all
};

Parts split(std::string_view text) {
  Parts parts;
  const std::size_t slashes = text.find("://");
  if (slashes != std::string_view::npos) {
    parts.scheme = text.substr(0, slashes + 3);
    text.remove_prefix(slashes + 3);
  }
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  parts.authority = text.substr(0, end);
  parts.rest = text.substr(end);
  return parts;
}

struct HostPort {
  std::string_view host;  // without brackets
  std::optional<std::string_view> port;
  bool in_brackets = false;
  bool is_whole = true;  // false: something stands between the bracket and the port
};

HostPort split_host(std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  HostPort out;
  std::string_view behind;
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    out.in_brackets = true;
    out.is_whole = bracket != std::string_view::npos;
    if (!out.is_whole) return out;
    out.host = authority.substr(1, bracket - 1);
    behind = authority.substr(bracket + 1);
    out.is_whole = behind.empty() || behind.starts_with(':');
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    out.host = authority.substr(0, colon);
    behind = authority.substr(colon);
  }
  if (behind.starts_with(':')) out.port = behind.substr(1);
  return out;
}

bool is_host(const HostPort &at) {
  if (at.host.empty() || at.host.size() > kMaxHost || !at.is_whole) return false;
  if (at.in_brackets) {
    in6_addr address;
    const std::string_view number = at.host.substr(0, at.host.find('%'));
    return inet_pton(AF_INET6, std::string(number).c_str(), &address) == 1;
  }
  // Underscores are in no host name of the standards, and in many of real networks.
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  };
  return std::ranges::all_of(at.host, allowed) && !at.host.starts_with('.');
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const char *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stop == end && port > 0;
}

bool is_telling(std::string_view name) {
  constexpr std::array<std::string_view, 9> kWords{"pass", "pwd", "user",   "login", "auth",
                                                   "key",  "tok", "secret", "sig"};
  const std::string low = lowered(name);
  return std::ranges::any_of(kWords, [&](std::string_view word) { return low.contains(word); });
}

// Cameras take a password in the query, and some in the path: "/user=admin_password=x_channel=1".
std::string redact_parameters(std::string_view rest) {
  std::string out;
  while (!rest.empty()) {
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return out.append(rest);
    out.append(rest.substr(0, equals + 1));
    const std::string_view before = rest.substr(0, equals);
    const std::size_t begin = before.find_last_of("/?&;,#");
    const std::string_view name =
        begin == std::string_view::npos ? before : before.substr(begin + 1);
    rest.remove_prefix(equals + 1);
    if (!is_telling(name)) continue;
    // Up to what surely begins something else; hiding too much does no harm.
    rest.remove_prefix(std::min(rest.find_first_of("/?&;#"), rest.size()));
    out.append(kStars);
  }
  return out;
}

}  // namespace

std::optional<std::string> check_source_url(std::string_view text) {
  if (text.size() > kMaxUrl) return "is longer than 1024 characters";
  const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::ranges::all_of(text, is_visible)) {
    return "may hold visible ASCII characters only; write %20 for a blank";
  }
  const Parts parts = split(text);
  const std::string scheme = lowered(parts.scheme);
  if (scheme != "rtsp://" && scheme != "rtsps://") {
    return "must be a URL such as rtsp://user:password@10.0.0.5:554/path, or rtsps://";
  }
  // Else a password with a slash would be taken for a host, and shown as one.
  if (parts.rest.contains('@')) {
    return "has an @ behind the host; write %40 for one in the path, and %2F, %3F or %23 for a /, "
           "? "
           "or # in the password";
  }
  const HostPort at = split_host(parts.authority);
  if (!is_host(at)) {
    return "has no valid host; it is a name, an IPv4 address, or an IPv6 address in brackets";
  }
  if (at.port && !is_port(*at.port)) return "has no valid port; it is a number from 1 to 65535";
  return std::nullopt;
}

std::string redact_url(std::string_view text) {
  const Parts parts = split(text);
  const std::string_view behind_scheme = text.substr(parts.scheme.size());
  std::string out(parts.scheme);
  const std::size_t at = behind_scheme.rfind('@');
  if (at == std::string_view::npos) {
    return out.append(parts.authority) + redact_parameters(parts.rest);
  }
  out.append(kStars).append("@");
  const Parts visible = split(behind_scheme.substr(at + 1));
  return out.append(visible.authority) + redact_parameters(visible.rest);
}

std::string site_of_url(std::string_view text) {
  return lowered(split_host(split(text).authority).host);
}

}  // namespace sluice::config
