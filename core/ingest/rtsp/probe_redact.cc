// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/probe_redact.h"

#include <array>
#include <utility>

#include "wire/rtsp_url.h"
#include "wire/text.h"

namespace sluice::ingest::rtsp {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kHostName = "camera";

void replace_all(std::string &text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// The end of an URL in running text.
std::size_t url_end(std::string_view text, std::size_t begin) {
  std::size_t end = text.find_first_of(" \t\r\n\",;", begin);
  return end == std::string_view::npos ? text.size() : end;
}

// URLs lose what looks like a secret, and the host's name or address is replaced everywhere.
std::string shareable(std::string_view text, std::string_view host) {
  std::string out;
  while (!text.empty()) {
    std::size_t url = std::min(text.find("rtsp://"), text.find("rtsps://"));
    out.append(text.substr(0, url));
    if (url == std::string_view::npos) break;
    std::size_t end = url_end(text, url);
    out.append(wire::rtsp::redact(text.substr(url, end - url)));
    text.remove_prefix(end);
  }
  replace_all(out, host, kHostName);
  return out;
}

// The parameters of a challenge that tell what kind it is. The realm and the nonce tell who it is.
std::string shareable_challenge(std::string_view value) {
  std::string out(value.substr(0, value.find(' ')));
  const std::array<std::string_view, 1> values{value};
  for (const auto &challenge : wire::rtsp::parse_challenges(values)) {
    out += " realm=\"camera\", nonce=\"***\"";
    if (challenge.qop_auth) out += ", qop=\"auth\"";
    if (!challenge.algorithm_text.empty()) out += ", algorithm=" + challenge.algorithm_text;
    if (challenge.stale) out += ", stale=true";
    break;
  }
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

// Keys stand in lines of their own in a session description.
std::string shareable_body(std::string_view body, std::string_view host) {
  std::string out;
  while (!body.empty()) {
    std::size_t end = body.find('\n');
    std::string_view line = body.substr(0, end == std::string_view::npos ? end : end + 1);
    body.remove_prefix(line.size());
    std::string_view rest = line.substr(std::min(line.find_last_not_of("\r\n") + 1, line.size()));
    if (line.starts_with("a=crypto:") || line.starts_with("a=key-mgmt:") ||
        line.starts_with("k=")) {
      out.append(line.substr(0, line.find_first_of(":=", 2) + 1)).append(kHidden).append(rest);
    } else {
      out.append(shareable(line, host));
    }
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
