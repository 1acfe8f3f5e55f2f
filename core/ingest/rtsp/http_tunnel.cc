// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/http_tunnel.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "wire/text.h"

namespace sluice::ingest::rtsp {
namespace {

constexpr std::size_t kMaxHead = 8 * 1024;
// The POST never ends by itself, but HTTP/1.0 wants a length; this is the one that everybody uses.
constexpr std::string_view kPostLength = "32767";

std::string head(std::string_view method, const TunnelTarget &target) {
  std::string text;
  text.append(method).append(" ").append(target.path).append(" HTTP/1.0\r\n");
  text.append("Host: ").append(target.host).append("\r\n");
  text.append("User-Agent: Sluice\r\n");
  text.append("x-sessioncookie: ").append(target.cookie).append("\r\n");
  if (!target.authorization.empty()) {
    // It repeats what the camera's challenge says, which must not begin a line of its own.
    text.append("Authorization: ");
    std::ranges::copy_if(target.authorization, std::back_inserter(text),
                         [](char c) { return !wire::is_control(c); });
    text.append("\r\n");
  }
  return text;
}

base::Result<int> read_status(std::string_view line) {
  int status = 0;
  std::size_t space = line.find(' ');
  bool good = line.starts_with("HTTP/1.") && space != std::string_view::npos;
  if (good) {
    auto digits = line.substr(space + 1);
    digits = digits.substr(0, digits.find(' '));
    auto read = std::from_chars(digits.data(), digits.data() + digits.size(), status);
    bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    good = whole && status >= 100 && status <= 999;
  }
  if (!good) {
    return base::fail(base::Domain::Rtsp, base::Code::Malformed,
                      "the answer to the tunnel's GET is not HTTP");
  }
  return status;
}

bool is_named(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if ((line[i] | 0x20) != name[i]) return false;
  }
  return true;
}

}  // namespace

std::string tunnel_get(const TunnelTarget &target) {
  return head("GET", target) +
         "Accept: application/x-rtsp-tunnelled\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
         "\r\n";
}

std::string tunnel_post(const TunnelTarget &target) {
  return head("POST", target)
      .append("Content-Type: application/x-rtsp-tunnelled\r\nPragma: no-cache\r\n")
      .append("Cache-Control: no-cache\r\nContent-Length: ")
      .append(kPostLength)
      .append("\r\n\r\n");
}

base::Result<TunnelAnswer> read_tunnel_answer(std::string_view input) {
  TunnelAnswer answer;
  std::size_t end = input.substr(0, kMaxHead).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (input.size() < kMaxHead) return answer;
    return base::fail(base::Domain::Rtsp, base::Code::TooLarge,
                      "the answer to the tunnel's GET has no end");
  }
  answer.size = end + 4;
  std::string_view rest = input.substr(0, end + 2);
  for (bool first = true; !rest.empty(); first = false) {
    std::size_t eol = rest.find("\r\n");
    std::string_view line = rest.substr(0, eol);
    rest.remove_prefix(eol + 2);
    if (first) {
      SLUICE_TRY(status, read_status(line));
      answer.status = status;
    } else if (is_named(line, "www-authenticate")) {
      if (!answer.authenticate.empty()) answer.authenticate += ", ";
      answer.authenticate += line.substr(std::string_view("www-authenticate:").size());
    }
  }
  return answer;
}

}  // namespace sluice::ingest::rtsp
