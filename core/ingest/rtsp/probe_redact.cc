// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/probe_redact.h"

#include <algorithm>
#include <array>
#include <utility>

#include "wire/rtsp_auth.h"
#include "wire/rtsp_url.h"
#include "wire/text.h"

namespace sluice::ingest::rtsp {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kHostName = "camera";
constexpr std::string_view kNoAddress = "0.0.0.0";

void replace_all(std::string &text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_scheme_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '+';
}

// One URL of any scheme, as far as the next blank or quote: a password may hold any other
// character. All before the last @ is taken for credentials; parameters are kept where they are
// known to be harmless, which only redact() knows.
std::string shareable_url(std::string_view url) {
  std::size_t authority = url.find("://") + 3;
  std::string scheme = wire::to_lower(url.substr(0, authority));
  std::size_t at = url.rfind('@');
  std::string_view rest = url.substr(at == std::string_view::npos ? authority : at + 1);
  if (scheme == "rtsp://" || scheme == "rtsps://") return wire::rtsp::redact(scheme.append(rest));
  std::size_t query = rest.find('?');
  scheme.append(rest.substr(0, query));
  return query == std::string_view::npos ? scheme : scheme.append("?").append(kHidden);
}

std::string with_shareable_urls(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t mark = text.find("://");
    if (mark == std::string_view::npos) return out.append(text);
    std::size_t begin = mark;
    while (begin > 0 && is_scheme_character(text[begin - 1]))
      --begin;
    std::size_t end = std::min(text.find_first_of(" \t\r\n\"<>", mark), text.size());
    out.append(text.substr(0, begin)).append(shareable_url(text.substr(begin, end - begin)));
    text.remove_prefix(end);
  }
  return out;
}

// The length of an IPv4 address in the usual form at the front, or 0.
std::size_t ipv4_length(std::string_view text) {
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return 0;
    std::size_t digits = at;
    while (at < text.size() && at - digits < 3 && is_digit(text[at]))
      ++at;
    if (at == digits) return 0;
  }
  return at;
}

std::string without_addresses(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    bool begins = at == 0 || (!is_digit(text[at - 1]) && text[at - 1] != '.');
    std::size_t length = begins ? ipv4_length(text.substr(at)) : 0;
    out.append(length > 0 ? kNoAddress : text.substr(at, 1));
    at += std::max<std::size_t>(length, 1);
  }
  std::size_t ip6 = out.find("IP6 ");
  if (ip6 == std::string::npos) return out;
  std::size_t end = std::min(out.find_first_of(" /\r\n", ip6 + 4), out.size());
  return out.replace(ip6 + 4, end - ip6 - 4, "::");
}

// URLs lose what looks like a secret, and hosts their names and addresses.
std::string shareable(std::string_view text, std::string_view host) {
  std::string out = with_shareable_urls(text);
  replace_all(out, host, kHostName);
  return without_addresses(out);
}

// What tells which kind of challenge it is. The realm and the nonce tell who it is.
std::string shareable_challenge(std::string_view value) {
  std::size_t scheme = 0;
  while (scheme < value.size() && is_scheme_character(value[scheme]))
    ++scheme;
  std::string out(value.substr(0, scheme));
  const std::array<std::string_view, 1> values{value};
  auto challenges = wire::rtsp::parse_challenges(values);
  if (challenges.empty()) return out;
  const auto &challenge = challenges.front();
  out = challenge.scheme == wire::rtsp::Scheme::Basic ? "Basic" : "Digest";
  out += " realm=\"camera\"";
  if (challenge.scheme == wire::rtsp::Scheme::Basic) return out;
  out += ", nonce=\"***\"";
  if (challenge.qop_auth) out += ", qop=\"auth\"";
  if (!challenge.algorithm_text.empty()) out += ", algorithm=" + challenge.algorithm_text;
  if (challenge.stale) out += ", stale=true";
  return out;
}

std::string shareable_field(std::string_view name, std::string_view value, std::string_view host) {
  using wire::equal_ignoring_case;
  if (equal_ignoring_case(name, "WWW-Authenticate")) return shareable_challenge(value);
  for (std::string_view secret :
       {"Authorization", "Proxy-Authorization", "KeyMgmt", "Authentication-Info", "Set-Cookie"}) {
    if (equal_ignoring_case(name, secret)) return std::string(kHidden);
  }
  return shareable(value, host);
}

// Keys stand in lines of their own in a session description, which may be written in odd ways.
bool holds_key(std::string_view line) {
  for (std::string_view start : {"a=crypto", "a=key-mgmt", "a=mikey", "k="}) {
    if (wire::starts_with_ignoring_case(wire::trim(line), start)) return true;
  }
  return false;
}

std::string shareable_body(std::string_view body, std::string_view host) {
  std::string out;
  while (!body.empty()) {
    std::size_t end = std::min(body.find_first_of("\r\n"), body.size());
    std::string_view line = body.substr(0, end);
    if (holds_key(line)) {
      line = wire::trim(line);
      out.append(line.substr(0, line.find_first_of(":=", 2) + 1)).append(kHidden);
    } else {
      out.append(shareable(line, host));
    }
    std::size_t next = std::min(body.find_first_not_of("\r\n", end), body.size());
    out.append(body.substr(end, next - end));
    body.remove_prefix(next);
  }
  return out;
}

class OneMessage final : public wire::rtsp::SplitterEvents {
 public:
  explicit OneMessage(std::string_view host) : host_(host) {}
  bool on_message(const wire::rtsp::Message &message) override {
    found = shareable_message(message, host_);
    return false;
  }
  bool on_packet(std::uint8_t, base::MutableBytes) override { return false; }
  void on_skipped(std::size_t) override {}

  ProbedMessage found;

 private:
  std::string_view host_;
};

}  // namespace

ProbedMessage shareable_message(const wire::rtsp::Message &message, std::string_view host) {
  ProbedMessage out;
  out.start = message.is_request
                  ? std::string(message.method) + " " + shareable(message.uri, host)
                  : std::to_string(message.status) + " " + shareable(message.reason, host);
  for (const auto &field : message.fields) {
    out.fields.emplace_back(field.name, shareable_field(field.name, field.value, host));
  }
  out.body = shareable_body(message.body, host);
  return out;
}

ProbedMessage shareable_request(std::string_view text, std::string_view host) {
  std::string copy(text);
  OneMessage one(host);
  wire::rtsp::Splitter splitter(wire::rtsp::Peer::Client);
  (void)splitter.feed(std::as_writable_bytes(std::span(copy)), one);
  one.found.sent = true;
  return one.found;
}

}  // namespace sluice::ingest::rtsp
