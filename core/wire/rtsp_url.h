// SPDX-License-Identifier: Apache-2.0
// RTSP URLs (RFC 2326, section 3.2), and what becomes of the base and control URLs that cameras
// write. Pure; takes hostile bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::wire::rtsp {

inline constexpr std::uint16_t kDefaultPort = 554;
inline constexpr std::uint16_t kDefaultSecurePort = 322;

struct Url {
  bool secure = false;  // rtsps
  bool has_credentials = false;
  std::string user;      // decoded
  std::string password;  // decoded; a secret
  std::string host;      // a name or an address, IPv6 without its brackets
  std::uint16_t port = kDefaultPort;
  std::string target;  // path and query as written, starting with a slash, or empty

  // rtsp:// or rtsps://. Passwords with characters that should have been escaped are understood as
  // far as they can be: the last @ before the path ends the credentials, and an escape that is
  // none stands for itself. Malformed without a host, with a wrong port, or with blanks or control
  // characters. TooLarge above kMaxLength.
  static constexpr std::size_t kMaxLength = 2048;
  [[nodiscard]] static base::Result<Url> parse(std::string_view text);

  // For request lines: without credentials; the port only where it is not the default.
  [[nodiscard]] std::string request_uri() const;

  // For logs and the API: without credentials, and with the values of parameters whose names look
  // like a secret's (password, pwd, token, …) replaced by ***.
  [[nodiscard]] std::string redacted() const;
};

// A text that may be an URL with secrets, made fit for a log whether it can be parsed or not.
[[nodiscard]] std::string redact(std::string_view text);

// What a DESCRIBE's answer says about the base of its control URLs.
struct BaseHints {
  std::string_view session_control;  // of the SDP's session level
  std::string_view content_base;
  std::string_view content_location;
};

// The URL for the whole session, on the scheme, host and port that were asked: cameras name other
// hosts and ports, forget the scheme, double it, or leave the brackets of IPv6 out. Never has
// credentials.
[[nodiscard]] std::string base_url(const Url &asked, const BaseHints &hints);

// What to send SETUP to for a media's control attribute, the most compatible first: an absolute
// control on the asked host; else base and control put together with one slash between them; then,
// where they differ, the control before the base's query, and RFC 3986's way. 1 to 3 URLs.
[[nodiscard]] std::vector<std::string> control_urls(const Url &asked, std::string_view base,
                                                    std::string_view control);

}  // namespace sluice::wire::rtsp
