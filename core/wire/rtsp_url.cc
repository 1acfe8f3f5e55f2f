// SPDX-License-Identifier: Apache-2.0
#include "wire/rtsp_url.h"

#include <algorithm>

#include "wire/text.h"

namespace sluice::wire::rtsp {
namespace {

using base::Code;
using base::Domain;
using base::Result;

std::unexpected<base::Error> malformed(const char *what) {
  return base::fail(Domain::Wire, Code::Malformed, what);
}

std::uint16_t default_port(bool secure) { return secure ? kDefaultSecurePort : kDefaultPort; }

// "rtsp://", "rtsps://" or nothing in front of the text; the text loses it.
std::string_view take_scheme(std::string_view &text) {
  for (std::string_view scheme : {"rtsp://", "rtsps://", "rtspu://"}) {
    if (!starts_with_ignoring_case(text, scheme)) continue;
    text.remove_prefix(scheme.size());
    return scheme;
  }
  return {};
}

// Escapes that are none stand for themselves: passwords are pasted into URLs as they are.
std::string decode_loosely(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto escape =
        text[0] == '%' && text.size() >= 3 ? parse_hex32(text.substr(1, 2)) : std::nullopt;
    out.push_back(escape ? static_cast<char>(*escape) : text[0]);
    text.remove_prefix(escape ? 3 : 1);
  }
  return out;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || std::string_view(".-_:%").contains(c);
  });
}

// "host:port", "[v6]:port", or an IPv6 address without its brackets.
base::Status parse_host(std::string_view text, Url &url) {
  std::string_view port;
  if (text.starts_with('[')) {
    std::size_t end = text.find(']');
    if (end == std::string_view::npos) return malformed("an RTSP URL's address has no end");
    port = text.substr(end + 1);
    text = text.substr(1, end - 1);
    if (!port.empty() && !port.starts_with(':')) return malformed("an RTSP URL's port is wrong");
  } else if (std::ranges::count(text, ':') == 1) {
    port = text.substr(text.find(':'));
    text = text.substr(0, text.find(':'));
  }
  if (!is_host(text)) return malformed("an RTSP URL has no host");
  url.host = text;
  if (port.size() <= 1) return {};
  auto number = parse_decimal(port.substr(1), 0xffff);
  if (!number || *number == 0) return malformed("an RTSP URL's port is wrong");
  url.port = static_cast<std::uint16_t>(*number);
  return {};
}

std::string origin_of(const Url &url) {
  std::string out = url.secure ? "rtsps://" : "rtsp://";
  bool is_v6 = url.host.contains(':');
  if (is_v6) out += '[';
  out += url.host;
  if (is_v6) out += ']';
  if (url.port != default_port(url.secure)) out += ':' + std::to_string(url.port);
  return out;
}

bool names_a_secret(std::string_view name) {
  std::string lower = to_lower(name);
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"pass", "pwd", "pw", "psw", "token", "secret", "key",
                                              "auth", "sign", "sig", "cred", "usr", "user"},
      [&](std::string_view word) { return lower.contains(word); });
}

// Where the value behind an equals sign ends. In a path, parameters are divided by underscores
// ("/user=admin_password=x_channel=1", XM), which end a value only where another name follows.
std::size_t value_end(std::string_view target, std::size_t equals, bool in_query) {
  std::size_t end = std::min(target.find_first_of("&;/?# ", equals + 1), target.size());
  if (in_query) return end;
  std::size_t next = std::min(target.find('=', equals + 1), target.size());
  std::size_t under = next < end ? target.rfind('_', next) : std::string_view::npos;
  return under != std::string_view::npos && under > equals ? under : end;
}

std::string hide_secrets(std::string_view target) {
  std::string out;
  bool in_query = false;
  while (!target.empty()) {
    std::size_t equals = target.find('=');
    if (equals == std::string_view::npos) break;
    in_query = in_query || target.substr(0, equals).contains('?');
    std::string_view name = target.substr(0, equals);
    name.remove_prefix(name.find_last_of("&;/?#_ ") + 1);
    std::size_t end = value_end(target, equals, in_query);
    out += target.substr(0, equals + 1);
    out += names_a_secret(name) ? "***" : target.substr(equals + 1, end - equals - 1);
    target.remove_prefix(end);
  }
  out += target;
  return out;
}

// The path and query of a URL that may lack its scheme or have it twice, whatever its host; the
// text itself when it starts with a slash.
std::string_view target_of(std::string_view text) {
  while (!take_scheme(text).empty()) {
  }
  std::size_t slash = std::min(text.find_first_of("/?"), text.size());
  return text.substr(slash);
}

bool is_absolute(std::string_view control) { return !take_scheme(control).empty(); }

std::string on_asked_host(const Url &asked, std::string_view text) {
  std::string out = origin_of(asked);
  std::ranges::copy_if(target_of(text), std::back_inserter(out),
                       [](char c) { return !is_control(c) && c != ' '; });
  return out;
}

std::string join(std::string_view base, std::string_view control) {
  std::string out(base);
  if (!out.ends_with('/') && !control.starts_with('/') && !control.starts_with('?')) out += '/';
  if (out.ends_with('/') && control.starts_with('/')) control.remove_prefix(1);
  out += control;
  return out;
}

void add_if_new(std::vector<std::string> &urls, std::string url) {
  if (std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxLength) {
    return base::fail(Domain::Wire, Code::TooLarge, "an RTSP URL is too long");
  }
  if (std::ranges::any_of(text, [](char c) { return is_control(c) || is_blank(c); })) {
    return malformed("an RTSP URL has a blank or a control character");
  }
  std::string_view scheme = take_scheme(text);
  if (scheme.empty() || scheme == "rtspu://") return malformed("not an RTSP URL");
  Url url;
  url.secure = scheme == "rtsps://";
  url.port = default_port(url.secure);
  std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  // A password with a slash in it: the authority goes on to an @ if it is none without.
  Url ignored;
  if (std::size_t at = text.find('@', end); at != std::string_view::npos &&
                                            !text.substr(0, end).contains('@') &&
                                            !parse_host(text.substr(0, end), ignored)) {
    end = std::min(text.find_first_of("/?#", at), text.size());
  }
  std::string_view authority = text.substr(0, end);
  if (std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view password = authority.substr(0, at);
    url.has_credentials = true;
    url.user = decode_loosely(take_until(password, ':'));
    url.password = decode_loosely(password);
    authority.remove_prefix(at + 1);
  }
  SLUICE_TRY_VOID(parse_host(authority, url));
  std::string_view target = text.substr(end);
  target = target.substr(0, target.find('#'));
  if (target.starts_with('?')) url.target = "/";
  url.target += target;
  return url;
}

std::string Url::request_uri() const { return origin_of(*this) + target; }

std::string Url::redacted() const { return origin_of(*this) + hide_secrets(target); }

std::string redact(std::string_view text) {
  if (auto url = Url::parse(text)) return url->redacted();
  std::size_t colon = text.find("://");
  std::size_t at = text.rfind('@');
  std::string out;
  if (at != std::string_view::npos) {
    std::size_t start = colon == std::string_view::npos || colon > at ? 0 : colon + 3;
    out += text.substr(0, start);
    text.remove_prefix(at + 1);
  }
  out += hide_secrets(text);
  std::ranges::replace_if(out, is_control, '?');
  return out;
}

// RFC 2326, appendix C.1.1, with the SDP's own absolute URL first, as live555's and GStreamer's
// clients have it.
std::string base_url(const Url &asked, const BaseHints &hints) {
  std::string_view control = trim(hints.session_control);
  if (is_absolute(control)) return on_asked_host(asked, control);
  for (std::string_view hint : {trim(hints.content_base), trim(hints.content_location)}) {
    if (!hint.empty() && !target_of(hint).empty()) return on_asked_host(asked, hint);
  }
  return asked.request_uri();
}

std::vector<std::string> control_urls(const Url &asked, std::string_view base,
                                      std::string_view control) {
  std::vector<std::string> urls;
  control = trim(control);
  if (control.empty() || control == "*") {
    urls.emplace_back(base);
  } else if (is_absolute(control)) {
    urls.push_back(on_asked_host(asked, control));
  } else {
    std::string clean;
    std::ranges::copy_if(control, std::back_inserter(clean),
                         [](char c) { return !is_control(c) && c != ' '; });
    urls.push_back(join(base, clean));
    std::string_view query = base;
    std::string_view path = take_until(query, '?');
    if (!query.empty()) add_if_new(urls, join(path, clean) + '?' + std::string(query));
    // RFC 3986, section 5.2, without dot segments.
    std::string origin = origin_of(asked);
    std::size_t slash = path.rfind('/');
    bool has_path = path.size() > origin.size() && slash >= origin.size();
    std::string_view folder = has_path ? path.substr(0, slash + 1) : path;
    add_if_new(urls, clean.starts_with('/') ? origin + clean : join(folder, clean));
  }
  return urls;
}

}  // namespace sluice::wire::rtsp
