// SPDX-License-Identifier: Apache-2.0
#include "config/check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace sluice::config {
namespace {

constexpr std::size_t kMaxNodeId = 64;
constexpr std::size_t kMaxPath = 4095;
constexpr std::size_t kMinToken = 16;
constexpr std::size_t kMaxToken = 512;
constexpr std::size_t kMaxOrigin = 256;

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_visible(char c) { return c > ' ' && c <= '~'; }

bool all_of(std::string_view text, bool (*test)(char)) { return std::ranges::all_of(text, test); }

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

struct Listen {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};
  std::uint16_t port = 0;
};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stop != end || text.size() > 5) return std::nullopt;
  return port;
}

std::optional<Listen> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  Listen listen;
  if (host.starts_with('[') && host.ends_with(']')) {
    listen.v6 = true;
    host = host.substr(1, host.size() - 2);
  }
  // A NUL would hide what follows it from inet_pton.
  if (!port || host.size() >= INET6_ADDRSTRLEN || host.contains('\0')) return std::nullopt;
  listen.port = *port;
  const int family = listen.v6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, std::string(host).c_str(), listen.bytes.data()) != 1) return std::nullopt;
  return listen;
}

// Up to `room` bits, without what behind them is set.
bool is_prefix(const std::array<std::uint8_t, 16> &bytes, std::string_view length, unsigned room) {
  unsigned bits = 0;
  const char *end = length.data() + length.size();
  const auto [stop, error] = std::from_chars(length.data(), end, bits);
  if (error != std::errc() || stop != end || bits > room) return false;
  for (unsigned bit = bits; bit < room; ++bit) {
    if ((bytes[bit / 8] >> (7 - bit % 8) & 1U) != 0) return false;
  }
  return true;
}

bool is_stream_part(std::string_view part) {
  const auto allowed = [](char c) { return is_alnum(c) || is_one_of(c, "._~@:+=-"); };
  return !part.empty() && part.front() != '.' && all_of(part, allowed);
}

bool is_placeholder(std::string_view text) {
  constexpr std::array<std::string_view, 6> kPlaceholders{"changeme", "change-me", "secret",
                                                          "password", "admin",     "token"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kPlaceholders, lower) != kPlaceholders.end();
}

}  // namespace

std::optional<std::string> check_node_id(std::string_view text) {
  const auto allowed = [](char c) { return is_alnum(c) || is_one_of(c, "._-"); };
  if (text.size() <= kMaxNodeId && all_of(text, allowed)) return std::nullopt;
  return "must be at most 64 letters, digits, dots, dashes or underscores";
}

std::optional<std::string> check_absolute_path(std::string_view text) {
  if (text.starts_with('/') && text.size() <= kMaxPath && !text.contains('\0')) {
    return std::nullopt;
  }
  return "must be an absolute path, such as /var/lib/sluice";
}

std::optional<std::string> check_key_path(std::string_view text) {
  return text.empty() ? std::nullopt : check_absolute_path(text);
}

std::optional<std::string> check_listen_address(std::string_view text) {
  if (parse_listen(text)) return std::nullopt;
  const std::size_t colon = text.rfind(':');
  if (colon == 0 && parse_port(text.substr(1))) {
    return "has no address; write \"[::]" + std::string(text) + "\" for every address";
  }
  if (parse_port(text)) {
    return "has no address; write \"[::]:" + std::string(text) + "\" for every address";
  }
  return "must be an address in numbers with a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"";
}

std::optional<std::string> check_resolver(std::string_view text) {
  if (parse_listen(text) && !has_port_zero(text)) return std::nullopt;
  return "must be an address in numbers with a port, such as \"10.0.0.53:53\"";
}

std::optional<std::string> check_address_rule(std::string_view text) {
  constexpr std::array<std::string_view, 5> kWords{"any", "public", "private", "link-local",
                                                   "loopback"};
  if (std::ranges::find(kWords, text) != kWords.end()) return std::nullopt;
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  const bool v6 = host.contains(':');
  const unsigned room = v6 ? 128 : 32;
  std::array<std::uint8_t, 16> bytes{};
  // A NUL would hide what follows it from inet_pton.
  const bool good = !host.contains('\0') &&
                    inet_pton(v6 ? AF_INET6 : AF_INET, host.c_str(), bytes.data()) == 1 &&
                    (slash == text.npos || is_prefix(bytes, text.substr(slash + 1), room));
  if (good) return std::nullopt;
  return "must be a prefix such as \"10.0.0.0/8\" with nothing set behind it, an address, or one "
         "of any, public, private, link-local and loopback";
}

std::optional<std::string> check_token(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_placeholder(text)) return "is a placeholder; make a secret with: openssl rand -hex 32";
  if (text.size() < kMinToken) {
    return "is too short, it must have at least 16 characters; make one with: openssl rand -hex 32";
  }
  if (text.size() > kMaxToken) return "is too long, it may have at most 512 characters";
  if (!all_of(text, is_visible)) return "may hold visible ASCII characters only, and no spaces";
  return std::nullopt;
}

std::optional<std::string> check_cors_origin(std::string_view text) {
  if (text == "*") return std::nullopt;
  const std::size_t slashes = text.find("://");
  const std::string_view scheme = text.substr(0, slashes);
  const std::string_view host = slashes == text.npos ? "" : text.substr(slashes + 3);
  const auto allowed = [](char c) { return is_alnum(c) || is_one_of(c, ".-_:[]"); };
  if ((scheme == "https" || scheme == "http") && !host.empty() && text.size() <= kMaxOrigin &&
      all_of(host, allowed)) {
    return std::nullopt;
  }
  return "must be \"*\" or one origin without a path, such as \"https://www.example.com\"";
}

std::optional<std::string> check_stream_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && is_stream_part(text.substr(0, slash)) &&
      is_stream_part(text.substr(slash + 1))) {
    return std::nullopt;
  }
  return "must be \"<server>/<camera>\", each of letters, digits and . _ ~ @ : + = - and not "
         "starting with a dot";
}

bool is_loopback_address(std::string_view text) {
  const auto listen = parse_listen(text);
  if (!listen) return false;
  if (!listen->v6) return listen->bytes[0] == 127;
  in6_addr address;
  std::memcpy(&address, listen->bytes.data(), sizeof(address));
  if (IN6_IS_ADDR_V4MAPPED(&address)) return listen->bytes[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&address);
}

bool has_port_zero(std::string_view text) {
  const auto listen = parse_listen(text);
  return listen && listen->port == 0;
}

}  // namespace sluice::config
