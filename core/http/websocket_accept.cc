// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_accept.h"

#include <algorithm>

#include "wire/websocket.h"

namespace sluice::http {
namespace {

// 16 bytes in base64: 22 characters and two of padding. The last of the 22 carries only two bits,
// and four spellings decode alike; clients that send a key of 16 bytes send one of these.
bool is_key(std::string_view key) {
  auto is_base64 = [](char c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") &&
         std::ranges::all_of(key.substr(0, 22), is_base64);
}

WebSocketAccept refuse(int status, const char *code, const char *message) {
  return {.status = status, .code = code, .message = message, .headers = {}};
}

std::size_t count(const Request &request, std::string_view name) {
  auto is_it = [&](const Field &field) { return equal_ignoring_case(field.name, name); };
  return static_cast<std::size_t>(std::ranges::count_if(request.headers, is_it));
}

// A page that this node answered itself, whose origin is where the request was sent to (RFC 6454).
// Which of the two schemes it was is not compared: behind a proxy for TLS the node does not know.
bool is_own_page(const Request &request, std::string_view origin) {
  std::string_view host = request.find_header("Host").value_or("");
  for (std::string_view scheme : {"https://", "http://"}) {
    if (!origin.starts_with(scheme)) continue;
    return !host.empty() && equal_ignoring_case(origin.substr(scheme.size()), host);
  }
  return false;
}

}  // namespace

WebSocketAccept accept_websocket(const Request &request, std::string_view allowed_origin) {
  if (!request.wants_websocket()) {
    WebSocketAccept accept = refuse(426, "upgrade_required", "this path speaks WebSocket only");
    accept.headers = {{"Upgrade", "websocket"}};
    return accept;
  }
  if (request.method != Method::Get || request.minor_version != 1) {
    return refuse(400, "bad_websocket", "a WebSocket begins with GET and HTTP/1.1");
  }
  if (request.find_header("Sec-WebSocket-Version").value_or("") != "13") {
    WebSocketAccept accept = refuse(426, "upgrade_required", "only WebSocket version 13 is spoken");
    accept.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
    return accept;
  }
  std::string_view key = request.find_header("Sec-WebSocket-Key").value_or("");
  if (count(request, "Sec-WebSocket-Key") != 1 || !is_key(key)) {
    return refuse(400, "bad_websocket", "Sec-WebSocket-Key is not 16 bytes in base64");
  }
  auto origin = request.find_header("Origin");
  if (origin && allowed_origin != "*" && *origin != allowed_origin &&
      !is_own_page(request, *origin)) {
    return refuse(403, "origin_refused", "pages of this origin may not connect here");
  }
  WebSocketAccept accept;
  accept.headers = {{"Upgrade", "websocket"},
                    {"Connection", "Upgrade"},
                    {"Sec-WebSocket-Accept", wire::websocket::accept_key(key)}};
  return accept;
}

}  // namespace sluice::http
